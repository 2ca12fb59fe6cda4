"""DeepDeblur: the public network answers alike, one scale is a plain network, and the loss is the sum by hand."""

import pytest
import torch
from drive import HandDraw, play
from official_networks import Official

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.deep_deblur import DeepDeblur
from saddlepoint.nn.backbones.deblurring import DeepDeblurNet

TINY = {"shape": (1, 16, 16), "scales": 2, "width": 4, "blocks": 1, "kernel": 3, "adversarial": 0.1, "critic_width": 2}


def test_the_public_network_answers_alike() -> None:
    """It works on 0 to 255 about 127.5."""
    official = Official("deepdeblur_ahdrnet")
    network = official.into(DeepDeblurNet(3, 8, 2), "ms.")
    for number, result in enumerate(network.scales([official.input(f"x{scale}") - 127.5 for scale in range(3)])):
        official.check(result + 127.5, f"y{number}")


def test_one_scale_is_a_plain_network_and_any_side_goes_in() -> None:
    single, image = DeepDeblurNet(3, 4, 1, scales=1), torch.rand(1, 3, 7, 9)
    assert torch.equal(single(image), single.bodies[0](image))
    assert DeepDeblurNet(3, 4, 1, scales=3)(image).shape == image.shape


def test_the_content_is_half_the_sum_over_scales_and_the_critic_comes_first() -> None:
    image = Image(1, 16, 16)
    method = DeepDeblur(scales=2, width=4, blocks=1, kernel=3, adversarial=0.5, critic_width=2)
    nets = method.networks(DataSpec({"source": image, "target": image}))
    pair = PairedBatch(torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16))
    critic, restorer = play(method, nets, HandDraw(pair))
    assert (critic.group, restorer.group) == ("critic", "restorer")
    fine, coarse = nets.restorer.scales(nets.restorer.pyramid(pair.source))
    halved = torch.nn.functional.avg_pool2d(pair.target, 2)
    by_hand = ((fine - pair.target).abs().mean() + (coarse - halved).abs().mean()) / 2
    assert restorer.losses["content"].item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_a_side_that_cannot_be_halved_so_often_is_refused() -> None:
    image = Image(1, 18, 18)
    with pytest.raises(ConfigError, match="--resolution 16x16"):
        DeepDeblur().networks(DataSpec({"source": image, "target": image}))
