"""Two domains without pairs: the images of two sources as two classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import final

import numpy as np
from PIL import Image

from saddlepoint.data.sources.decode import Header
from saddlepoint.data.sources.layout import part_of
from saddlepoint.data.sources.names import of_system
from saddlepoint.data.sources.pictures import Pictures
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.text import counted

_UNEQUAL = 2
"""a domain that has more than so many times the images of the other is worth a warning"""


def two_domains(first: Pictures, second: Pictures, source: str) -> JoinedPictures:
    """The pictures of both, labelled 0 and 1; a note warns where one has far more than the other."""
    names = tuple(PurePath(part.source).name for part in (first, second))
    if names[0] == names[1]:
        names = (first.source, second.source)
    return JoinedPictures(
        source=source,
        labels=np.repeat(np.arange(2), (len(first), len(second))),
        classes=names,
        notes=(*dict.fromkeys((*first.notes, *second.notes)), *_balance(names, (len(first), len(second)))),
        skipped=(*first.skipped, *second.skipped),
        parts=(first, second),
    )


def domain_folders(folder: Path) -> tuple[Path, Path] | None:
    """The training folders trainA and trainB in a folder, also below one that holds everything; None without them."""
    while folder.is_dir():
        inside = [path for path in folder.iterdir() if path.is_dir() and not of_system(path.name)]
        domains: dict[str, Path] = {}
        for path in sorted(inside):
            part = part_of(path.name)
            if part is not None and part.kind == "train" and part.domain:
                domains.setdefault(part.domain, path)
        if domains.keys() == {"a", "b"}:
            return domains["a"], domains["b"]
        if len(inside) != 1 or inside[0].is_symlink():
            return None
        folder = inside[0]
    return None


def _balance(names: tuple[str, ...], counts: tuple[int, int]) -> list[str]:
    if max(counts) <= _UNEQUAL * min(counts):
        return []
    few = counts.index(min(counts))
    return [
        f"the domains are unequal: {names[1 - few]} has {counted(counts[1 - few], 'image')} and {names[few]}"
        f" {counted(counts[few], 'image')}, which come around more often and may be learnt by heart: find more of them"
    ]


@final
@dataclass(frozen=True, kw_only=True)
class JoinedPictures(Pictures):
    """The pictures of one source, then those of another."""

    parts: tuple[Pictures, Pictures]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def key(self) -> str:
        return json.dumps(["joined", *(part.key() for part in self.parts)])

    def name(self, index: int) -> str:
        part, own = self._place(index)
        return part.name(own)

    def header(self, index: int) -> Header:
        part, own = self._place(index)
        return part.header(own)

    def headers(self, index: int) -> tuple[Header, ...]:
        part, own = self._place(index)
        return part.headers(own)

    def images(self, index: int, least: int, longest: bool) -> tuple[list[Image.Image], set[Remark]]:
        part, own = self._place(index)
        return part.images(own, least, longest)

    def picture(self, index: int, least: int, longest: bool) -> tuple[Image.Image, set[Remark]]:
        part, own = self._place(index)
        return part.picture(own, least, longest)

    def _place(self, index: int) -> tuple[Pictures, int]:
        first, second = self.parts
        return (first, index) if index < len(first) else (second, index - len(first))
