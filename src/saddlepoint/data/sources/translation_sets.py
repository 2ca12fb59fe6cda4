"""The sets of pix2pix and CycleGAN as their scripts leave them. Isola et al. 2017, arXiv:1611.07004; Zhu et al. 2017.

Pairs lie side by side in train/*.jpg; two domains without pairs in trainA and trainB.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from saddlepoint.data.sources.chosen import tree_at
from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.folder import folder_pictures
from saddlepoint.data.sources.paired import side_by_side
from saddlepoint.data.sources.pictures import Pictures
from saddlepoint.data.sources.unpaired import domain_folders, two_domains
from saddlepoint.errors import DataError

HALVES = {
    "facades": ("photograph", "label map"),
    "maps": ("aerial photograph", "map"),
    "cityscapes": ("photograph", "label map"),
    "edges2shoes": ("edges", "photograph"),
    "edges2handbags": ("edges", "photograph"),
    "night2day": ("night", "day"),
}
"""what stands on the left and on the right"""
DOMAINS = (
    "horse2zebra",
    "apple2orange",
    "summer2winter_yosemite",
    "monet2photo",
    "vangogh2photo",
    "iphone2dslr_flower",
)


def bring_pairs(word: str) -> str:
    """What has to be brought, in words."""
    return f"train/*.jpg of {word}.tar.gz (from http://efrosgans.eecs.berkeley.edu/pix2pix/datasets), unpacked"


def bring_domains(word: str) -> str:
    """What has to be brought, in words."""
    return f"trainA and trainB of {word}.zip (from http://efrosgans.eecs.berkeley.edu/cyclegan/datasets), unpacked"


def halves_pictures(path: Path, word: str) -> Pictures:
    """Pairs, from the left half to the right one. Raises DataError where no image is there."""
    left, right = HALVES[word]
    whole = pictures_of(tree_at(path, word, bring_pairs(word)))
    note = f"from the left half ({left}) to the right one ({right}); --swap for the other way"
    pair = side_by_side(whole, word)
    return replace(pair, notes=(*pair.notes[:-1], note))


def domain_pictures(path: Path, word: str) -> Pictures:
    """Two domains without pairs. Raises DataError where trainA or trainB is not there."""
    folders = domain_folders(path)
    if folders is None:
        raise DataError(f"{path} does not hold the folders trainA and trainB: it must hold {bring_domains(word)}.")
    first, second = (folder_pictures(folder, word) for folder in folders)
    names = word.split("2", 1)
    plain = [replace(part, labels=None, classes=(), source=name) for part, name in zip((first, second), names)]
    return replace(two_domains(plain[0], plain[1], word), source=word)
