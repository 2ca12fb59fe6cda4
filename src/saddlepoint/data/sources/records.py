"""Tables of mixed columns from a .csv or .tsv: which columns are numbers and which are words, and what is left out.

A column of whole numbers with at most ten values is taken for words, as codes and counts are; so is one in which a
cell is no number. A column of words, or of a counter, that has another value in every row is left out. Cells that are
empty become the median of the numbers, or a word of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.record import Record
from saddlepoint.text import counted

_MOST_BYTES = 512 * 2**20
_FEW, _MOST_WORDS, _MOST_COLUMNS = 10, 1000, 1000
_MISSING = {"", "na", "nan", "null", "none"}


def open_table(path: Path, word: str) -> Dataset:
    """The rows of a table, the field `record`.

    Raises ConfigError for a path that is no file; DataError for a table that cannot be used, naming line or column.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {str(path)!r}: {word} must name a .csv or .tsv.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{word} has more than {_MOST_BYTES >> 20} MB: give a part of its rows.")
        text = text_of(path.read_bytes(), word)
    except OSError as error:
        raise DataError(f"{word} cannot be read: {error.strerror or error}.") from error
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    table = [(line, cells) for line, cells in rows_of(text, word, delimiter_of(text) or ",")]
    if not table:
        raise DataError(f"{word} holds no rows: give a table with a line of names and rows below it.")
    names = table[0][1]
    if all(_is_number(cell) for cell in names):
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    else:
        table = table[1:]
    if len(table) < 2:
        raise DataError(f"{word} has fewer than two rows below its names: there is nothing to learn from.")
    if len(names) > _MOST_COLUMNS:
        raise DataError(f"{word} has {len(names):,} columns, more than {_MOST_COLUMNS:,}: leave some out.")
    again = [name for name, count in Counter(names).items() if count > 1]
    if again:
        raise DataError(f"two columns of {word} are called {again[0]!r}: rename one of them.")
    for line, cells in table:
        if len(cells) != len(names):
            raise DataError(f"line {line} of {word} has {len(cells)} cells, not {len(names)}: correct it.")
    return _dataset(names, [[cells[column] for _, cells in table] for column in range(len(names))], word)


def _dataset(names: list[str], columns: list[list[str]], word: str) -> Dataset:
    kept, values, notes = [], [], []
    measures: list[tuple[tuple[str, ...], float, float, int]] = []
    for name, cells in zip(names, columns):
        numbers = _numbers(cells)
        if numbers is not None:
            column, missing = numbers
            if not missing and _counts_rows(column):
                notes.append(f"the column {name!r} counts the rows: left out")
                continue
            if missing:
                notes.append(f"{counted(missing, 'empty cell')} of {name!r} became the median of the others")
            low, high = float(column.min()), float(column.max())
            low, high = (low - 1, high + 1) if low == high else (low, high)
            measures.append(((), low, high, _digits(cells)))
        else:
            words = tuple(sorted(set(cells)))
            if len(words) == len(cells) or len(words) > _MOST_WORDS:
                reason = "is another in every row" if len(words) == len(cells) else f"has {len(words):,} words"
                notes.append(f"the column {name!r} {reason}: left out")
                continue
            strange = sum(_is_number(cell) for cell in cells)
            if strange > len(cells) / 2 and len(words) > _FEW:
                notes.append(f"the column {name!r} is not numbers throughout: all its cells are taken for words")
            known = {each: place for place, each in enumerate(words)}
            column = np.array([known[cell] for cell in cells], np.float64)
            measures.append((words, 0.0, float(max(1, len(words) - 1)), 0))
        kept.append(name)
        values.append(column)
    if not kept:
        raise DataError(f"no column of {word} can be learnt: each has another word in every row, or counts the rows.")
    rows = np.stack(values, 1).astype(np.float32)
    every = tuple(each for words, *_ in measures for each in words)
    kind = Record(
        tuple(kept),
        tuple(len(words) for words, *_ in measures),
        every,
        tuple(low for _, low, _, _ in measures),
        tuple(high for _, _, high, _ in measures),
        tuple(digits for *_, digits in measures),
    )
    said = ", ".join(f"{name} ({count} words)" if count else name for name, count in zip(kept, kind.counts))
    notes.append(f"columns: {said}")
    return Dataset({"record": rows}, fingerprint(rows, None), word, notes=tuple(notes), kinds={"record": kind})


def _numbers(cells: list[str]) -> tuple[np.ndarray, int] | None:
    """A column as numbers and how many cells were empty; None where it is words."""
    there = [cell for cell in cells if cell.lower() not in _MISSING]
    if not there or not all(map(_is_number, there)):
        return None
    numbers = np.array([float(cell) for cell in there])
    few = len(set(there)) <= _FEW
    if few and bool((numbers == np.round(numbers)).all()) and len(there) > _FEW:
        return None
    middle = float(np.median(numbers))
    missing = len(cells) - len(there)
    return np.array([middle if cell.lower() in _MISSING else float(cell) for cell in cells]), missing


def _counts_rows(column: np.ndarray) -> bool:
    """Whether more than ten numbers are whole ones without a gap, each once: a name of each row, and no measure."""
    steps = np.diff(np.sort(column))
    return len(column) > _FEW and bool((steps == 1).all()) and float(column[0]).is_integer()


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _digits(cells: list[str]) -> int:
    """The most digits after the point of any cell; -1 where one is written with an exponent."""
    there = [cell for cell in cells if cell.lower() not in _MISSING]
    if any("e" in cell.lower() for cell in there):
        return -1
    return max(len(cell.partition(".")[2]) for cell in there)
