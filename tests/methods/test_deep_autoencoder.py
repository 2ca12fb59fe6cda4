"""Deep autoencoders: the gradient of CD-1 by hand, what moves when, the unrolled network as its machines composed."""

from pathlib import Path

import pytest
import torch
from drive import HandDraw
from torch import Tensor

import saddlepoint
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.abilities import Reconstructs, Translates
from saddlepoint.methods.autoencoder.deep_autoencoder import DeepAutoencoder, hidden_mean, unroll, visible_mean
from saddlepoint.methods.base import Clock, Networks

TINY = {"widths": (12, 6), "latent": 3, "pretraining": 16}
METHOD = DeepAutoencoder(**TINY)
DATA = DataSpec.of((1, 4, 4))


def images(n: int = 10) -> Tensor:
    return torch.rand(n, 1, 4, 4, generator=torch.Generator().manual_seed(3)) * 2 - 1


def test_the_gradient_of_a_machine_is_that_of_contrastive_divergence() -> None:
    nets, draw = METHOD.networks(DATA), HandDraw(images())
    update = next(METHOD.train_step(nets, draw, Clock(stage=0)))
    torch.stack(list(update.losses.values())).sum().backward()
    machine, x = nets.machine0, (images().flatten(1) + 1) / 2  # brightness is the probability of white
    hidden = torch.sigmoid(x @ machine.weight + machine.hidden_bias)
    states = (HandDraw(images()).uniform(10, 12) < hidden).float()
    seen = torch.sigmoid(states @ machine.weight.T + machine.visible_bias)  # a probability, no draw
    answer = torch.sigmoid(seen @ machine.weight + machine.hidden_bias)
    assert torch.allclose(machine.weight.grad, -(x.T @ hidden - seen.T @ answer) / 10, atol=1e-6)
    assert torch.allclose(machine.visible_bias.grad, -(x - seen).mean(0), atol=1e-6)
    assert torch.allclose(machine.hidden_bias.grad, -(hidden - answer).mean(0), atol=1e-6)


def test_each_stage_moves_its_own_machine_and_the_last_one_the_unrolled_network() -> None:
    nets = METHOD.networks(DATA)
    for stage, name in enumerate(("machine0", "machine1", "machine2", "unrolled")):
        nets.zero_grad()
        update = next(METHOD.train_step(nets, HandDraw(images()), Clock(stage=stage)))
        assert update.group == name
        torch.stack(list(update.losses.values())).sum().backward()
        moved = {path.split(".")[0] for path, weight in nets.named_parameters() if weight.grad is not None}
        assert moved == {name}
    assert [stage.examples for stage in METHOD.stages()] == [16, 16, 16, None]


def test_the_unrolled_network_is_the_machines_one_after_the_other() -> None:
    nets = METHOD.networks(DATA)
    for layer in range(3):
        unroll(nets, layer)
    x = nets.pixels.rows(images())
    machines = [getattr(nets, f"machine{k}").machine() for k in range(3)]
    code = x
    for k, machine in enumerate(machines):
        code = hidden_mean(machine, code, linear=k == 2)
    assert torch.allclose(METHOD.encode(nets, images()), code, atol=1e-6)
    back = code
    for machine in reversed(machines):
        back = visible_mean(machine, back, linear=False)
    assert torch.allclose((METHOD.reconstruct(nets, images()).flatten(1) + 1) / 2, back, atol=1e-6)


def test_decoder_weights_begin_as_transposes_and_are_untied_after(tmp_path: Path) -> None:
    def nets(examples: int) -> Networks:
        out = tmp_path / str(examples)
        return (
            saddlepoint.train("deep_autoencoder", data="digits", batch=8, examples=examples, out=out, **TINY)
            .model()
            .nets
        )

    unrolled, before = nets(80).unrolled, nets(48)
    assert not torch.allclose(unrolled.weights[0], unrolled.weights_back[0].T, atol=1e-6)
    assert torch.equal(before.unrolled.weights[0], before.unrolled.weights_back[0].T)
    assert torch.equal(before.unrolled.weights[0], before.machine0.weight.T)


def test_the_code_layer_is_linear_and_its_states_have_noise() -> None:
    nets = METHOD.networks(DATA)
    with torch.no_grad():
        nets.unrolled.biases[2].fill_(40)
    assert METHOD.encode(nets, images()).min() > 10  # a sigmoid would end at 1
    rates = {name: spec.lr for name, spec in METHOD.optimisers().items()}
    assert rates["machine0"] == 0.1
    assert rates["machine2"] == pytest.approx(0.001)


def test_gaussian_pixels_are_standardised_and_linear() -> None:
    method = DeepAutoencoder(visible="gaussian", **TINY)
    nets = method.networks(DATA)
    method.prepare(nets, lambda n: ImageBatch(images(50)[:n]))
    rows = nets.pixels.rows(images(50))
    assert rows.mean().item() == pytest.approx(0, abs=1e-5)
    assert rows.square().mean().item() == pytest.approx(1, abs=1e-4)
    assert torch.allclose(nets.pixels.images(rows), images(50), atol=1e-5)
    assert method.optimisers()["machine0"].lr == pytest.approx(0.001)
    assert method.reconstruct(nets, images()).shape == (10, 1, 4, 4)


def test_it_makes_images_again_and_refuses_points() -> None:
    assert isinstance(METHOD, Reconstructs)
    assert isinstance(METHOD, Translates)
    with pytest.raises(ConfigError, match="black and a white"):
        METHOD.networks(DataSpec.of((2,)))
