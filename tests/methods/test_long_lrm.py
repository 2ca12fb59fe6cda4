"""Long-LRM: both directions, merged patches, which splats are kept, and disparities but for scale and shift."""

from typing import Any

import pytest
import torch
from rigs import around, check_rigid_motion, spec
from torch import nn

from saddlepoint.losses.disparity import disparity_distance
from saddlepoint.methods.reconstruction.long_lrm import LongLRM
from saddlepoint.nn.backbones.splat_transformer import LongSplatNetwork, TwoWayMixer
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.layers.attention import Block
from saddlepoint.nn.render.pixel_splats import unbounded
from saddlepoint.nn.render.rays import pixel_centres

TINY = {"shape": (4, 3, 8, 8), "inputs": 2, "targets": 1, "patch": 2, "width": 8, "layers": 3, "merge": 1, "heads": 2,
        "state": 4, "head": 8, "degree": 1, "reach": 8.0, "first_scale": -2.5, "keep": 0.5}  # fmt: skip
SMALL: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}


def test_what_is_mixed_in_both_directions_turns_with_its_input() -> None:
    torch.manual_seed(0)
    mixer, row = TwoWayMixer(8, 4, 8), torch.randn(2, 11, 8)
    assert torch.allclose(mixer(row.flip(1)), mixer(row).flip(1), atol=1e-5)
    other = row.clone()
    other[:, -1] = torch.randn(2, 8)
    assert not torch.allclose(mixer(other)[:, 0], mixer(row)[:, 0])


def test_the_papers_network_has_seven_state_spaces_for_each_attention() -> None:
    with torch.device("meta"):
        net = LongSplatNetwork(8, 256, 16, 24, 9, 256, 64, 59)
    assert [number for number, block in enumerate(net.blocks) if isinstance(block, Block)] == [7, 15, 23]
    assert net.head.out_features == 16**2 * 59
    assert isinstance(net.four, nn.Conv2d)
    assert net.four.groups == 256
    assert net.blocks[9].norm.normalized_shape == (1024,)  # type: ignore[union-attr]


def test_each_pixel_has_its_splat_on_its_ray() -> None:
    rig, raw = around(2, 8), torch.randn(1, 2, 11 + 12, 8, 8)
    scene = unbounded(raw, rig, 8.0, -2.5, -1.2).row(0)
    assert scene.degree == 1
    camera = rig[0, 1]
    splats = project(scene.place[64:], scene.scale[64:], scene.turn[64:], camera[:16].view(4, 4), camera[16:])
    away = (scene.place[64:] - camera[:16].view(4, 4)[:3, 3]).norm(dim=1)
    assert torch.allclose(away, 8 * raw[0, 1, :3].mean(0).sigmoid().flatten(), atol=1e-4)
    assert (splats.mean - pixel_centres(8, 8))[splats.visible].abs().max() < 1e-3
    assert scene.scale.log().max() <= -1.2 + 1e-5


def test_the_most_opaque_are_kept_and_a_tenth_by_chance_in_training() -> None:
    method = LongLRM(**{**SMALL, "keep": 0.2})
    opacity = torch.linspace(0, 1, 100)[None]
    assert sorted(method.chosen(opacity, None)[0].tolist()) == list(range(80, 100))
    kept = method.chosen(opacity, torch.rand(1, 100))[0].tolist()
    assert len(set(kept)) == 20
    assert set(range(82, 100)) <= set(kept)


def test_disparities_are_compared_but_for_scale_and_shift() -> None:
    disparity = torch.rand(2, 6, 6) + 0.5
    same = 1 / (3 * disparity + 0.4)
    assert disparity_distance(1 / disparity, same) == pytest.approx(0, abs=1e-5)
    assert disparity_distance(1 / disparity, 1 / (2 - disparity)) > 0.5
    assert disparity_distance(1 / disparity, torch.zeros(2, 6, 6)) == 0


def test_cameras_that_are_moved_as_one_see_the_same() -> None:
    torch.manual_seed(0)
    method = LongLRM(**{**SMALL, "degree": 0})
    check_rigid_motion(method, method.networks(spec(4, 8)), 8)
