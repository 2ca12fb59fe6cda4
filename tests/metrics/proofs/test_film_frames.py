"""Films made of films of layouts, measured on stand-ins whose distance and flicker are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.clip import Clip
from saddlepoint.metrics.proofs.films import MEASURE


class Brighter:
    """A model that adds as many levels to every frame, and more to every second one."""

    name = "stand-in"
    facts = {"data": {"held_out": 0.5}}

    def __init__(self, levels: float, flicker: float) -> None:
        self.levels, self.flicker = levels, flicker

    def translate(self, clips: Tensor, origin: str, seed: int) -> Tensor:
        assert clips.dim() == 5
        brighter = clips + self.levels / 127.5
        brighter[:, 1::2] += self.flicker / 127.5
        return brighter


def test_films_are_measured_by_frames_and_by_what_changes_between_them() -> None:
    source = np.random.default_rng(0).integers(0, 200, (8, 4, 3, 4, 4), dtype=np.uint8)
    kinds = {name: Clip(4, 3, 4, 4) for name in ("source", "target")}
    data = Dataset({"source": source, "target": source + 10}, "print", "films", kinds=kinds)
    steady: Any = Brighter(8, 0)
    shaky: Any = Brighter(8, 6)
    assert MEASURE(steady, data, 0).row("generated")["error"] == pytest.approx(2)
    assert MEASURE(steady, data, 0).row("generated")["flicker"] == 0
    assert MEASURE(shaky, data, 0).row("generated")["error"] == pytest.approx(3)
    assert MEASURE(shaky, data, 0).row("generated")["flicker"] == pytest.approx(6)
    assert MEASURE(shaky, data, 0).row("baseline")["error"] == 10
