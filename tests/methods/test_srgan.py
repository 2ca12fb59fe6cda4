"""SRGAN: any size in, scale times as much out; a first phase without the critic."""

from typing import Any

import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.restoration.srgan import SRGAN
from saddlepoint.nn.backbones.srresnet import SRResNet

TINY = {"shape": (1, 32, 32), "source_shape": (1, 8, 8), "width": 4, "blocks": 1, "critic_width": 2, "alone": 0.0}


def spec(small: int, large: int) -> DataSpec:
    return DataSpec({"source": Image(1, small, small), "target": Image(1, large, large)})


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_images_of_any_size_become_scale_times_larger(scale: int) -> None:
    nets = SRGAN(width=4, blocks=1, critic_width=2).networks(spec(4, 4 * scale))
    made = SRGAN().translate(nets.eval(), torch.zeros(1, 1, 5, 7), "source")
    assert made.shape == (1, 1, 5 * scale, 7 * scale)


def test_with_the_skip_training_begins_at_bicubic_interpolation() -> None:
    network, image = SRResNet(3, 4, 8, 1, bicubic=True), torch.rand(2, 3, 6, 6)
    assert torch.allclose(network(image), F.interpolate(image, scale_factor=4, mode="bicubic"), atol=1e-6)


def test_the_papers_generator_has_16_blocks_and_its_parameter_count() -> None:
    """By hand for x4: 9x9 in and out, 33 3x3 convolutions of 64, two of 256, norms and slopes."""
    count = sum(p.numel() for p in SRResNet(3, 4, 64, 16).parameters())
    convolutions = (3 * 64 * 81 + 64) + 33 * (64 * 64 * 9 + 64) + 2 * (64 * 256 * 9 + 256) + (64 * 3 * 81 + 3)
    assert count == convolutions + 33 * 2 * 64 + (1 + 16 + 2)


@pytest.mark.parametrize(("examples", "moves"), [(0, ["generator"]), (60, ["critic", "generator"])])
def test_the_critic_enters_after_the_first_phase(examples: int, moves: list[str]) -> None:
    method = SRGAN(width=4, blocks=1, critic_width=2)
    nets = method.networks(spec(8, 16))
    draw: Any = HandDraw(PairedBatch(torch.rand(2, 1, 8, 8), torch.rand(2, 1, 16, 16)))
    updates = list(method.train_step(nets, draw, Clock(examples=examples, total=100)))
    assert [update.group for update in updates] == moves


def test_sides_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ConfigError, match="lowres4"):
        SRGAN().networks(spec(8, 12))
    with pytest.raises(ConfigError, match="2, 4 or 8 times"):
        SRGAN().networks(spec(8, 24))
