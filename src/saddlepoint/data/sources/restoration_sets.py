"""Photographs twice, spoilt and good: GoPro's blur (Nah et al. 2017, arXiv:1612.02177) and SIDD's noise.

SIDD: Abdelhamed et al. 2018. Both give pairs, the spoilt image first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from saddlepoint.data.sources.chosen import chosen_files, tree_at
from saddlepoint.data.sources.names import in_order
from saddlepoint.data.sources.paired import MatchedPictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted

BRING_GOPRO = "GOPRO_Large: train/GOPR0372_07_00/blur/*.png and .../sharp/*.png (seungjunnah.github.io/Datasets/gopro)"
BRING_SIDD = (
    "SIDD_Small_sRGB_Only or SIDD_Medium_Srgb: Data/0001_001_.../NOISY_SRGB_010.PNG beside GT_SRGB_010.PNG (from"
    " https://www.eecs.yorku.ca/~kamel/sidd)"
)
_BLUR = re.compile(r"(?:.*/)?[^/]+/blur/[^/]+\.png", re.IGNORECASE)
_NOISY = re.compile(r"(?:.*/)?(?:\d{4}_)?NOISY_SRGB_\d{3}\.png", re.IGNORECASE)


def gopro_pictures(path: Path, word: str) -> MatchedPictures:
    """Blurred frames and the sharp ones in their middle; the part for training where parts are there."""
    tree = tree_at(path, word, BRING_GOPRO)
    spoilt = [name for name in tree.names if _BLUR.fullmatch(name)]
    training = [name for name in spoilt if "train" in name.split("/")]
    notes = [f"{counted(len(spoilt) - len(training), 'pair')} for testing left out"] if training else []
    notes += ["only the part for testing is there: training on it"] if spoilt and not training else []
    if notes and training and len(spoilt) == len(training):
        notes = []
    return _pairs(tree, training or spoilt, _sharp, (path, "blur", BRING_GOPRO), notes)


def sidd_pictures(path: Path, word: str) -> MatchedPictures:
    """Noisy photographs and clean ones of the same scene, in sRGB."""
    tree = tree_at(path, word, BRING_SIDD)
    spoilt = [name for name in tree.names if _NOISY.fullmatch(name)]
    return _pairs(tree, spoilt, _clean, (path, "NOISY_SRGB", BRING_SIDD), [])


def _sharp(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder[: -len('blur')]}sharp/{file}"


def _clean(name: str) -> str:
    folder, _, file = name.rpartition("/")
    clean = re.sub("noisy", "GT", file, flags=re.IGNORECASE)
    return f"{folder}/{clean}" if folder else clean


def _pairs(
    tree: Tree, spoilt: list[str], partner: Callable[[str], str], where: tuple[Path, str, str], notes: list[str]
) -> MatchedPictures:
    path, what, bring = where
    if not spoilt:
        raise DataError(f"{path} holds no {what} image: it must hold {bring}.")
    alike: Mapping[str, str] = {name.lower(): name for name in tree.names}
    good = {name: alike.get(partner(name).lower()) for name in in_order(spoilt)}
    pairs = [(name, other) for name, other in good.items() if other is not None]
    if not pairs:
        raise DataError(f"{path}: no {what} image has its partner, such as {partner(spoilt[0])}: it must hold {bring}.")
    first, second = (chosen_files(tree, list(names)) for names in zip(*pairs))
    return MatchedPictures(
        source=tree.source,
        panels=2,
        notes=(*first.notes, *notes),
        skipped=tuple((name, f"has no partner {partner(name)}") for name, other in good.items() if other is None),
        parts=(first, second),
        rows=np.repeat(np.arange(len(pairs))[:, None], 2, 1),
    )
