"""VoxNet: the paper's layers, turns and moves of grids that can be followed, votes, and grids that are too small."""

import math

import pytest
import torch
from drive import count

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.recognition.voxnet import VoxNet, moved, turned

TINY = {"shape": (1, 12, 12, 12), "width": 2, "hidden": 3, "dropouts": (0.0, 0.0, 0.0), "votes": 2, "lr": 0.1}
CLASSES = ("a", "b", "c")


def spec(side: int, classes: tuple[str, ...] = CLASSES) -> DataSpec:
    return DataSpec({"volume": Volume(1, side, side, side), "label": Label(classes)}, classes)


def test_the_papers_network_has_0_92_million_weights() -> None:
    nets = VoxNet().networks(spec(32, tuple(map(str, range(10)))))
    assert count(nets) == 125 * 32 + 32 + 27 * 32 * 32 + 32 + 6**3 * 32 * 128 + 128 + 1290  # 0.92 million
    assert nets.classifier(torch.zeros(2, 1, 32, 32, 32)).shape == (2, 10)


def test_a_quarter_turn_moves_voxels_from_x_to_y() -> None:
    grid = torch.rand(2, 1, 5, 7, 7)
    quarter = turned(grid, torch.tensor([0.0, math.pi / 2]))
    assert torch.allclose(quarter[0], grid[0], atol=1e-5)
    assert torch.allclose(quarter[1], grid[1].rot90(1, (3, 2)), atol=1e-5) or torch.allclose(
        quarter[1], grid[1].rot90(1, (2, 3)), atol=1e-5
    )


def test_a_move_loses_what_leaves_and_fills_with_nothing() -> None:
    grid = torch.rand(1, 1, 4, 4, 4)
    shifted = moved(grid, torch.tensor([[1, 0, -1]]))
    assert torch.equal(shifted[0, 0, 1:, :, :3], grid[0, 0, :3, :, 1:])
    assert not shifted[0, 0, 0].any()
    assert not shifted[0, 0, :, :, 3].any()


def test_votes_are_the_mean_over_turns_which_no_quarter_turn_changes() -> None:
    method = VoxNet(width=2, hidden=4, votes=4)
    nets = method.networks(spec(12)).eval()
    grid = torch.rand(2, 1, 12, 12, 12)
    shares = method.predict(nets, grid)["class"]
    assert torch.allclose(shares.sum(1), torch.ones(2), atol=1e-6)
    assert torch.allclose(method.predict(nets, grid.rot90(1, (3, 4)))["class"], shares, atol=1e-5)


def test_small_grids_and_one_class_are_refused() -> None:
    with pytest.raises(ConfigError, match="11 voxels"):
        VoxNet().networks(spec(8))
    with pytest.raises(ConfigError, match="two or more folders"):
        VoxNet().networks(spec(12, ("a",)))
