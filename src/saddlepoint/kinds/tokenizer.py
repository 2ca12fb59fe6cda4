"""Between a text and the numbers of its pieces: characters, words, or byte pairs; what a model was trained with.

A tokenizer is plain values, so that a checkpoint holds it and a model reads its own samples: the pieces in the order of
their numbers and, of byte pairs, the merges. Number 0 is the end of a text and what follows it. Of characters and words
number 1 stands for every piece that the tokenizer does not know; bytes leave none unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from saddlepoint.errors import MissingExtra

Way = Literal["characters", "words", "bpe"]
END, UNKNOWN = "<end of text>", "<unknown>"
"""names that no piece of a text can have: pieces of bytes and words hold no space within them"""
BYTES = 256
_WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")
"""a word or a run of signs with the space before it, or white space: together they are the text again"""


def learn(texts: Iterable[str], way: Way, most: int | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pieces and merges of a tokenizer of `texts`, a function of the texts alone.

    most: pieces at most, the most frequent ones; None for all characters, 10,000 words or 1,000 pieces of bytes. Byte
    pairs never have fewer than 257: one for each byte, and the end.
    Raises MissingExtra for byte pairs where `tokenizers` is not installed.
    """
    if way == "bpe":
        return _byte_pairs(texts, max(most or 1000, BYTES + 1))
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split(text, way))
    known = sorted(counts, key=lambda piece: (-counts[piece], piece))
    most = most or (len(known) + 2 if way == "characters" else 10_000)
    return (END, UNKNOWN, *known[: max(most - 2, 0)]), ()


def split(text: str, way: Way) -> Iterator[str]:
    """The characters or the words of a text, which together are the text."""
    return iter(text) if way == "characters" else (match[0] for match in _WORD.finditer(text))


def encode(text: str, way: Way, pieces: tuple[str, ...], merges: tuple[str, ...] = ()) -> list[int]:
    """The numbers of the pieces of a text, without an end."""
    if way == "bpe":
        numbers: list[int] = _byte_level(pieces, merges).encode(text).ids
        return numbers
    places = _places(pieces)
    return [places.get(piece, 1) for piece in split(text, way)]


def decode(numbers: Sequence[int], way: Way, pieces: tuple[str, ...], merges: tuple[str, ...] = ()) -> str:
    """The text of numbers up to the first end; what is unknown is written as U+FFFD."""
    cut = list(numbers[: list(numbers).index(0)]) if 0 in numbers else list(numbers)
    if way == "bpe":
        text: str = _byte_level(pieces, merges).decode(cut)
        return text
    return "".join("\ufffd" if number == 1 else pieces[number] for number in cut)


def unknown(text: str, way: Way, pieces: tuple[str, ...]) -> list[str]:
    """The characters or words of a text that a tokenizer does not know, each once."""
    if way == "bpe":
        return []
    return sorted(set(split(text, way)) - _places(pieces).keys())


@lru_cache(maxsize=8)
def _places(pieces: tuple[str, ...]) -> dict[str, int]:
    return {piece: number for number, piece in enumerate(pieces) if number > 1}


def _byte_pairs(texts: Iterable[str], most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    library = _library()
    learner = library.Tokenizer(library.models.BPE())
    learner.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = library.trainers.BpeTrainer(
        vocab_size=most,
        special_tokens=[END],
        initial_alphabet=sorted(library.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    numbers: dict[str, int] = learner.get_vocab()
    pieces = tuple(sorted(numbers, key=numbers.__getitem__))
    return pieces, _merges(pieces)


def _merges(pieces: tuple[str, ...]) -> tuple[str, ...]:
    """The merges that pieces of bytes came from, in order: each piece of several is the join of two earlier ones.

    `tokenizers` numbers the pieces in the order of their merges, and of the ways to part a piece the one that it was
    merged from is the one that the merges before it lead to.
    """
    rank: dict[tuple[str, str], int] = {}
    for piece in pieces[1:]:
        if len(piece) > 1:
            parts = list(piece)
            while len(parts) > 2:
                pairs = [(rank.get(pair, len(pieces)), place) for place, pair in enumerate(pairwise(parts))]
                _, place = min(pairs)
                parts[place : place + 2] = [parts[place] + parts[place + 1]]
            rank[parts[0], parts[1]] = len(rank)
    return tuple(" ".join(pair) for pair in rank)


@lru_cache(maxsize=8)
def _byte_level(pieces: tuple[str, ...], merges: tuple[str, ...]) -> Any:
    library = _library()
    pairs = [tuple(merge.split(" ", 1)) for merge in merges]
    tokenizer = library.Tokenizer(
        library.models.BPE(vocab={piece: number for number, piece in enumerate(pieces)}, merges=pairs)
    )
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    return tokenizer


def _library() -> Any:
    try:
        import tokenizers
        import tokenizers.decoders
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingExtra(
            "byte pairs are learnt by tokenizers, which is not installed: pip install 'saddlepoint[text]', or use"
            " --tokens characters."
        ) from error
    return tokenizers
