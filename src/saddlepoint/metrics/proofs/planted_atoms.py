"""How many of the atoms that patches were put together from a dictionary holds, and what share of a patch is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.planted import ATOMS, planted_atoms
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.proofs.base import Measure, Table

ALIKE = 0.98
"""absolute cosine from which an atom counts as found"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Atoms of world:planted that some learnt atom resembles, beside what random directions and k-means resemble."""
    task = model.task("patterns")
    if dataset.source != "world:planted" or task is None:
        raise ConfigError(f"the atoms of {dataset.source} are not known, or {model.name} has none; use world:planted.")
    learnt = model.do("patterns", {})[next(iter(task.gives))].flatten(1).numpy()
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    patches = torch.from_numpy(np.ascontiguousarray(dataset.examples[held_out]))
    left = (model.reconstruct(patches) - patches).square().sum() / patches.square().sum()
    random = numpy_generator(seed, "random atoms").standard_normal((len(learnt), learnt.shape[1]))
    flat = dataset.examples[train].reshape(len(train), -1)
    directions = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    means = KMeans(len(learnt), n_init=1, random_state=key(seed, "k-means") % 2**31).fit(directions).cluster_centers_
    return Table(
        rows=(
            row("generated", model.name, learnt) | {"left": left.item()},
            row("real", "the atoms themselves", planted_atoms()),
            row("baseline", "naive: k-means of the patches' directions", means),
            row("other", "naive: random directions", random),
        ),
        protocol=(
            f"found: of {ATOMS} atoms those to which some learnt one has an absolute cosine above {ALIKE}. alike: mean"
            " of the largest absolute cosine. left: share of the squares of held-out patches that is not explained."
        ),
    )


def row(kind: str, name: str, atoms: np.ndarray) -> dict[str, Any]:
    """The figures of a dictionary [K, D]."""
    directions = atoms / np.linalg.norm(atoms, axis=1, keepdims=True)
    best = np.abs(planted_atoms() @ directions.T).max(1)
    return {"kind": kind, "name": name, "found": float((best > ALIKE).sum()), "alike": float(best.mean())}


MEASURE = Measure(compare, {"found": "more", "alike": "more", "left": "less"}, fields={"image": Image})
