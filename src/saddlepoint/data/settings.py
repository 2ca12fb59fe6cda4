"""The settings of the data room: which images, and how they are brought to one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from saddlepoint.config import Count, Decay, Natural, Range, check
from saddlepoint.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What to train on."""

    data: str = "digits"
    """the images: a folder, a zip of one, an IDX or CIFAR file, one of the words digits, fashion-mnist, mnist, cifar10,
    world:NAME, or hub:NAME; pairs as paired:FOLDER (side by side) or paired:FOLDER,FOLDER (the same names), two domains
    as unpaired:FOLDER,FOLDER, small and large ones for super-resolution as lowres4:DATA, four times smaller; images
    and masks as masked:FOLDER,FOLDER; several images of one scene and what is to be made of them, all with the same
    names, as sensors:FOLDER,FOLDER,...,FOLDER; images with boxes as boxes:FOLDER, with captions as captions:FOLDER;
    whitened patches of 12x12 pixels as patches12:DATA; volumes:FOLDER, clouds:FOLDER, parts:FOLDER (clouds whose last
    column is the part), meshes:FOLDER (points on them), surfaces:FOLDER (meshes as they are), distances:FOLDER (signed
    distances to meshes); views of a scene as scene:FOLDER, of many as scenes:FOLDER with one folder each; documents as
    text:PATH, a text in each line or row as lines:PATH, pairs of texts as textpairs:PATH; tables or sounds as
    series:PATH; films as clips:PATH"""
    data_path: Path | None = None
    """folder that already holds the files of a named set, instead of downloading them"""
    resolution: Count | str | None = None
    """side in pixels to which every image is resized, or WIDTHxHEIGHT such as 96x64; by default their own, which must
    then agree. Of signed distances the places a side, by default 32"""
    spellings: ClassVar[Mapping[str, str]] = {"fit": "resize"}
    """words of earlier releases"""

    resize: Literal["crop", "pad", "stretch"] = "crop"
    """how an image of another shape is brought to it: cut its middle out, pad it with its edge colour, or stretch it"""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; by default grey if every image is grey"""
    flip: bool = False
    """also show images mirrored, half of the time; not for writing or anything else with a left and a right"""
    jitter: Natural = 0
    """enlarge each image by this many pixels and crop a random window of the original size; the same for both of a pair
    """
    swap: bool = False
    """pairs: translate the second (right) image to the first (left), instead of the first to the second"""
    shape_points: Count = 2048
    """clouds and meshes: points drawn of each shape"""
    mesh_faces: Count = 1000
    """surfaces: triangles that a mesh may have at most"""
    window: Count | None = None
    """pieces of a text, steps of a series or frames of a clip in one example; by default 64 pieces of documents, the
    longest of lines, whole series, 16 frames"""
    tokens: Literal["characters", "words", "bpe"] = "characters"
    """what a text is cut into: characters, words, or pieces of several bytes (byte pair encoding)"""
    vocabulary: Annotated[int, Range(2, 1_000_000)] | None = None
    """different pieces of text at most, the most frequent ones; by default all characters, 10,000 words or 1,000 pieces
    of bytes"""
    balanced: bool = False
    """show every class equally often, whatever its number of images; needs labels"""
    labels_per_class: Count | None = None
    """number of labelled images per class for a semi-supervised method; by default all"""
    held_out: Decay | None = None
    """share of the images kept out of training, for measuring; by default 5 %, at most 2,000"""
    cache: Path | None = None
    """folder for downloads and packed images; by default SADDLEPOINT_CACHE or ~/.cache/saddlepoint"""

    def __post_init__(self) -> None:
        size = self.size  # whose refusal says more than that of the types
        check(self)
        object.__setattr__(self, "resolution", _plain(size))

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels that every image is brought to; None for their own."""
        if self.resolution is None:
            return None
        match = re.fullmatch(r"([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?", str(self.resolution).lower())
        if match is None:
            forms = "a side from 1 to 999,999 pixels, such as 64, or a size such as 96x64"
            raise ConfigError(f"resolution cannot be {self.resolution!r}: it is {forms}.")
        return int(match[1]), int(match[2] or match[1])


def _plain(size: tuple[int, int] | None) -> int | str | None:
    """A size as a setting: one number for a square."""
    if size is None or size[0] == size[1]:
        return None if size is None else size[0]
    return f"{size[0]}x{size[1]}"
