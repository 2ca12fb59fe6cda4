"""DeblurGAN: the public networks answer alike, and a generator that finds nothing leaves the image."""

import torch
from drive import HandDraw, play
from official_networks import Official
from torch import nn

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.deblurgan import DeblurGAN
from saddlepoint.nn.backbones.deblurgan import DeblurGenerator
from saddlepoint.nn.backbones.pyramid_deblur import PyramidDeblurGenerator

TINY = {"shape": (1, 16, 16), "width": 2, "blocks": 1, "critic_width": 2, "halvings": 1, "critic_steps": 1}


def test_the_public_generators_answer_alike() -> None:
    """They have one convolution in a block; the instance norm of one keeps statistics and uses them afterwards."""
    official = Official("deblurgan")

    def tracked(width: int) -> nn.Module:
        return nn.InstanceNorm2d(width, track_running_stats=True)

    network = official.into(DeblurGenerator(3, 8, 3, norm=tracked, single=True), "G.")
    official.check(network(official.input("x")), "G_instance")


def test_the_public_pyramid_answers_alike() -> None:
    """An eighth of its width; its instance norm keeps statistics too."""
    official = Official("deblurganv2")

    def tracked(width: int) -> nn.Module:
        return nn.InstanceNorm2d(width, track_running_stats=True)

    network = official.into(PyramidDeblurGenerator(3, 8, norm=tracked))
    for level, maps in enumerate(network.pyramid(official.input("x"))):
        official.check(maps, f"fpn_map{level}")
    official.check(network(official.input("x")), "out")


def test_the_relativistic_game_has_two_critics_and_no_penalty() -> None:
    image = Image(1, 64, 64)
    method = DeblurGAN(
        network="pyramid", game="relativistic", width=4, critic_width=2, halvings=1, critic_steps=1, squares=0.5
    )
    nets = method.networks(DataSpec({"source": image, "target": image}))
    assert len(nets.far_critic.layers) > len(nets.critic.layers)
    batch = PairedBatch(torch.rand(2, 1, 64, 64), torch.rand(2, 1, 64, 64))
    critics, generator = play(method, nets, HandDraw(batch))
    assert critics.losses.keys() == {f"{name}_{side}" for name in ("critic", "far_critic") for side in ("real", "fake")}
    assert generator.losses.keys() == {"fake", "content", "squares"}
    restored = method.translate(nets, batch.source, "source")
    assert restored.shape == batch.source.shape


def test_a_generator_that_finds_nothing_leaves_the_image() -> None:
    network, image = DeblurGenerator(3, 2, 1), torch.rand(1, 3, 8, 12)
    nn.init.zeros_(network.layers[-2].weight)
    nn.init.zeros_(network.layers[-2].bias)
    assert torch.equal(network(image), image)


def test_the_critic_moves_so_often_before_the_generator() -> None:
    image = Image(1, 16, 16)
    method = DeblurGAN(width=2, blocks=1, critic_width=2, halvings=1, critic_steps=2)
    nets = method.networks(DataSpec({"source": image, "target": image}))
    draw = HandDraw(PairedBatch(torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16)))
    assert [update.group for update in play(method, nets, draw)] == ["critic", "critic", "generator"]
    assert draw.draws == 2
