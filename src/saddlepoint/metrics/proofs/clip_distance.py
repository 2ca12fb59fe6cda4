"""How near generated clips come to real ones, in what they show and how it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.clip import Clip
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table

_COMPONENTS, _SIDE, _MOST = 32, 8, 1000


def described(clips: Tensor) -> np.ndarray:
    """The mean frame and the changes from frame to frame of clips [N, T, C, H, W], at 8 pixels a side, flat."""
    small = F.adaptive_avg_pool2d(clips.flatten(0, 1), _SIDE).unflatten(0, clips.shape[:2])
    changes = small[:, 1:] - small[:, :-1]
    return torch.cat([small.mean(1).flatten(1), changes.flatten(1)], 1).double().numpy()


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Fréchet distance in the first components of real clips' descriptions.

    The baseline is real first frames, each repeated; frames of different clips in turn stand beside it.
    """
    rows = numpy_generator("clips", len(dataset)).permutation(len(dataset))[: 2 * _MOST]
    cut = len(rows) // 2
    reference, other = (
        torch.from_numpy(np.asarray(dataset.examples[np.sort(part)])).float() / 127.5 - 1
        for part in (rows[:cut], rows[cut : 2 * cut])
    )
    components = PCA(min(_COMPONENTS, cut - 1), random_state=0).fit(described(reference))
    wanted = gaussian(components.transform(described(reference)))

    def row(kind: str, name: str, clips: Tensor) -> dict[str, Any]:
        distance = frechet_distance(gaussian(components.transform(described(clips))), wanted)
        change = (clips[:, 1:] - clips[:, :-1]).abs().mean().item()
        return {"kind": kind, "name": name, "distance": distance, "change": change}

    still = other[:, :1].expand_as(other)
    mixed = torch.stack([other.roll(time, 0)[:, time] for time in range(other.shape[1])], 1)
    return Table(
        rows=(
            row("generated", model.name, model.sample(cut, seed=seed)),
            row("baseline", "naive: real first frames that stand still", still),
            row("real", "other real clips", other),
            row("other", "each frame of another real clip", mixed),
        ),
        protocol=(
            f"{cut} clips of each. distance: Fréchet, of {_COMPONENTS} principal components of the mean frame and the"
            f" changes from frame to frame at {_SIDE} pixels a side. change: mean absolute one of a pixel."
        ),
    )


MEASURE = Measure(compare, {"distance": "less", "change": "more"}, fields={"clip": Clip})
