"""Whitened patches: flat spectra, windows from within, the same ones every time; and the worlds made of patches."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint import open_data
from saddlepoint.data.open import anchored
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.whiten import BORDER, patches, whitened
from saddlepoint.data.world.leaves import leaves
from saddlepoint.data.world.planted import ACTIVE, NOISE, planted, planted_atoms
from saddlepoint.errors import ConfigError, DataError


def amplitudes(picture: np.ndarray, low: float, high: float) -> float:
    """Mean amplitude of the frequencies between `low` and `high` cycles a pixel."""
    frequency = np.hypot(np.fft.fftfreq(len(picture))[:, None], np.fft.rfftfreq(picture.shape[1])[None])
    return float(np.abs(np.fft.rfft2(picture))[(low < frequency) & (frequency < high)].mean())


def test_whitening_evens_out_what_falls_with_the_frequency() -> None:
    picture = leaves(0)
    before = amplitudes(picture, 0.02, 0.05) / amplitudes(picture, 0.15, 0.2)
    flat = whitened(picture)
    after = amplitudes(flat, 0.02, 0.05) / amplitudes(flat, 0.15, 0.2)
    assert before > 4
    assert 0.5 < after < 2.2
    assert flat.std() == pytest.approx(1, abs=1e-5)
    assert flat.mean() == pytest.approx(0, abs=1e-5)
    assert amplitudes(flat, 0.48, 0.5) < 0.2 * amplitudes(flat, 0.15, 0.2)  # the grain of pixels is filtered out
    assert not whitened(np.full((20, 30), 7)).any()


def test_patches_lie_within_the_border() -> None:
    picture = np.arange(20 * 24, dtype=np.float32).reshape(20, 24)
    cut = patches(picture, 8, 500, np.random.default_rng(0))
    rows, columns = cut[:, 0, 0, 0] // 24, cut[:, 0, 0, 0] % 24
    assert (rows.min(), rows.max()) == (BORDER, 20 - BORDER - 8)
    assert (columns.min(), columns.max()) == (BORDER, 24 - BORDER - 8)
    assert np.array_equal(cut[0, 0], picture[int(rows[0]) :, int(columns[0]) :][:8, :8])


def test_a_folder_of_pictures_gives_patches_and_small_pictures_are_skipped(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    for name, side in (("a.png", 40), ("b.png", 60), ("small.png", 12)):
        Image.fromarray(draw.integers(0, 256, (side, side, 3), np.uint8)).save(tmp_path / name)
    data = open_data(f"patches10:{tmp_path}")
    assert data.examples.shape == (20_000, 1, 10, 10)
    assert data.examples.dtype == np.float32
    assert [name for name, _ in data.skipped] == ["small.png"]
    assert open_data(f"patches10:{tmp_path}").fingerprint == data.fingerprint
    assert anchored(DataSettings(data="patches10:here")).data == f"patches10:{Path('here').absolute()}"


def test_patches_that_cannot_be_are_refused(tmp_path: Path) -> None:
    Image.new("L", (30, 30)).save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="from 4 to 64"):
        open_data(f"patches3:{tmp_path}")
    with pytest.raises(ConfigError, match="leave out --resolution"):
        open_data(f"patches8:{tmp_path}", resolution=16)
    with pytest.raises(DataError, match="48 pixels are needed"):
        open_data(f"patches40:{tmp_path}")


def test_planted_patches_are_sums_of_three_atoms() -> None:
    rows, atoms = planted(200).reshape(200, -1), planted_atoms()
    assert np.allclose(np.linalg.norm(atoms, axis=1), 1)
    assert np.array_equal(planted(200), planted(200))
    assert np.square(rows).sum(1).mean() == pytest.approx(ACTIVE * (1.5**3 - 0.5**3) / 3 + 25 * NOISE**2, rel=0.1)
    with pytest.raises(ConfigError, match="leave out"):
        open_data("world:planted", resolution=8)
    with pytest.raises(ConfigError, match="leave out"):
        open_data("world:leaves", channels=3)
