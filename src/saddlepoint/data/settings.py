"""The settings of the data room: which images, and how they are brought to one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What to train on."""

    data: str = "digits"
    """the images: a folder, a zip of one, an IDX or CIFAR file, one of the words digits, fashion-mnist, mnist, cifar10,
    world:NAME, or hub:NAME; pairs as paired:FOLDER (side by side) or paired:FOLDER,FOLDER (the same names), two domains
    as unpaired:FOLDER,FOLDER"""
    data_path: Path | None = None
    """folder that already holds the files of a named set, instead of downloading them"""
    resolution: int | None = None
    """side in pixels that every image is brought to; by default the images' own, which must then agree"""
    spellings: ClassVar[Mapping[str, str]] = {"fit": "resize"}
    """words of earlier releases"""

    resize: Literal["crop", "pad", "stretch"] = "crop"
    """how an image that is not square becomes so: cut its middle out, pad it with its edge colour, or stretch it"""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; by default grey if every image is grey"""
    flip: bool = False
    """show each image mirrored half of the time (not for writing or anything else with a left and a right)"""
    jitter: int = 0
    """enlarge each image by so many pixels and cut a window of its own size out anywhere; both of a pair alike"""
    swap: bool = False
    """pairs: make the first (left) image from the second, not the second from the first"""
    balanced: bool = False
    """show every class equally often, however few its images are; needs labels"""
    labels_per_class: int | None = None
    """how many images of each class a semi-supervised method is told the class of; by default all"""
    held_out: float | None = None
    """share of the images kept out of training for honest figures; by default 5 %, at most 2,000"""
    cache: Path | None = None
    """folder for downloads and packed images; by default SADDLEPOINT_CACHE or ~/.cache/saddlepoint"""
