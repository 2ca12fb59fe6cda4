"""Pairs of images: side by side in one file, or in two folders under the same names."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import final

import numpy as np
from PIL import Image

from saddlepoint.data.sources.decode import Header, UnusableImage
from saddlepoint.data.sources.pictures import FilePictures, Pictures
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.errors import DataError


def side_by_side(pictures: Pictures, source: str) -> Pictures:
    """Each picture as a pair: its left half, then its right one."""
    note = "each image is a pair: its left half and its right half"
    plain = replace(pictures, labels=None, classes=(), attributes=None, attribute_names=())
    return replace(plain, source=source, panels=2, notes=(*pictures.notes, note))


def same_names(first: FilePictures, second: FilePictures, source: str) -> MatchedPictures:
    """The pictures of two sources that have the same name (their endings may differ), each pair as one picture.

    Those without a partner are skipped, and named. Raises DataError when no two have the same name.
    """
    ours, theirs = ({_stem(name): index for index, name in enumerate(each.names)} for each in (first, second))
    both = [name for name in ours if name in theirs]
    if not both:
        raise DataError(f"no image of {first.source} has the name of one of {second.source}: a pair shares its name.")
    alone = [
        (each.names[index], f"has no partner in {other.source}")
        for each, other, own, others in ((first, second, ours, theirs), (second, first, theirs, ours))
        for name, index in own.items()
        if name not in others
    ]
    return MatchedPictures(
        source=source,
        panels=2,
        notes=(*first.notes, *second.notes),
        skipped=(*first.skipped, *second.skipped, *alone),
        parts=(first, second),
        rows=np.array([(ours[name], theirs[name]) for name in both]),
    )


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


@final
@dataclass(frozen=True, kw_only=True)
class MatchedPictures(Pictures):
    """Two sources side by side. rows: int64 [N, 2], which picture of each."""

    parts: tuple[FilePictures, FilePictures]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def key(self) -> str:
        return json.dumps(["matched", *(part.key() for part in self.parts)])

    def name(self, index: int) -> str:
        return self.parts[0].name(int(self.rows[index, 0]))

    def header(self, index: int) -> Header:
        first, second = (part.header(int(row)) for part, row in zip(self.parts, self.rows[index]))
        if (first.width, first.height) != (second.width, second.height):
            sizes = f"{first.width}x{first.height} and {second.width}x{second.height}"
            raise UnusableImage(f"the two of the pair differ in size: {sizes}")
        return Header(first.width + second.width, first.height, first.grey and second.grey)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        whole = self.header(index)  # a JPEG that is read at half its size would not fit its partner
        found = [part.picture(int(row), whole.width, longest=True) for part, row in zip(self.parts, self.rows[index])]
        made = Image.new("L" if all(image.mode == "L" for image, _ in found) else "RGB", (whole.width, whole.height))
        for place, (image, _) in enumerate(found):
            made.paste(image, (place * whole.width // 2, 0))
        return made, set.union(*(remarks for _, remarks in found))
