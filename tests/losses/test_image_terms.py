"""Terms that are asked of images: each at a value worked by hand."""

import math

import pytest
import torch

from saddlepoint.losses.image_terms import (
    charbonnier,
    cloud_adaptive,
    masked_distance,
    mirror_symmetry,
    total_variation,
)
from saddlepoint.losses.segmentation import impossible_regions, same_regions
from saddlepoint.losses.temporal import flicker, warp_distance
from saddlepoint.nn.layers.warp import warped


def test_smooth_absolute_differences_and_neighbours() -> None:
    image = torch.tensor([[[[0.0, 3.0], [0.0, 3.0]]]])
    assert charbonnier(image, image, 0.5).item() == pytest.approx(0.5)
    assert charbonnier(image, image + 2, 1e-6).item() == pytest.approx(2)
    assert total_variation(image).item() == pytest.approx(3)
    assert total_variation(torch.ones(1, 1, 3, 3)).item() == 0


def test_a_mirrored_image_and_a_mask() -> None:
    image = torch.tensor([[[[1.0, 5.0, 2.0]]]])
    assert mirror_symmetry(image).item() == pytest.approx((1 + 0 + 1) / 3)
    mask = torch.tensor([[[[1.0, 0.0, 1.0]]]])
    assert masked_distance(image, torch.zeros_like(image), mask).item() == pytest.approx(1.5)
    assert masked_distance(image, image + 1, torch.zeros_like(mask)).item() == 0


def test_clear_places_stay_and_clouded_ones_become_the_target() -> None:
    source, target = torch.tensor([[[[1.0, 9.0]]]]), torch.tensor([[[[1.0, 2.0]]]])
    cloud = torch.tensor([[[[0.0, 1.0]]]])
    assert cloud_adaptive(target, source, target, cloud).item() == 0
    assert cloud_adaptive(source, source, target, cloud).item() == pytest.approx(7 / 2 + 7 / 2)
    assert cloud_adaptive(target + 1, source, target, cloud).item() == pytest.approx(1 + 1)


def test_a_clip_that_moves_as_its_flow_says_costs_nothing() -> None:
    torch.manual_seed(0)
    first = torch.rand(1, 1, 4, 6)
    second = torch.cat((first[..., :1], first[..., :-1]), 3)  # everything one pixel to the right
    flow = torch.zeros(1, 2, 4, 6)
    flow[:, 0] = -1
    assert torch.allclose(warped(first, flow), second, atol=1e-5)
    clip = torch.stack((first, second), 1)
    assert warp_distance(clip, flow[:, None]).item() == pytest.approx(0, abs=1e-5)
    assert warp_distance(clip, 0 * flow[:, None]).item() == pytest.approx((first - second).abs().mean().item())
    assert warp_distance(clip, 0 * flow[:, None], torch.zeros(1, 1, 1, 4, 6)).item() == 0


def test_only_changes_faster_than_allowed_count() -> None:
    clip = torch.tensor([0.0, 0.2, 1.2]).view(1, 3, 1, 1, 1)
    assert flicker(clip).item() == pytest.approx(0.6)
    assert flicker(clip, 0.5).item() == pytest.approx(0.25)


def test_regions_are_the_sources_and_none_where_it_cannot_be() -> None:
    source = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    assert same_regions(torch.zeros(2, 2), source).item() == pytest.approx(math.log(2))
    logits = torch.zeros(1, 2, 1, 2)
    allowed = torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]])
    assert impossible_regions(logits, allowed).item() == pytest.approx(0.25)
