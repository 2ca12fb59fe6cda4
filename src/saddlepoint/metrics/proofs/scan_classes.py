"""How rightly the voxels of scans are told apart: the mean over classes of the share of their voxels that are right."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.parted_cloud import PartedCloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.scan import Scan
from saddlepoint.metrics.proofs.base import Measure, Table

_NOTHING = 0  # the class of voxels that are not asked for


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """right: the mean over classes; voxels: the share of all voxels that have a class.

    The baseline has the column of the training scan whose grid is nearest, so it knows shapes and no colours.
    """
    task, kind = model.task("predict"), dataset.kinds["scan"]
    says = None if task is None else task.gives.get("segments")
    if not isinstance(says, PartedCloud) or not isinstance(kind, Scan):
        raise ConfigError(f"{model.name} on {dataset.source} tells no voxels apart.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    scans = torch.from_numpy(np.array(dataset.fields["scan"])).float()
    parts = torch.from_numpy(np.array(dataset.fields["parts"])).long()
    truth = parts[held_out]
    predicted = says.parts(model.do("predict", {dataset.main.word: scans[held_out]}, batch=32)["segments"])
    grids = kind.unpacked(scans).volume.flatten(1)
    nearest = torch.cdist(grids[held_out], grids[train]).argmin(1)
    known = parts[train][parts[train] != _NOTHING]
    commonest = torch.full_like(truth, int(torch.bincount(known).argmax()))

    def row(name: str, word: str, said: torch.Tensor) -> dict[str, object]:
        meant = truth != _NOTHING
        right = (said == truth)[meant].double()
        classes = truth[meant]
        each = [float(right[classes == number].mean()) for number in classes.unique()]
        return {"kind": name, "name": word, "right": sum(each) / len(each), "voxels": float(right.mean())}

    return Table(
        rows=(
            row("generated", model.name, predicted),
            row("baseline", "naive: the scan with the nearest grid", parts[train][nearest]),
            row("other", "naive: the commonest class", commonest),
        ),
        protocol=(
            f"{len(held_out):,} held-out scans; right is the mean over classes of the share of their voxels that are"
            " right, voxels the share of all of them."
        ),
    )


MEASURE = Measure(compare, {"right": "more", "voxels": "more"}, {"scan": Scan, "parts": Parts})
