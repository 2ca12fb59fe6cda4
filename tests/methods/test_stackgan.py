"""StackGAN: its stages in turn, what the first critic is taught, what is refused, and the official networks."""

import math
from typing import Any

import pytest
import torch
from drive import HandDraw
from official_networks import Official
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Clock
from saddlepoint.methods.families.captioned import caption_critic_loss
from saddlepoint.methods.gan.stackgan import FirstImages, SecondImages, StackGAN
from saddlepoint.nn.backbones.text_to_image import CaptionCritic, condition, divergence

TINY = {"latent": 3, "enlarge": 2, "words": 4, "embedding": 3, "condition_width": 3, "first_width": 2,
        "second_width": 2, "blocks": 1, "critic_width": 2, "encoder_width": 2,
        "matching_examples": 8, "first_examples": 8,
        "shape": [3, 16, 16]}  # fmt: skip
SPEC = DataSpec({"image": Image(3, 16, 16), "text": Tokens(5, tuple("abcd"), "words")})


def moves(stage: int) -> tuple[Any, list[Any]]:
    settings: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}
    method = StackGAN(**settings)
    nets = method.networks(SPEC)
    batch = CaptionBatch(torch.rand(4, 3, 16, 16), torch.tensor([[1, 2, 0, 0, 0], [3, 1, 2, 0, 0]] * 2))
    return nets, list(method.train_step(nets, HandDraw(batch), Clock(stage=stage)))


def test_encoders_learn_first_then_each_stage_with_its_own_critic() -> None:
    assert [move.group for stage in range(3) for move in moves(stage)[1]] == [
        *("encoders", "first_critic", "first", "second_critic", "second")
    ]


def test_the_first_stage_stands_still_while_the_second_learns() -> None:
    nets, (_, player) = moves(2)
    sum(player.losses.values(), start=torch.zeros(())).backward()
    assert all(weight.grad is None for weight in nets.first.parameters())
    assert all(weight.grad is not None for weight in nets.second.parameters())
    assert not any(weight.requires_grad and weight.grad is not None for weight in nets.caption_encoder.parameters())


def test_wrong_captions_count_half_for_the_first_critic_and_a_third_for_the_second() -> None:
    """A critic that always says 0 loses log 2 on right pairs and log 2 on all others together."""
    for both in (False, True):
        critic = CaptionCritic(3, 16, 2, 3, both=both)
        for head in (critic.with_caption, critic.alone):
            if head is not None:
                for weight in head.parameters():
                    torch.nn.init.zeros_(weight)
        images, text = torch.rand(4, 3, 16, 16), torch.rand(4, 3)
        assert caption_critic_loss(critic, images, images, text).item() == pytest.approx(2 * math.log(2), rel=1e-6)


def test_the_rate_is_halved_within_a_stage() -> None:
    method = StackGAN(halved_every=100)
    assert method.rate(Clock(examples=999, stage=2, stage_examples=250)) == method.lr / 4


def test_images_that_are_too_small_and_widths_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ConfigError, match="enlarge 2"):
        StackGAN().networks(SPEC)
    with pytest.raises(ConfigError, match="multiple of 4"):
        StackGAN(second_width=6)


def test_the_networks_equal_the_official_ones() -> None:
    official = Official("stackgan_stage12")
    text, z, noise = (official.input(name) for name in ("text", "z", "eps"))
    first, second = FirstImages(8, 20, 6, 3, 64, 2), SecondImages(20, 6, 3, 4, 2, 4)
    for network, prefix in ((first, "G1."), (second, "G2.")):
        _after_condition(official, network, prefix)

    def official_condition(prefix: str) -> tuple[Tensor, Tensor]:
        layer = official.state(f"{prefix}ca_net.fc.")
        mean, log_variance = F.relu(F.linear(text, layer["weight"], layer["bias"])).chunk(2, 1)
        return mean, log_variance  # their ReLU leaves neither below 0; ours is gated

    with torch.no_grad():
        mean, log_variance = official_condition("G1.")
        official.check(mean, "G1_mu")
        official.check(first.drawn(z, condition(mean, log_variance, noise)), "G1_img")
        _after_condition(official, first, "G2.STAGE1_G.")
        small = first.drawn(z, condition(*official_condition("G2.STAGE1_G."), noise))
        official.check(small, "G2_stage1_img")
        mean, log_variance = official_condition("G2.")
        large = second.drawn(small, condition(mean, log_variance, noise))
        official.check(large[:, :, ::4, ::4], "G2_img_stride4")
        assert divergence(mean, log_variance).item() == pytest.approx(official.input("out.KL_G2").item(), rel=1e-5)
        for number, side in ((1, 64), (2, 256)):
            critic = CaptionCritic(3, side, 2, 6, both=number == 2)
            official.into(critic, f"D{number}.")
            verdicts, features = critic.verdicts(official.input(f"x{side}"), official.input("cond"))
            official.check(features, f"D{number}_feat")
            official.check(verdicts[0].sigmoid(), f"D{number}_cond")
        official.check(verdicts[1].sigmoid(), "D2_uncond")


def _after_condition(official: Official, network: FirstImages | SecondImages, prefix: str) -> None:
    """Gives a generator the official weights but those of the augmented condition, which ours has otherwise."""
    own = {name: value for name, value in network.state_dict().items() if not name.startswith("augment.")}
    skip = ("ca_net.", "STAGE1_G.")
    theirs = [value for name, value in official.state(prefix).items() if not name.startswith(skip)]
    assert [tuple(value.shape) for value in own.values()] == [tuple(value.shape) for value in theirs]
    network.load_state_dict(dict(zip(own, theirs)), strict=False)
    network.eval()
