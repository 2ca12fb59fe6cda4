"""Records: rows of a table whose columns are numbers or words, as a spreadsheet or a database keeps them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.text import lines


@final
@dataclass(frozen=True)
class Record(Kind):
    """[D] float32, a number a column; the networks see each from -1 to 1.

    columns: their names. counts: how many words a column has, 0 for numbers. words: of all columns, one after another;
    a word is stored as its place among those of its column. low, high: of the numbers; 0 and the last place of words.
    decimals: digits after the point with which numbers are written; -1 for as many as there are.
    """

    word: ClassVar[str] = "records"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".npy", ".npz")
    sheets: ClassVar[tuple[str, ...]] = (".csv", ".png")

    columns: tuple[str, ...]
    counts: tuple[int, ...]
    words: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    decimals: tuple[int, ...]

    @property
    def shape(self) -> tuple[int]:
        """(D,)"""
        return (len(self.columns),)

    @property
    def layout(self) -> str:
        """The columns by name."""
        return f"[batch, {len(self.columns)}] in [-1, 1]: {', '.join(self.columns[:8])}"

    @classmethod
    def plain(cls, columns: int, words: int = 3) -> Self:
        """A table of numbers from 0 to 1, of which every second column has `words` words instead: to test with."""
        counts = tuple(words * (column % 2) for column in range(columns))
        names = tuple(f"column {column}" for column in range(columns))
        ends = tuple(float(max(1, count - 1)) for count in counts)
        every = tuple(f"word {number}" for count in counts for number in range(count))
        return cls(names, counts, every, (0.0,) * columns, ends, (-1,) * columns)

    def words_of(self, column: int) -> tuple[str, ...]:
        """The words of a column; none where it holds numbers."""
        start = sum(self.counts[:column])
        return self.words[start : start + self.counts[column]]

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, D] in [-1, 1]"""
        low, high = self._ends(stored)
        return ((stored.double() - low) / (high - low) * 2 - 1).float()

    def stored(self, values: Tensor) -> Tensor:
        """Values in [-1, 1], [..., D], in the unit of the table, words as whole places: the inverse of `shown`."""
        low, high = self._ends(values)
        plain = (values.double().clamp(-1, 1) + 1) / 2 * (high - low) + low
        whole = torch.tensor([count > 0 for count in self.counts], device=values.device)
        return torch.where(whole, plain.round(), plain)

    def places(self, values: Tensor, column: int) -> Tensor:
        """Which word each of the values [..., D] in [-1, 1] has in a column of words: int64 [...]."""
        return ((values[..., column] + 1) / 2 * max(1, self.counts[column] - 1)).round().long()

    def example(self, n: int, seed: int) -> Tensor:
        """Numbers even over the range, and words at random."""
        stream = generator(seed, "example records", n)
        even = torch.rand(n, len(self.columns), generator=stream)
        counts = torch.tensor([max(1, count) for count in self.counts])
        places = (even * counts).floor() / (counts - 1).clamp_min(1)
        return torch.where(torch.tensor(self.counts) > 0, places, even) * 2 - 1

    def cells(self, value: Tensor) -> list[str]:
        """One record [D] in [-1, 1] as the cells of a table."""
        row = self.stored(value.detach().cpu()).tolist()
        return [self._cell(column, number) for column, number in enumerate(row)]

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """The first rows as lines."""
        return lines([", ".join(self.columns), *(", ".join(self.cells(value)) for value in values[:32])])

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A table of one row, or numpy's own forms in the unit of the table."""
        if path.suffix != ".csv":
            return super().write(self.stored(value.detach().cpu()), path, facts)
        return self.write_sheet(value[None], path, facts)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A .csv with the columns' names, under comment lines with the facts."""
        if path.suffix != ".csv":
            raise self.unknown_ending(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"# {name}: {' '.join(text.split())}\n" for name, text in facts.items())
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(self.cells(value) for value in values)

    def __str__(self) -> str:
        words = sum(count > 0 for count in self.counts)
        return f"records of {len(self.columns)} columns, {words} of them words"

    def _cell(self, column: int, number: float) -> str:
        if self.counts[column]:
            return self.words_of(column)[int(number)]
        digits = self.decimals[column]
        return f"{number:.6g}" if digits < 0 else f"{number:.{digits}f}"

    def _ends(self, values: Tensor) -> tuple[Tensor, Tensor]:
        low, high = (torch.tensor(ends, dtype=torch.float64, device=values.device) for ends in (self.low, self.high))
        return low, high
