"""ESRGAN: the public networks answer alike, a critic that compares with the average, and a first phase without a
game."""

from typing import Any

import pytest
import torch
from drive import HandDraw
from official_networks import Official
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.relativistic import average_critic_loss, average_generator_loss
from saddlepoint.methods.base import Clock
from saddlepoint.methods.restoration.esrgan import ESRGAN
from saddlepoint.nn.backbones.rrdb import RRDBNet
from saddlepoint.nn.backbones.unet_critic import UNetCritic

TINY = {
    "shape": (1, 32, 32),
    "source_shape": (1, 8, 8),
    "width": 4,
    "blocks": 1,
    "growth": 2,
    "critic_width": 2,
    "alone": 0.0,
}


def test_the_public_generators_answer_alike() -> None:
    official = Official("basicsr_esrgan")
    official.check(official.into(RRDBNet(3, 3, 4, 8, 2, 4), "rrdb_x4.")(official.input("lr")), "rrdb_x4")
    official.check(official.into(RRDBNet(3, 3, 2, 8, 1, 4), "rrdb_x2.")(official.input("lr32")), "rrdb_x2")


def test_the_public_critic_of_pixels_answers_alike() -> None:
    """Its spectral norms hold the two vectors, by which the weight's largest singular value is told."""
    official, network = Official("basicsr_esrgan"), UNetCritic(3, 6, spectral=False)
    state = official.state("unet_d.")
    ours = ("first", "down.0", "down.1", "down.2", "up.0", "up.1", "up.2", "fine.0", "fine.1", "last")
    weights = {}
    for number, name in enumerate(ours):
        layer = f"conv{number}"
        if f"{layer}.weight" in state:
            weights |= {f"{name}.{part}": state[f"{layer}.{part}"] for part in ("weight", "bias")}
        else:
            weight, left, right = (state[f"{layer}.weight_{part}"] for part in ("orig", "u", "v"))
            weights[f"{name}.weight"] = weight / (left @ weight.flatten(1) @ right)
    network.load_state_dict(weights)
    official.check(network(official.input("hr")), "unet_d")
    network.skips = False
    official.check(network(official.input("hr")), "unet_d_noskip")


def test_the_relativistic_average_is_that_by_hand_and_the_public_one() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    lead = F.softplus(-(real + 1)).mean(), F.softplus(fake - 2).mean()
    losses = average_critic_loss(real, fake)
    assert [loss.item() for loss in losses.values()] == pytest.approx([each.item() / 2 for each in lead])
    swapped = average_critic_loss(fake, real)
    assert average_generator_loss(real, fake).item() == pytest.approx(sum(swapped.values()).item())
    public = Official("blur_kernels_and_averages")
    real, fake = public.input("real"), public.input("fake")
    halves = average_critic_loss(real, fake)
    public.check(average_generator_loss(real, fake), "ra_G")
    public.check(halves["real"], "ra_D_real_half")
    public.check(halves["fake"], "ra_D_fake_half")
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    squares = average_critic_loss(real, fake, "least-squares")
    assert squares["real"].item() == pytest.approx(((2 - 1) ** 2 + (4 - 1) ** 2) / 4)


@pytest.mark.parametrize(("examples", "moves"), [(0, ["generator"]), (80, ["critic", "generator"])])
def test_the_critic_enters_after_the_first_phase(examples: int, moves: list[str]) -> None:
    method = ESRGAN(width=4, blocks=1, growth=2, critic_width=2, judge="pixel")
    nets = method.networks(DataSpec({"source": Image(1, 8, 8), "target": Image(1, 16, 16)}))
    draw: Any = HandDraw(PairedBatch(torch.rand(2, 1, 8, 8), torch.rand(2, 1, 16, 16)))
    updates = list(method.train_step(nets, draw, Clock(examples=examples, total=100)))
    assert [update.group for update in updates] == moves


def test_a_last_layer_of_nothing_leaves_interpolation() -> None:
    network, image = RRDBNet(3, 3, 2, 4, 1, 2, interpolated=True), torch.rand(1, 3, 5, 7)
    assert torch.allclose(network(image), F.interpolate(image, scale_factor=2.0, mode="bilinear"), atol=1e-6)


def test_sides_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ConfigError, match="lowres4"):
        ESRGAN().networks(DataSpec({"source": Image(1, 8, 8), "target": Image(1, 12, 12)}))
