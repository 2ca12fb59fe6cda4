"""How far a translation is from the truth, measured on stand-ins whose distance is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import images, styles
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.proofs.translation import MEASURE


class Translator:
    """A model that translates by a function of bytes."""

    name = "stand-in"
    facts = {"data": {"held_out": 0.5}}

    def __init__(self, work: Callable[[np.ndarray, str], np.ndarray]) -> None:
        self.work = work

    def translate(self, images: Tensor, origin: str, seed: int) -> Tensor:
        return pixels(torch.from_numpy(self.work(to_uint8(images).numpy(), origin)))


def test_a_translation_is_measured_by_its_distance_to_the_true_target() -> None:
    source = np.random.default_rng(0).integers(0, 200, (40, 1, 4, 4), dtype=np.uint8)
    data = Dataset({"source": source, "target": source + 50}, "print", "pairs")
    found = MEASURE(Translator(lambda images, origin: images + 47), data, 0)  # type: ignore[arg-type]
    assert found.row("generated")["error"] == pytest.approx(3)
    assert found.row("generated")["psnr"] == pytest.approx(20 * math.log10(255 / 3))
    naive = {row["name"]: row["error"] for row in found.rows[1:]}
    assert naive["naive: the source itself"] == 50
    assert found.row("baseline")["error"] == min(naive.values()) == naive["naive: each colour for itself"]


def test_styles_are_measured_both_ways_by_their_hidden_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "IMAGES", 60)
    data = open_data(DataSettings(data="world:styles", resolution=16))
    held_out = data.split(0.5)[1]

    def truth(images: np.ndarray, origin: str) -> np.ndarray:
        side = "ab".index(origin)
        return styles.both(held_out[held_out % 2 == side], 16)[:, 1 - side]

    found = MEASURE(Translator(truth), data, 0)  # type: ignore[arg-type]
    assert found.row("generated")["error"] == found.row("generated")["error_b"] == 0
    told = [row["name"] for row in found.rows if row["kind"] == "other"]
    assert "each colour for itself, learnt from true pairs" in told  # it knows too much to be the baseline


def test_a_translation_that_nobody_knows_is_not_measured() -> None:
    data = Dataset({"image": np.zeros((9, 1, 4, 4), np.uint8), "label": np.arange(9) % 2}, "print", "two", ("a", "b"))
    with pytest.raises(ConfigError, match="nobody knows the true translation of two"):
        MEASURE(Translator(lambda images, origin: images), data, 0)  # type: ignore[arg-type]
