"""Distance of clips: real ones are nearer than those that stand still."""

from types import SimpleNamespace
from typing import Any

import torch

from saddlepoint.data.open import open_data
from saddlepoint.metrics.proofs.clip_distance import compare


def test_real_clips_are_nearer_than_those_that_stand_still() -> None:
    data = open_data("world:clips", resolution=8, window=4)
    copies = torch.from_numpy(data.examples[:500]).float() / 127.5 - 1
    model: Any = SimpleNamespace(name="copies", sample=lambda n, seed: copies)
    rows = {row["kind"]: row for row in compare(model, data, 0).rows}
    assert rows["real"]["distance"] < 0.5 * rows["baseline"]["distance"]
    assert rows["generated"]["distance"] < 0.5 * rows["baseline"]["distance"]
    assert rows["baseline"]["change"] == 0 < rows["real"]["change"] < rows["other"]["change"]
