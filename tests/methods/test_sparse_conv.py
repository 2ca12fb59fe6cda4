"""Sparse convolution: the surface of a solid, an empty grid, and levels that a grid is too small for."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.recognition.sparse_conv import SparseConv, surface

TINY = {"shape": (1, 8, 8, 8), "width": 2, "levels": 2}
CLASSES = ("a", "b", "c")


def test_the_surface_of_a_cube_is_all_but_its_inside() -> None:
    volume = torch.zeros(1, 7, 7, 7)
    volume[0, 1:6, 1:6, 1:6] = 1
    shell = surface(volume)
    assert int(shell.sum()) == 5**3 - 3**3
    assert not shell[0, 2:5, 2:5, 2:5].any()


def test_an_empty_grid_has_classes_too_and_what_is_inside_does_not_matter() -> None:
    method = SparseConv(width=2, levels=2)
    nets = method.networks(DataSpec({"volume": Volume(1, 8, 8, 8), "label": Label(CLASSES)}, CLASSES)).eval()
    volume = torch.zeros(3, 1, 8, 8, 8)
    volume[1:, :, 2:7, 2:7, 2:7] = 1
    volume[2, :, 4, 4, 4] = 0.9
    shares = method.predict(nets, volume)["class"]
    assert torch.allclose(shares[1], shares[2])
    assert torch.isfinite(shares).all()


def test_too_many_levels_are_refused() -> None:
    with pytest.raises(ConfigError, match="fewer --levels"):
        SparseConv(levels=6).networks(DataSpec({"volume": Volume(1, 8, 8, 8)}, CLASSES))
