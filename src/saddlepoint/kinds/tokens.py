"""Tokens: texts as the numbers of their pieces, with the tokenizer that made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.text import lines
from saddlepoint.kinds.tokenizer import decode, encode, unknown
from saddlepoint.text import printable

_WIDTH = 100
"""letters in a line of a picture"""
_UNITS = {"characters": "characters", "words": "words", "bpe": "pieces of bytes", "numbers": "numbers"}


@final
@dataclass(frozen=True)
class Tokens(Kind):
    """[L] int64 in [0, number of pieces). 0 is the end of a text, and fills what is left; see `kinds.tokenizer`.

    way: how a text is cut into pieces; "numbers" for tokens that are no text, of which 0 is one like the others.
    """

    word: ClassVar[str] = "texts"
    endings: ClassVar[tuple[str, ...]] = (".txt", ".jsonl", ".npy", ".npz")
    sheets: ClassVar[tuple[str, ...]] = (".txt", ".jsonl", ".png")
    condition: ClassVar[bool] = False
    in_words: ClassVar[bool] = True

    length: int
    pieces: tuple[str, ...]
    way: Literal["characters", "words", "bpe", "numbers"] = "numbers"
    merges: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int]:
        """(L,)"""
        return (self.length,)

    @property
    def vocabulary(self) -> int:
        """How many pieces there are."""
        return len(self.pieces)

    @property
    def layout(self) -> str:
        """Whole numbers."""
        ends = "" if self.way == "numbers" else "; 0 is the end of a text and what follows it"
        return f"[batch, {self.length}], whole numbers from 0 to {self.vocabulary - 1}{ends}"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, L] of whole numbers, each its own piece."""
        if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer) or array.min(initial=0) < 0:
            return None
        return cls(array.shape[1], tuple(map(str, range(int(array.max(initial=0)) + 1))))

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, L] int64"""
        return stored.long()

    def example(self, n: int, seed: int) -> Tensor:
        """Random pieces, each text a function of the seed and its row; every second one is as long as it can be."""
        first = 0 if self.way == "numbers" else min(1, self.vocabulary - 1)
        drawn = numpy_generator(seed, "example tokens").integers(first, self.vocabulary, (n, self.length))
        values = torch.from_numpy(drawn)
        if self.way != "numbers":
            lengths = numpy_generator(seed, "lengths of example tokens").integers(1, self.length + 1, (n, 1))
            lengths[1::2] = self.length
            values[torch.arange(self.length) >= torch.from_numpy(lengths)] = 0
        return values

    def text(self, values: Tensor) -> str:
        """One example [L] as a text, up to its end."""
        numbers = values.detach().float().round().long().clamp(0, self.vocabulary - 1).tolist()
        if self.way == "numbers":
            return " ".join(self.pieces[number] for number in numbers)
        return decode(numbers, self.way, self.pieces, self.merges)

    def numbers(self, text: str) -> list[int]:
        """The numbers of a text, without an end. Raises ConfigError for a piece that the tokenizer does not know."""
        if self.way == "numbers":
            known = {piece: number for number, piece in enumerate(self.pieces)}
            strange = [word for word in text.split() if word not in known]
            numbers = [known[word] for word in text.split() if word in known]
        else:
            strange = unknown(text, self.way, self.pieces)
            numbers = encode(text, self.way, self.pieces, self.merges)
        if strange:
            what = "number" if self.way == "numbers" else "character" if self.way == "characters" else "word"
            raise ConfigError(f"the vocabulary of this model has no {what} {printable(strange[0])!r}: leave it out.")
        return numbers

    def parse(self, text: str) -> Tensor:
        """A text, filled up with ends.  [L] int64"""
        numbers = self.numbers(text)
        if len(numbers) > self.length or (self.way == "numbers" and len(numbers) != self.length):
            raise ConfigError(f"the text has {len(numbers)} {_UNITS[self.way]}; this model takes {self.length}.")
        return torch.tensor(numbers + [0] * (self.length - len(numbers)), dtype=torch.long)

    def checked(self, values: Tensor) -> Tensor:
        """Whole numbers of pieces.  int64"""
        whole = values if not values.dtype.is_floating_point else values.round()
        if not torch.equal(whole, values) or values.dtype.is_complex:
            raise ConfigError("texts are whole numbers of their pieces; these are none.")
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < self.vocabulary:
            raise ConfigError(
                f"pieces of text are numbered 0 to {self.vocabulary - 1}; these go from {int(values.min())} to"
                f" {int(values.max())}."
            )
        return whole.long()

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The texts one below another, each from a line of its own on and broken after 100 letters."""
        rows: list[str] = []
        for row in values:
            for line in self.text(row).split("\n") or [""]:
                rows += [line[start : start + _WIDTH] for start in range(0, max(len(line), 1), _WIDTH)]
            rows.append("")
        return lines([printable(row) for row in rows[:-1]])

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The text alone (.txt says nothing of its origin), a line of JSON with the facts, or numpy's own forms."""
        if path.suffix == ".txt":
            path.write_text(self.text(value), encoding="utf-8", newline="")
        elif path.suffix == ".jsonl":
            path.write_text(json.dumps({"text": self.text(value), **facts}, ensure_ascii=False) + "\n", "utf-8")
        else:
            super().write(value, path, facts)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The texts one below another with an empty line between, or a line of JSON each."""
        if path.suffix == ".jsonl":
            rows = [json.dumps({"text": self.text(row), **facts}, ensure_ascii=False) + "\n" for row in values]
            path.write_text("".join(rows), "utf-8")
        elif path.suffix == ".txt":
            path.write_text(self.document(values), encoding="utf-8", newline="")
        else:
            raise self.unknown_ending(path)

    def document(self, values: Tensor) -> str:
        """The texts one below another, an empty line between two."""
        return "\n\n".join(self.text(row) for row in values) + "\n"

    def __str__(self) -> str:
        kinds = f"{self.vocabulary:,} kinds"
        return f"texts of {self.length} {_UNITS[self.way]} of {kinds}"
