"""How near the codes that an encoder says at once come to the best sparse codes, by what those minimise."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import sparse_encode
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.baselines.linear import linear_map
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.kernels.sparse import largest_eigenvalue, objective, shrink

_MOST = 500
"""held-out examples that are coded"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Objective of codes of held-out patches under the model's own atoms: |x - z D|^2 + sparsity |z|_1, mean.

    The best codes are scikit-learn's. The baseline is the better of the linear encoder that is fitted to the best codes
    of training patches, and one step of ISTA from zero.
    """
    parts = dict(model.nets.named_children())
    if not {"dictionary", "encoder", "centre"} <= parts.keys() or not hasattr(model.method, "sparsity"):
        raise ConfigError(f"{model.name} foresees no sparse codes; this measure is of psd.")
    penalty, atoms = float(model.method.sparsity), model.nets.get_parameter("dictionary.rows").detach()
    centre: Any = parts["centre"]
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    x, known = (centre.rows(torch.from_numpy(np.array(dataset.examples[r]))) for r in (held_out[:_MOST], train[:2000]))

    def best(rows: Tensor) -> Tensor:
        codes = sparse_encode(
            rows.double().numpy(), atoms.double().numpy(), algorithm="lasso_cd", alpha=penalty / 2, max_iter=5000
        )
        return torch.from_numpy(codes).float()

    lowest = objective(x, atoms, best(x), penalty).mean().item()

    def row(kind: str, name: str, codes: Tensor) -> dict[str, Any]:
        mean = objective(x, atoms, codes, penalty).mean().item()
        return {"kind": kind, "name": name, "objective": mean, "times": mean / lowest}

    rate = 1 / largest_eigenvalue(atoms)
    naive = [
        row("other", "naive: the best linear encoder", linear_map(known, best(known))(x)),
        row("other", "naive: one step of ISTA", shrink(rate * x @ atoms.T, penalty / 2 * rate)),
        row("other", "naive: codes of zeros", torch.zeros(len(x), len(atoms))),
    ]
    nearest = min(naive, key=lambda each: each["objective"])
    nearest["kind"] = "baseline"
    with torch.no_grad():
        own = model.nets.get_submodule("encoder")(x)
    return Table(
        rows=(row("generated", model.name, own), row("real", "the best codes, by scikit-learn", best(x)), *naive),
        protocol=(
            f"{len(x)} held-out patches under the model's own atoms: the mean of |x - z D|^2 + {penalty:g} |z|_1, and"
            f" how many times the least it is. The baseline is the best of the naive codes: {nearest['name']}."
        ),
    )


MEASURE = Measure(compare, {"objective": "less", "times": "less"}, fields={"image": Image})
