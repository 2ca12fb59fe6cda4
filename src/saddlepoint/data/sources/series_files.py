"""Series from files: tables of numbers (.csv, .tsv), arrays (.npy, .npz) and sounds (.wav); whole or in windows."""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, final

import numpy as np

from saddlepoint.data.pack import Say
from saddlepoint.data.pack_rows import Account, Cuttings, Rows
from saddlepoint.data.sources.numpy_files import UnusableFile, read_npy, read_npz
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.series import Series, spans
from saddlepoint.text import counted, printable

ENDINGS = (".csv", ".tsv", ".npy", ".npz", ".wav")
_NAMES = ("series", "data", "x", "values", "arr_0")
_MOST_FILE = 512 * 2**20
_MOST_CHANNELS = 1024
_MOST_STEPS = 50_000_000


@dataclass(frozen=True)
class Recordings:
    """What one file holds. values: [N, T, C] float32. rate: steps a second, 0 where it does not say."""

    values: np.ndarray
    rate: float = 0.0
    notes: tuple[str, ...] = ()


@final
class SeriesFiles(Cuttings):
    """Files of series. window: steps of one example; None for whole series, of the length that most have."""

    def __init__(self, held: FilePictures, sizes: Mapping[str, int], window: int | None) -> None:
        self.held, self._sizes, self._window = held, sizes, window
        self._kind: Series | None = None

    @property
    def form(self) -> str:
        """See Cuttings."""
        return f"series {self._window}"

    def kinds(self) -> Mapping[str, Kind]:
        """A series, in the range of all files."""
        assert self._kind is not None
        return {"series": self._kind}

    def look(self, index: int) -> tuple[tuple[int, ...], float, np.ndarray, np.ndarray, tuple[str, ...]]:
        """Shape, rate, ends of the range and remarks of a file."""
        recordings = self._read(index)
        values = recordings.values
        return values.shape, recordings.rate, values.min((0, 1)), values.max((0, 1)), recordings.notes

    def rows(self, account: Account, say: Say) -> Iterator[tuple[int | None, Rows]]:
        """Reads every file twice: to know the range of all, and to cut."""
        readable = dict(self.each(account, say, "reading"))
        if not readable:
            return
        forms = Counter((shape[2], rate, self._window or shape[1]) for shape, rate, *_ in readable.values())
        (channels, rate, steps), _ = forms.most_common(1)[0]
        good, notes = list[int](), Counter[str]()
        for index, (shape, own, _, _, remarks) in readable.items():
            fault = _misfit(shape, own, channels, rate, steps, whole=self._window is None)
            if fault:
                account.skipped.append((self.held.name(index), fault))
            else:
                good.append(index)
                notes.update(remarks)
        if not good:
            return
        low = np.min([readable[index][2] for index in good], 0)
        high = np.max([readable[index][3] for index in good], 0)
        sound = bool(rate) and bool(np.abs([low, high]).max() <= 1)
        self._kind = Series(steps, channels, rate, *(((), ()) if sound else spans(low, high)))
        account.notes += [f"{counted(count, 'file')} {note}" for note, count in notes.items()]
        if not sound:
            account.notes.append("each number's lowest and highest value are -1 and 1 to the networks")
        rest = 0
        for index in good:
            values = self._read(index).values
            whole = values.shape[1] // steps
            rest += values.shape[1] > whole * steps
            cut = values[:, : whole * steps].reshape(len(values) * whole, steps, channels)
            yield index, {"series": np.ascontiguousarray(cut, "<f4")}
        if self._window is not None:
            ends = f"; the ends of {counted(rest, 'file')}, shorter than one, left out" if rest else ""
            account.notes.append(f"cut into windows of {steps} steps{ends}")

    def _read(self, index: int) -> Recordings:
        name = self.held.name(index)
        with self.held.stream(index) as stream:
            return read_series(name, stream, self._sizes[name])


def _misfit(shape: tuple[int, ...], own: float, channels: int, rate: float, steps: int, *, whole: bool) -> str:
    """Why a file of this shape [N, T, C] and rate does not go with the others; empty where it does."""
    if shape[2] != channels:
        return f"has {counted(shape[2], 'number')} a step, where most have {channels}"
    if own != rate:
        return f"has {own:g} steps a second, where most have {rate:g}"
    if whole and shape[1] != steps:
        return f"has {counted(shape[1], 'step')}, where most have {steps:,}: say --window N to cut all to N"
    return f"has {counted(shape[1], 'step')}, fewer than the window of {steps:,}" if shape[1] < steps else ""


def read_series(name: str, stream: BinaryIO, size: int) -> Recordings:
    """The series of one file. Raises UnusableFile with the reason for a file that cannot be used."""
    if size > _MOST_FILE:
        raise UnusableFile(f"has {size // 2**20:,} MB, more than {_MOST_FILE // 2**20}")
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".wav":
        recordings = read_wave(stream, size)
    elif ending in (".csv", ".tsv"):
        recordings = read_table(name, stream, size)
    else:
        array = read_npz(stream, _NAMES, (1, 2, 3)) if ending == ".npz" else read_npy(stream, size)
        if array.ndim not in (1, 2, 3):
            raise UnusableFile(f"has the shape {list(array.shape)}; series are [T], [T, C] or [N, T, C]")
        if 0 in array.shape:
            raise UnusableFile("holds no step")
        recordings = Recordings(array.reshape(1, -1, 1) if array.ndim == 1 else array.reshape(-1, *array.shape[-2:]))
    values = recordings.values
    if 0 in values.shape:
        raise UnusableFile("holds no step")
    if values.shape[2] > _MOST_CHANNELS or values.shape[1] > _MOST_STEPS:
        raise UnusableFile(f"has {values.shape[1]:,} steps of {values.shape[2]:,} numbers, more than are read")
    with np.errstate(all="ignore"):
        single = values.astype(np.float32)
    if not np.isfinite(single).all():
        raise UnusableFile("holds numbers that are not finite")
    return Recordings(single, recordings.rate, recordings.notes)


def read_table(name: str, stream: BinaryIO, size: int) -> Recordings:
    """A table of numbers, a step in each row, with or without names above; a column of no numbers (dates) is left out.

    Raises UnusableFile for a row of another number of cells, or a cell that is no number.
    """
    content = stream.read(size + 1)
    text = text_of(content, name)
    delimiter = "\t" if name.lower().endswith(".tsv") else delimiter_of(text)
    lines = [(number, cells) for number, cells in rows_of(text, name, delimiter) if not cells[0].startswith("#")]
    if lines and not any(map(_number, lines[0][1])):
        lines = lines[1:]
    if not lines:
        raise UnusableFile("holds no row of numbers")
    width = len(lines[0][1])
    kept = [place for place, cell in enumerate(lines[0][1]) if _number(cell)]
    if not kept:
        raise UnusableFile(f"has no column of numbers: its first row is {printable(', '.join(lines[0][1]))[:60]}")
    values = np.empty((len(lines), len(kept)), np.float64)
    for row, (number, cells) in enumerate(lines):
        if len(cells) != width:
            raise UnusableFile(f"has {len(cells)} cells in line {number}, where the first row has {width}")
        for column, place in enumerate(kept):
            try:
                values[row, column] = float(cells[place])
            except ValueError as error:
                shown = printable(cells[place])[:40]
                raise UnusableFile(f"holds {shown!r} in line {number}, where numbers stand") from error
    left = width - len(kept)
    notes = (f"had {counted(left, 'column')} of no numbers (dates, names): left out",) if left else ()
    return Recordings(values[None], 0.0, notes)


def _number(cell: str) -> bool:
    try:
        return not math.isnan(float(cell)) or cell.strip().lower() == "nan"
    except ValueError:
        return False


def read_wave(stream: BinaryIO, size: int) -> Recordings:
    """A sound of a .wav file in [-1, 1]. Raises UnusableFile for what is none, or is cut short."""
    from scipy.io import wavfile

    content = stream.read(size + 1)
    if len(content) < 44 or content[:4] not in (b"RIFF", b"RIFX", b"RF64") or content[8:12] != b"WAVE":
        raise UnusableFile("is not a .wav file")
    _check_data(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of chunks that it does not know
            rate, values = wavfile.read(io.BytesIO(content))
    except Exception as error:  # a malformed file makes the reader raise nearly anything
        raise UnusableFile(f"could not be read: {str(error)[:120] or type(error).__name__}") from error
    if values.dtype == np.uint8:
        values = (values.astype(np.float32) - 128) / 128
    elif np.issubdtype(values.dtype, np.integer):
        values = values.astype(np.float64) / -float(np.iinfo(values.dtype).min)
    return Recordings((values if values.ndim == 2 else values[:, None])[None], float(rate))


def _check_data(content: bytes) -> None:
    """Refuses a chunk of samples that declares more bytes than there are."""
    place = 12
    while place + 8 <= len(content):
        name, length = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        if name == b"data" and content[:4] == b"RIFF":
            there = len(content) - place - 8
            if length > there:
                raise UnusableFile(f"declares {length:,} bytes of sound, and has {there:,}")
            return
        place += 8 + length + length % 2
    if content[:4] == b"RIFF":
        raise UnusableFile("holds no sound")
