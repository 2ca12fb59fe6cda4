"""How near a translation comes to one of several right answers, on stand-ins that know them or do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import images
from saddlepoint.data.world.colours import answer
from saddlepoint.data.world.shapes import factors
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.proofs.answers import MEASURE, _colour
from saddlepoint.metrics.proofs.base import Table


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(images, "IMAGES", 80)
    return open_data(DataSettings(data="world:colours", resolution=16))


class Knowing:
    """Gives the right answer in one of so many hues, by the seed, or in that of the reference."""

    name = "stand-in"
    facts = {"data": {"held_out": 0.5}}

    def __init__(self, dataset: Dataset, hues: int) -> None:
        rows = dataset.split(0.5)[1]
        self.rows, self.hues = rows[rows % 2 == 0], hues
        self.images, self.hue = dataset.images, factors(np.arange(len(dataset))).hue

    def translate(self, images: Tensor, origin: str, *, seed: int = 0, reference: Tensor | None = None) -> Tensor:
        assert origin == "a"
        hue: Any = seed % self.hues / self.hues
        if reference is not None:
            shown = to_uint8(reference).numpy()
            hue = np.array([self.hue[np.flatnonzero((self.images == one).all((1, 2, 3)))[0]] for one in shown])
        return pixels(torch.from_numpy(answer(self.rows, hue, 16)))


def measured(data: Dataset, hues: int) -> Table:
    """What one who knows so many hues is said to do."""
    return MEASURE(Knowing(data, hues), data, 0)  # type: ignore[arg-type]


def test_who_knows_all_answers_has_no_error_and_all_colours(data: Dataset) -> None:
    found = measured(data, 8)
    own = found.row("generated")
    assert own["error"] == own["guided"] == 0
    assert own["colours"] == 8
    assert own["diversity"] == pytest.approx(1, rel=0.05)
    assert found.row("real")["error"] < 0.5  # hues between those that stand for all
    assert 6 < found.row("real")["colours"] < 8
    assert found.row("real")["guided"] > 3


def test_hues_beside_a_colour_s_own_are_of_that_colour(data: Dataset) -> None:
    assert measured(data, 16).row("generated")["colours"] == 8
    assert _colour(np.array([23, 0, 1, 2, 3, 4, 5, 22])).tolist() == [0, 0, 0, 1, 1, 1, 2, 7]


def test_who_knows_one_answer_has_no_error_and_no_variety(data: Dataset) -> None:
    own = measured(data, 1).row("generated")
    assert (own["error"], own["colours"], own["diversity"]) == (0, 1, 0)


def test_the_best_naive_map_is_the_baseline(data: Dataset) -> None:
    found = measured(data, 8)
    naive = [row["error"] for row in found.rows if row["name"].startswith("naive")]
    assert len(naive) == 4
    assert found.row("baseline")["error"] == min(naive) > 5
    varied = next(row for row in found.rows if row["name"] == "naive: any lit image")
    assert varied["colours"] > 2
    assert varied["error"] > 5


def test_answers_that_nobody_knows_are_not_measured() -> None:
    fields = {"image": np.zeros((9, 3, 4, 4), np.uint8), "label": np.arange(9) % 2}
    styles = Dataset(fields, "print", "world:styles", ("a", "b"))
    with pytest.raises(ConfigError, match="nobody knows all right answers of world:styles"):
        MEASURE(Knowing.__new__(Knowing), styles, 0)  # type: ignore[arg-type]
