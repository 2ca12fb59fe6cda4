"""BiGAN: players of one forward, the best encoder of a line, and the networks of a public port of ALI."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import optimal_logit
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.bigan import ALICritic, ALIEncoder, ALIGenerator, BiGAN

TINY = {"latent": 4, "width": 8, "encoding": "normal"}
PARITY = Path(__file__).parents[1] / "parity" / "infogan_ali.npz"


def test_a_critic_that_knows_nothing_costs_both_players_as_much_and_they_step_together() -> None:
    method = BiGAN(latent=4, width=8)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    nn.init.zeros_(nets.critic.layers[-1].weight)
    (pair,) = method.train_step(nets, HandDraw(torch.rand(4, 1, 8, 8)), Clock())
    assert [update.group for update in pair] == ["critic", "coder"]
    for update in pair:
        assert [loss.item() for loss in update.losses.values()] == pytest.approx([math.log(2)] * 2)


def test_an_ali_encoder_draws_its_codes_and_says_their_mean() -> None:
    method = BiGAN(**TINY)
    nets = method.networks(DataSpec.of((1, 8, 8))).eval()
    image = torch.rand(3, 1, 8, 8)
    mean, log_deviation = nets.encoder(image).chunk(2, 1)
    drawn = method.drawn_code(nets, image, HandDraw(image, seed=1))
    noise = HandDraw(image, seed=1).noise(3, 4)
    assert torch.allclose(drawn, mean + log_deviation.exp() * noise)
    assert torch.equal(method.encode(nets, image), mean)


def test_no_pair_tells_of_the_best_encoder_of_a_line() -> None:
    """x = z + s e with z and e of N(0, 1): the encoder of slope 1 / (1 + s^2) and variance s^2 / (1 + s^2)."""
    s, slope = 0.5, 1 / (1 + 0.5**2)
    x, z = torch.randn(100, dtype=torch.float64), torch.randn(100, dtype=torch.float64)

    def density(value: torch.Tensor, mean: torch.Tensor | float, variance: float) -> torch.Tensor:
        return torch.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)

    coded = density(x, 0.0, 1 + s**2) * density(z, slope * x, s**2 * slope)
    assert optimal_logit(coded, density(z, 0.0, 1.0) * density(x, z, s**2)).abs().max() < 1e-12


def test_alis_layers_are_for_one_size() -> None:
    with pytest.raises(ConfigError, match="--layers dense"):
        BiGAN(layers="ali").networks(DataSpec.of((3, 64, 64)))


def _load(file: Any, prefix: str, module: nn.Sequential) -> None:
    own = [each for each in module if list(each.parameters())]
    numbers = sorted({int(name[len(prefix) :].split(".")[0]) for name in file.files if name.startswith(prefix)})
    for number, layer in zip(numbers, own, strict=True):
        state = layer.state_dict()
        state = {key: torch.from_numpy(file[f"{prefix}{number}.{key}"]).reshape(state[key].shape) for key in state}
        layer.load_state_dict(state)


def test_alis_networks_equal_those_of_a_public_port() -> None:
    file = np.load(PARITY)
    image, latent, noise = (torch.from_numpy(file[f"in.{name}"]) for name in ("x", "az", "aeps"))
    latent, noise = latent.flatten(1), noise.flatten(1)
    generator, critic = ALIGenerator(10, 3, 8, 0.01), ALICritic(10, 3, 16, 0.01, 0.2)
    encoder = ALIEncoder(3, 20, 16, 0.01)
    _load(file, "sd.AG.main.", generator.layers)
    generator.layers[-1].weight.data.mul_(0.5)  # a tanh of half is a sigmoid
    generator.bias.data.copy_(torch.from_numpy(file["sd.AG.output_bias"]) / 2)
    drawn = (generator.eval()(latent) + 1) / 2
    assert np.abs(drawn.detach().numpy() - file["out.ali_G"]).max() < 1e-5
    cuts = {"main1.": slice(0, 12), "main2.": slice(12, 15), "main3.": slice(15, 18)}
    for name, part in cuts.items():
        _load(file, f"sd.AE.{name}", encoder.hidden[part])
    _load(file, "sd.AE.main4.", nn.Sequential(encoder.output))
    codes = encoder.eval()(image)
    assert np.abs(codes.detach().numpy() - file["out.ali_E"][:, :, 0, 0]).max() < 1e-4
    for name, layers in (("infer_x", critic.image), ("infer_z", critic.code), ("infer_joint", critic.joint[:-1])):
        _load(file, f"sd.AD.{name}.", layers)
    critic.joint[-1].weight.data.copy_(torch.from_numpy(file["sd.AD.final.weight"]).flatten(1))
    critic.joint[-1].bias.data.copy_(torch.from_numpy(file["sd.AD.final.bias"]))
    mean, log_deviation = codes.chunk(2, 1)
    real = critic.eval()(image, mean + noise * log_deviation.exp()).sigmoid()
    fake = critic(drawn, latent).sigmoid()
    assert np.abs(real.detach().numpy() - file["out.ali_D_real"]).max() < 1e-4
    assert np.abs(fake.detach().numpy() - file["out.ali_D_fake"]).max() < 1e-4
