"""3D-GAN: layers of the paper, a critic that rests, and one batch learnt."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, LabelledVolumeBatch, VolumeBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.abilities import by_label
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.gan3d import GAN3D

TINY = {"shape": (1, 8, 8, 8), "latent": 6, "generator_width": 4, "critic_width": 4, "critic_accuracy": 1.0}


def spec(side: int) -> DataSpec:
    return DataSpec({"volume": Volume(1, side, side, side)})


def test_the_papers_generator_has_its_maps_and_17_6_million_weights() -> None:
    with torch.device("meta"):
        nets = GAN3D().networks(spec(64))
    assert sum(p.numel() for p in nets.generator.parameters()) / 1e6 == pytest.approx(17.6, abs=0.05)
    shapes = [tuple(layer.weight.shape[:2]) for layer in nets.generator.layers if hasattr(layer, "stride")]
    assert shapes == [(200, 512), (512, 256), (256, 128), (128, 64), (64, 1)]


def test_volumes_have_the_side_of_the_data_and_lie_between_0_and_1() -> None:
    nets = GAN3D(latent=6, generator_width=4, critic_width=4).networks(spec(16))
    volumes = nets.generator(torch.randn(3, 6))
    assert volumes.shape == (3, 1, 16, 16, 16)
    assert ((volumes > 0) & (volumes < 1)).all()
    assert nets.critic(volumes).shape == (3,)


@pytest.mark.parametrize(("accuracy", "moves"), [(0.9, ["generator"]), (0.75, ["critic", "generator"])])
def test_the_critic_rests_after_a_batch_that_it_told_apart_too_well(accuracy: float, moves: list[str]) -> None:
    method = GAN3D(latent=6, generator_width=4, critic_width=4)
    nets = method.networks(spec(8))
    nets.accuracy.value.fill_(accuracy)
    draw: Any = HandDraw(VolumeBatch(torch.rand(4, 1, 8, 8, 8)))
    updates = list(method.train_step(nets, draw, Clock()))
    assert [update.group for update in updates] == moves
    assert 0 <= float(updates[-1].watch["accuracy"]) <= 1


def test_both_players_hear_the_class_where_it_is_asked_for() -> None:
    method = GAN3D(latent=6, generator_width=4, critic_width=4, critic_accuracy=1.0, by_class=True)
    assert method.takes is LabelledVolumeBatch
    assert GAN3D().takes is VolumeBatch
    nets = method.networks(DataSpec({"volume": Volume(1, 8, 8, 8)}, ("chair", "table")))
    batch = LabelledVolumeBatch(torch.rand(4, 1, 8, 8, 8), torch.tensor([0, 1, 1, 0]))
    draw: Any = HandDraw(batch)
    for update in method.train_step(nets, draw, Clock()):
        torch.stack(list(update.losses.values())).sum().backward()
    assert nets.generator.layers[0].weight.grad[6:].abs().sum() > 0
    assert nets.critic.layers[0].weight.grad[:, 1:].abs().sum() > 0
    nets.eval()
    latents = method.latents(nets, 1, 0).expand(2, -1)
    chair, table = method.generate(nets, latents, by_label(torch.tensor([0, 1])))
    assert not torch.equal(chair, table)
    assert str(method.conditions(nets)["label"]) != ""
    with pytest.raises(CapabilityError, match="give a label"):
        method.generate(nets, latents)
    with pytest.raises(ConfigError, match="no labels to hear"):
        method.networks(spec(8))
    with pytest.raises(CapabilityError, match="trained without labels"):
        GAN3D().check_given(by_label(torch.tensor([0])))


def test_other_data_and_sides_are_refused() -> None:
    with pytest.raises(ConfigError, match="8, 16, 32 or 64 voxels"):
        GAN3D().networks(spec(12))
    with pytest.raises(ConfigError, match="volumes of one channel"):
        GAN3D().networks(DataSpec.of((1, 8, 8)))
