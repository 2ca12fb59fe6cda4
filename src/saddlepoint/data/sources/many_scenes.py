"""Many scenes of equally many views each: what `scenes:FOLDER` makes of one folder a scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.errors import DataError
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views
from saddlepoint.text import counted


def joined(scenes: Sequence[Dataset], source: str, skipped: Sequence[tuple[str, str]]) -> Dataset:
    """Scenes of views with their cameras as rows of one data set; of each as many views, evenly apart, as the one with
    the fewest has.

    skipped: folders that could not be used, with the reason. Raises DataError for fewer than two scenes, for scenes of
    one view, and for views of several sizes.
    """
    if len(scenes) < 2:
        first = f"; {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise DataError(f"{source} has {counted(len(scenes), 'scene')} that can be used, and needs two or more{first}.")
    shapes = {scene.spec().shape for scene in scenes}
    if len(shapes) > 1:
        raise DataError(f"the scenes of {source} have views of several sizes: use --resolution.")
    count = min(map(len, scenes))
    if count < 2:
        raise DataError(f"a scene of {source} has one view alone: each needs two or more.")
    rows = [np.linspace(0, len(scene) - 1, count).round().astype(np.int64) for scene in scenes]
    views, rig = (
        np.stack([np.asarray(scene.fields[name])[row] for scene, row in zip(scenes, rows)])
        for name in ("image", "camera")
    )
    notes = [f"{counted(len(scenes), 'scene')} of {count} views each, evenly apart among those that it has"]
    (shape,) = shapes
    kinds = {"views": Views(count, *shape), "rig": Rig(count)}
    return Dataset(
        {"views": views, "rig": rig.astype(np.float32)},
        fingerprint(views, None),
        source,
        notes=tuple(notes),
        skipped=tuple(skipped),
        kinds=kinds,
    )
