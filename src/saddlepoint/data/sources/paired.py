"""Pairs of images: side by side in one file, or in folders under the same names; a source may be of several."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from PIL import Image

from saddlepoint.data.sources.decode import Header
from saddlepoint.data.sources.matching import Matches, matched
from saddlepoint.data.sources.pictures import FilePictures, Pictures
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.errors import DataError


def side_by_side(pictures: Pictures, source: str, *, any_shape: bool = False) -> Pictures:
    """Each picture as a pair: its left half, then its right one.

    any_shape: cut also those that are not about twice as wide as high, which are left out otherwise.
    """
    note = "each image is a pair: its left half and its right half"
    plain = replace(pictures, labels=None, classes=(), attributes=None, attribute_names=())
    return replace(plain, source=source, panels=2, any_shape=any_shape, notes=(*pictures.notes, note))


def same_names(
    first: FilePictures, second: FilePictures, source: str, fields: tuple[str, str] = ("source", "target")
) -> MatchedPictures:
    """The pictures of two sources that have the same name (their endings may differ), each pair as one picture.

    fields: what the two are.
    Those without a partner are skipped, and named. Raises DataError when no two have the same name.
    """
    matches = _matches(first, second)
    alone = [
        (each.names[place], reason)
        for each, reasons in zip((first, second), matches.alone)
        for place, reason in reasons.items()
    ]
    return MatchedPictures(
        source=source,
        panels=2,
        fields=fields,
        notes=tuple(dict.fromkeys((*first.notes, *second.notes))),
        skipped=(*first.skipped, *second.skipped, *alone),
        parts=(first, second),
        rows=np.array(matches.pairs),
    )


def of_one_scene(parts: tuple[FilePictures, ...], source: str) -> MatchedPictures:
    """The pictures of three sources or more whose name is in all, those of one name as one picture.

    Those that lack a partner in one of the others are skipped, and named by the first. Raises DataError when two
    sources share no name.
    """
    first, *others = parts
    rows = [dict(_matches(first, other).pairs) for other in others]
    whole = [place for place in range(len(first)) if all(place in partners for partners in rows)]
    if not whole:
        raise DataError(f"no name of an image is in all folders of {source}: images of one scene share their name.")
    lacking = [(first.names[place], "lacks a partner") for place in range(len(first)) if place not in set(whole)]
    return MatchedPictures(
        source=source,
        panels=len(parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        skipped=(*(each for part in parts for each in part.skipped), *lacking),
        parts=parts,
        rows=np.array([[place, *(partners[place] for partners in rows)] for place in whole]),
    )


def _matches(first: FilePictures, second: FilePictures) -> Matches:
    """Which pictures of two sources share a name. Raises DataError where none do."""
    sources = first.source, second.source
    matches = matched(first.names, second.names, sources)
    if not matches.pairs:
        raise DataError(f"no image of {sources[0]} has the name of one of {sources[1]}: a pair shares its name.")
    return matches


@final
@dataclass(frozen=True, kw_only=True)
class MatchedPictures(Pictures):
    """Several sources side by side. rows: int64 [N, parts], which picture of each."""

    parts: tuple[FilePictures, ...]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def key(self) -> str:
        return json.dumps(["matched", *(part.key() for part in self.parts), self.rows.tolist()])

    def name(self, index: int) -> str:
        return self.parts[0].name(int(self.rows[index, 0]))

    def headers(self, index: int) -> tuple[Header, ...]:
        return tuple(part.header(int(row)) for part, row in zip(self.parts, self.rows[index]))

    def images(self, index: int, least: int, longest: bool) -> tuple[list[Image.Image], set[Remark]]:
        read = [part.picture(int(row), least, longest) for part, row in zip(self.parts, self.rows[index])]
        return [image for image, _ in read], set.union(*(remarks for _, remarks in read))

    def header(self, index: int) -> Header:
        return self.headers(index)[0]

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        return self.parts[0].picture(int(self.rows[index, 0]), least, longest)
