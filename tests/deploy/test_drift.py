"""Drift: planted drift is found and none is found where there is none, at stated rates over 200 windows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from saddlepoint import cli
from saddlepoint.deploy.drift import Baseline, Reference
from saddlepoint.deploy.traits import NAMES, traits
from saddlepoint.errors import DataError
from saddlepoint.metrics.formulas.stability import chance, counts, edges, stability

TRIALS, WINDOW, LEVEL = 200, 60, 0.02
WIDTH = len(NAMES)


def traits_of(count: int, rng: np.random.Generator, move: float = 0.0, spread: float = 1.0) -> np.ndarray:
    """Rows as uneven as those of pictures: correlated, one skewed, one nearly constant. move: of all, in deviations."""
    mixed = rng.normal(size=(count, WIDTH)) @ (np.eye(WIDTH) + 0.4)
    mixed[:, 1] = np.exp(mixed[:, 1] / 2)
    mixed[:, 2] *= 0.02
    return mixed * spread + move * np.array([1.6, 1, 0.03, 1.6, 1.6, 1.6, 1.6, 1.6])


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(traits_of(800, np.random.default_rng(0)), LEVEL)


def found(reference: Reference, seed: int, **drift: float) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([reference.look(traits_of(WINDOW, rng, **drift)).drifted for _ in range(TRIALS)]))


def test_windows_without_drift_are_called_drifted_as_seldom_as_stated(reference):
    fresh = np.random.default_rng(5)
    several = [Reference(traits_of(800, fresh), LEVEL, seed=number) for number in range(3)]
    shares = [found(one, 1 + number) for number, one in enumerate(several)]
    assert np.mean(shares) <= LEVEL + 2.6 * np.sqrt(LEVEL * (1 - LEVEL) / (3 * TRIALS))


def test_a_set_that_has_drifted_is_found(reference):
    assert found(reference, 2, move=0.5) >= 0.95  # half a deviation
    assert found(reference, 3, spread=1.6) >= 0.95  # the mean is where it was


def test_a_fixed_limit_of_the_index_would_find_drift_where_there_is_none():
    rng = np.random.default_rng(4)
    first = rng.normal(size=2000)
    inner = edges(first)
    shares = counts(first, inner)
    windows = [counts(rng.normal(size=WINDOW), inner) for _ in range(TRIALS)]
    indices = np.array([stability(shares, window) for window in windows])
    assert (indices > 0.1).mean() > 0.5  # the limit that is often told
    assert 0.01 < np.mean([chance(index, shares, window) < 0.05 for index, window in zip(indices, windows)]) < 0.10


def test_the_index_is_that_of_its_formula():
    first, second = np.array([49.5, 49.5]), np.array([24.5, 74.5])
    known = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    assert stability(first, second) == pytest.approx(known)


def picture(rng: np.random.Generator, dark: float = 1.0) -> Image.Image:
    base = rng.uniform(60, 200, 3) * dark
    noise = rng.normal(0, rng.uniform(5, 40), (24, 24, 3))
    return Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8))


def test_traits_say_what_they_are_called():
    plain = dict(zip(NAMES, traits(Image.new("RGB", (50, 30), (255, 0, 0)))))
    assert plain["brightness"] == pytest.approx(0.299)
    assert (plain["contrast"], plain["red-green"], plain["saturation"]) == pytest.approx((0, 1, 1))
    assert plain["entropy"] == pytest.approx(0)
    assert np.isfinite(traits(Image.new("L", (1, 1)))).all()
    assert np.isfinite(traits(Image.new("RGB", (5000, 2), "white"))).all()


def test_a_baseline_is_noted_and_compared_on_the_command_line(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for folder, count, dark in (("own", 60, 1.0), ("same", 40, 1.0), ("dark", 40, 0.4)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            picture(rng, dark).save(tmp_path / folder / f"{number}.png")
    (tmp_path / "same" / "bad.png").write_bytes(b"no image")
    ends = []
    for words in (["own", "--save", "own.json"], ["same", "--against", "own.json"], ["dark", "--against", "own.json"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(["drift", *(str(tmp_path / word) if not word.startswith("--") else word for word in words)])
        ends.append(ended.value.code)
    assert ends == [0, 0, 1]
    said = capsys.readouterr().out
    assert "no drift" in said
    assert "moved" in said


@pytest.mark.parametrize("text", ["{}", "[]", "no", '{"traits": ["x"], "inputs": [[1]]}'])
def test_what_is_no_baseline_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError):
        Baseline.read(tmp_path / "x.json")


def test_too_few_pictures_are_refused():
    with pytest.raises(DataError, match="50 pictures"):
        Reference(np.zeros((49, WIDTH)))
    with pytest.raises(DataError, match="20 pictures"):
        Reference(traits_of(60, np.random.default_rng(0))).look(np.zeros((3, WIDTH)))
