"""O-CNN: cells of the octree of a ball, its network against dense convolutions that are masked, and other sides."""

import pytest
import torch
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.recognition.octree_cnn import OctreeCNN, normals, octree

TINY = {"shape": (1, 8, 8, 8), "depth": 3, "width": 2, "hidden": 3, "dropout": 0.0}
CLASSES = ("a", "b", "c")
BALLS = Volume(1, 16, 16, 16).example(2, 0)


def test_the_cells_are_the_children_of_those_that_meet_the_surface() -> None:
    tree = octree(BALLS)
    assert len(tree.places) < 0.4 * 2 * 16**3
    assert len(tree.places) % 8 == 0
    on_surface = tree.values[:, 3] > 0
    assert 0 < int(on_surface.sum()) < len(tree.places)
    away = tree.places[on_surface, 1:].float() - 7.5
    outward = F.normalize(away, dim=1)
    assert (outward * tree.values[on_surface, :3]).sum(1).mean() > 0.9
    assert normals(BALLS).norm(dim=1).max() < 1 + 1e-5


def test_the_network_is_that_of_dense_convolutions_at_the_cells() -> None:
    spec = DataSpec({"volume": Volume(1, 16, 16, 16), "label": Label(CLASSES)}, CLASSES)
    net = OctreeCNN(depth=4, width=2, hidden=4).networks(spec).eval().classifier
    values = octree(BALLS).dense()
    cells = torch.zeros(2, 1, 16, 16, 16)
    cells[:, 0][octree(BALLS).places.unbind(1)] = 1
    for convolution, norm in zip(net.convolutions, net.norms):
        kernel = convolution.weight.permute(2, 1, 0).unflatten(2, (3, 3, 3))
        values = norm.norm(F.conv3d(values, kernel, padding=1).flatten(2)).relu().view(2, -1, *cells.shape[2:])
        values = F.max_pool3d(torch.where(cells > 0, values, -torch.inf), 2)
        there = F.max_pool3d(cells, 2)
        values = torch.where(there > 0, values, 0.0)
        cells = F.interpolate(F.max_pool3d(there, 2), scale_factor=2)
    assert torch.allclose(net.head(values.flatten(1)), net(BALLS), atol=1e-5)


def test_another_side_is_refused() -> None:
    with pytest.raises(ConfigError, match="32 voxels a side"):
        OctreeCNN().networks(DataSpec({"volume": Volume(1, 24, 24, 24)}, CLASSES))
