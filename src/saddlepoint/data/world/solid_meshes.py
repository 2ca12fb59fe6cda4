"""Solids as meshes: the bodies of world:solids as closed triangle meshes of 60 to 100 vertices, turned in any way."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.bodies import CLASSES, body, mesh
from saddlepoint.data.world.solids import refuse_sizes
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.mesh import Mesh

SHAPES = 1600
_LEAST, _MOST = 60, 100


@final
class SolidMeshes(World):
    """1,600 meshes of eight classes in turn, each with triangles of its own."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        refuse_sizes(settings, "meshes of 60 to 100 vertices")
        meshes = [_mesh(row) for row in range(SHAPES)]
        kind = Mesh.holding(meshes)
        tables = np.stack([kind.packed(*each) for each in meshes])
        labels = np.arange(SHAPES) % len(CLASSES)
        print_of_both = fingerprint(tables, labels)
        fields = {"mesh": tables, "label": labels}
        return Dataset(fields, print_of_both, settings.data, classes=CLASSES, kinds={"mesh": kind})


def _mesh(row: int) -> tuple[np.ndarray, np.ndarray]:
    draw = numpy_generator(SEED, "solid mesh", row)
    return mesh(body(row, tumbled=True), int(draw.integers(_LEAST, _MOST + 1)), draw)


WORLD = SolidMeshes()
