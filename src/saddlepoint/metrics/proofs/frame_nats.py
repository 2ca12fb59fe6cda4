"""How likely the frames of held-out clips are given those before them, beside what is known of a made world."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import jumps
from saddlepoint.kinds.clip import Clip
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Nats a frame, from the second one on, of held-out clips. The baseline is the better of two: the best that can be
    known of a frame without those before it, and counts of each pixel after the same place of the frame before."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    stored = dataset.fields["clip"]
    clips = torch.from_numpy(np.asarray(stored[held_out])).float() / 127.5 - 1
    frames = clips.shape[1] - 1
    whole, first = model.log_likelihood(clips), model.log_likelihood(clips[:, :1])
    own = -(whole - first).mean().item() / frames
    naive = {
        "where a block may be at all": float(2 * np.log(jumps.PLACES)),
        "counts of each pixel after those around it before": by_neighbours(stored[train], stored[held_out]),
    }
    best = min(naive, key=lambda name: naive[name])
    rows: list[dict[str, Any]] = [{"kind": "generated", "name": model.name, "nats": own}]
    for name, figure in naive.items():
        words = f"naive: {name}" if name == best else name
        rows.append({"kind": "baseline" if name == best else "other", "name": words, "nats": figure})
    truth = jumps.frame_log_probabilities(np.asarray(stored[held_out]))[:, 1:]
    rows.append({"kind": "real", "name": "floor: the world's own law", "nats": -float(truth.mean())})
    return Table(
        rows=[{**row, "gap": row["nats"] + float(truth.mean())} for row in rows],
        protocol=(
            "Nats a frame given those before it, and how far they are above the floor, less is better: minus the exact"
            f" log-probability of {frames} frames of {len(held_out)} held-out black and white clips; counts are"
            f" of the {len(train):,} clips of training, each one more."
        ),
    )


def by_neighbours(train: np.ndarray, held_out: np.ndarray) -> float:
    """Minus the mean log-probability of a frame whose pixels are drawn apart, each by how often it was white after the
    three pixels at its place and to either side in the frame before."""

    def patterns(clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        white = (np.asarray(clips) > 127).astype(np.int64)[:, :, 0]
        before = np.pad(white[:, :-1], ((0, 0), (0, 0), (0, 0), (1, 1)))
        pattern = 4 * before[..., :-2] + 2 * before[..., 1:-1] + before[..., 2:]
        return pattern, white[:, 1:]

    counts = np.ones((8, 2))
    np.add.at(counts, tuple(part.reshape(-1) for part in patterns(train)), 1.0)
    logs = np.log(counts / counts.sum(1, keepdims=True))
    pattern, white = patterns(held_out)
    return -float(logs[pattern, white].sum((2, 3)).mean())


MEASURE = Measure(compare, {"nats": "less", "gap": "less"}, fields={"clip": Clip})
