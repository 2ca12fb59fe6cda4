"""ImageNet and Tiny ImageNet as their archives unpack. Russakovsky et al. 2015, arXiv:1409.0575; Stanford's CS231n.

Folders named by synset (n01440764), in train/ or by themselves, with images/ within in the tiny one. The words of the
classes come from LOC_synset_mapping.txt or words.txt beside them. Where only val is there, its classes are those of
its folders, of val_annotations.txt (tiny) or of LOC_val_solution.csv.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.data.sources.chosen import chosen_files, file_called, tree_at
from saddlepoint.data.sources.names import in_order, is_image
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import rows_of, text_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

BRING = "train/n01440764/*.JPEG and so on, as ILSVRC/Data/CLS-LOC has it, and perhaps LOC_synset_mapping.txt"
BRING_TINY = "tiny-imagenet-200: train/n01443537/images/*.JPEG, words.txt and val/val_annotations.txt"
_SYNSET = re.compile(r"n\d{8}")
_TABLES = ("val_annotations.txt", "LOC_val_solution.csv")


def imagenet_pictures(path: Path, word: str) -> FilePictures:
    """The images for training, classed by synset; those for validation where there are no others."""
    tiny = word.startswith("tiny")
    bring = BRING_TINY if tiny else BRING
    tree = tree_at(path, word, bring)
    notes: list[str] = []
    folders = {name: synset for name in tree.names if is_image(name) and (synset := _synset(name))}
    within = {part: {n: s for n, s in folders.items() if part in PurePosixPath(n).parts} for part in ("train", "val")}
    chosen, read = within["train"] or within["val"] or folders, list[str]()
    if not within["train"] and within["val"]:
        notes.append("only the part for validation is there: training on it")
    if not chosen:
        chosen, read = _validation(tree)
        notes.append("only the part for validation is there: training on it")
    if not chosen:
        raise DataError(f"{path} holds no folder of a synset such as n01440764: it must hold {bring}.")
    left = sum(map(is_image, tree.names)) - len(chosen)
    notes += [f"{counted(left, 'image')} of other parts left out"] if left else []
    names = in_order(chosen)
    synsets = sorted({*chosen.values()})
    words, file = _words(tree, synsets)
    place = {synset: number for number, synset in enumerate(synsets)}
    return chosen_files(
        tree,
        names,
        read=[*read, *file],
        labels=np.array([place[chosen[name]] for name in names], np.int64),
        classes=words,
        notes=notes,
    )


def _synset(name: str) -> str | None:
    """The nearest folder of a file that is named like a synset."""
    return next((part for part in reversed(PurePosixPath(name).parts[:-1]) if _SYNSET.fullmatch(part)), None)


def _validation(tree: Tree) -> tuple[dict[str, str], list[str]]:
    """Flat images for validation with the synset that a table gives them."""
    file = file_called(tree, *_TABLES)
    if file is None:
        return {}, []
    synsets = read_annotations(text_of(tree.read(file), file), file)
    named = {name: synsets.get(PurePosixPath(name).stem) for name in tree.names if is_image(name)}
    return {name: synset for name, synset in named.items() if synset}, [file]


def read_annotations(text: str, source: str) -> dict[str, str]:
    """By the name of an image without its ending, its synset: the second cell of a row, before any box.

    Raises DataError, naming the line, for a row without a synset, or for two that contradict each other.
    """
    synsets: dict[str, str] = {}
    delimiter = "," if source.lower().endswith(".csv") else None
    for place, (number, cells) in enumerate(rows_of(text, source, delimiter)):
        if place == 0 and cells[0].lower() in ("imageid", "image", "file"):
            continue
        synset = cells[1].split(" ")[0] if len(cells) > 1 else ""
        if not _SYNSET.fullmatch(synset):
            raise DataError(
                f"line {number} of {source} has no synset such as n01440764 after the file: fetch it again."
            )
        stem = PurePosixPath(cells[0]).stem
        if synsets.setdefault(stem, synset) != synset:
            raise DataError(f"line {number} of {source} contradicts an earlier line about {stem}: fetch it again.")
    if not synsets:
        raise DataError(f"{source} has no rows: fetch it again, or move it away.")
    return synsets


def _words(tree: Tree, synsets: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """A name for each synset: its first word, with the synset where two have the same; and the file that was read."""
    file = file_called(tree, "LOC_synset_mapping.txt", "words.txt")
    words = read_words(text_of(tree.read(file), file), file) if file else {}
    first = {synset: words.get(synset, synset) for synset in synsets}
    shared = Counter(first.values())
    names = (word if shared[word] == 1 else f"{word} ({synset})" for synset, word in first.items())
    return tuple(map(printable, names)), [file] if file else []


def read_words(text: str, source: str) -> Mapping[str, str]:
    """By synset its first word: rows are SYNSET WORD, WORD ... Raises DataError, naming the line, for another one."""
    words: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        synset, *rest = line.split(None, 1)
        if not _SYNSET.fullmatch(synset) or not rest or not rest[0].split(",")[0].strip():
            raise DataError(f"line {number} of {source} is not SYNSET WORDS: fetch it again, or move it away.")
        words[synset] = rest[0].split(",")[0].strip()
    return words
