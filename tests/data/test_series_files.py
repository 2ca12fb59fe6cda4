"""Series from files: what is read, in which range it is shown, and that bad files are left out and named."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import SeriesBatch
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.series import Series, wave

STEPS = np.stack((np.arange(12) * 0.5, 7.0 - np.arange(12)), 1).astype(np.float32)


def npy(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def table(cells: np.ndarray, head: str = "a,b\n", comma: str = ",") -> bytes:
    return (head + "".join(comma.join(map(str, row)) + "\n" for row in cells)).encode()


GOOD = {
    "plain.csv": table(STEPS),
    "bare.csv": table(STEPS, ""),
    "dates.csv": b"day,a,b\n" + b"".join(b"2020-01-%02d,%g,%g\n" % (i + 1, *row) for i, row in enumerate(STEPS)),
    "german.csv": table(STEPS, "a;b\n", ";"),
    "tabs.tsv": table(STEPS, "a\tb\n", "\t"),
    "told.csv": b"# from: somewhere\n" + table(STEPS),
    "one.npy": npy(STEPS.astype(np.float64)),
    "whole.npy": npy(np.rint(STEPS * 2).astype(np.int64) / 2),
}


def test_every_form_holds_the_same_series_and_comes_back_in_its_own_unit(folder, opened, tmp_path):
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    data = opened(data=f"series:{folder}")
    assert (data.skipped, data.fields["series"].shape) == ((), (len(GOOD), 12, 2))
    assert (data.fields["series"] == STEPS).all()
    assert data.main == Series(12, 2, 0.0, (0.0, -4.0), (5.5, 7.0))
    shown = Loader(data, SeriesBatch, np.arange(len(data))).read(0, 4).tensors()["series"]
    assert (shown.min(), shown.max()) == (-1, 1)
    assert torch.allclose(data.main.stored(shown), torch.from_numpy(STEPS).expand(4, 12, 2), atol=1e-5)
    data.main.write(shown[0], tmp_path / "made.csv", {"model": "a\nb"})
    (folder / "made.csv").write_bytes((tmp_path / "made.csv").read_bytes())
    assert opened(data=f"series:{folder}").skipped == ()


def test_windows_are_cut_and_files_of_many_series_are_read(folder, opened):
    (folder / "many.npy").write_bytes(npy(np.stack((STEPS, STEPS + 1, STEPS - 1))))
    (folder / "one.csv").write_bytes(GOOD["plain.csv"])
    (folder / "short.csv").write_bytes(table(STEPS[:3]))
    data = opened(data=f"series:{folder}", window=5)
    assert data.fields["series"].shape == (4 * 2, 5, 2)
    assert (np.asarray(data.fields["series"][1]) == STEPS[5:10]).all()
    assert dict(data.skipped) == {"short.csv": "has 3 steps, fewer than the window of 5"}
    whole = opened(data=f"series:{folder}")
    assert dict(whole.skipped)["short.csv"] == "has 3 steps, where most have 12: say --window N to cut all to N"


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_sounds_keep_their_rate_and_scale(folder, opened, bits):
    from scipy.io import wavfile

    tone = np.sin(np.arange(400) * 0.2) * 0.5
    kinds = {8: lambda: (tone * 128 + 128).astype(np.uint8), 16: lambda: (tone * 2**15).astype(np.int16)}
    wavfile.write(folder / "a.wav", 8000, kinds.get(bits, lambda: tone.astype(np.float32))())
    data = opened(data=f"series:{folder}", window=100)
    assert data.main == Series(100, 1, 8000.0)
    assert np.abs(np.asarray(data.fields["series"]).reshape(-1) - tone).max() < 0.01
    assert data.main.ending == ".wav"


def test_a_sound_that_is_written_can_be_read(folder, opened):
    values = torch.rand(50, 2) * 2 - 1
    Series(50, 2, 16_000.0).write(values, folder / "a.wav", {"description": "made by a model"})
    data = opened(data=f"series:{folder}")
    assert data.main.rate == 16_000
    assert np.abs(np.asarray(data.fields["series"][0]) - values.numpy()).max() < 1e-4
    assert b"made by a model" in (folder / "a.wav").read_bytes()


def declaring(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue() + b"\0" * 64


def sound(**changes: int) -> bytes:
    content = bytearray(wave(torch.zeros(40, 1), 8000, {}))
    if "declared" in changes:
        place = content.index(b"data") + 4
        content[place : place + 4] = struct.pack("<I", changes["declared"])
    return bytes(content)


BAD = {
    "empty.csv": (b"", "holds no row of numbers"),
    "head.csv": (b"a,b\n", "holds no row of numbers"),
    "latin.csv": (b"a,b\n1,\xff\n", "is not UTF-8"),
    "ragged.csv": (table(STEPS) + b"1\n", "has 1 cells in line 14, where the first row has 2"),
    "words.csv": (table(STEPS) + b"1,none\n", "holds 'none' in line 14"),
    "hole.csv": (table(STEPS) + b"1,\n", "holds '' in line 14"),
    "nan.csv": (table(STEPS) + b"1,nan\n", "not finite"),
    "texts.csv": (b"a,b\nx,y\n", "has no column of numbers"),
    "quotes.csv": (b'a,b\n"1,2\n', "cannot be read"),
    "cut.npy": (npy(STEPS)[:-9], "is cut short"),
    "objects.npy": (npy(np.array([{}]), allow_pickle=True), "holds object, not numbers"),
    "huge.npy": (declaring((10**6, 10**6, 4)), "declares 16,000,000,000,000 bytes"),
    "deep.npy": (npy(np.zeros((2, 3, 4, 5))), "has the shape [2, 3, 4, 5]"),
    "none.npy": (npy(np.zeros((0, 2))), "holds no step"),
    "infinite.npy": (npy(np.full((12, 2), 1e300)), "not finite"),
    "wide.csv": (table(np.ones((12, 3)), ""), "has 3 numbers a step, where most have 2"),
    "text.wav": (b"no sound at all, but a text of more than forty-four letters", "is not a .wav file"),
    "cut.wav": (sound()[:-20], "declares 80 bytes of sound, and has 60"),
    "huge.wav": (sound(declared=2**31), "declares 2,147,483,648 bytes"),
    "silent.wav": (sound()[:36] + b"\0" * 12, "holds no sound"),
}


def test_bad_files_are_left_out_and_named_within_bounded_memory(folder, opened):
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    tracemalloc.start()
    data = opened(data=f"series:{folder}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == len(GOOD)
    reasons = dict(data.skipped)
    for name, (_, words) in BAD.items():
        assert words in reasons.get(name, "nothing is said"), (name, reasons.get(name))
    assert reasons.keys() == BAD.keys()
    assert peak < 50 * 2**20


def test_what_holds_no_series_is_refused_in_a_sentence(folder, opened):
    with pytest.raises(DataError, match="holds no file of a kind that is read"):
        opened(data=f"series:{folder}")
    (folder / "a.csv").write_bytes(b"a\n")
    with pytest.raises(DataError, match=r"none of the 1 file of .* is usable; a.csv: holds no row of numbers"):
        opened(data=f"series:{folder}")
    with pytest.raises(ConfigError, match="leave out --resolution"):
        opened(data=f"series:{folder}", resolution=8)
