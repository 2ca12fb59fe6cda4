"""InfoGAN: the bound of the information by hand, codes from latents, and the networks of a public port."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.infogan import InfoGAN, InfoGANCritic, InfoGANGenerator, Recogniser, unlikelihood
from saddlepoint.metrics.proofs.discovered_classes import matched

TINY = {"latent": 4, "categories": 3, "numbers": 2, "width": 2}
PARITY = Path(__file__).parents[1] / "parity" / "infogan_ali.npz"


def test_the_bound_is_the_entropy_for_a_perfect_reading_and_nothing_for_an_even_one() -> None:
    method = InfoGAN(latent=2, categories=10, numbers=0, width=2)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    for fixed in (nets.recogniser.category.weight, nets.recogniser.category.bias):
        torch.nn.init.zeros_(fixed)
    *_, generator = method.train_step(nets, HandDraw(torch.rand(8, 1, 8, 8)), Clock())
    assert generator.losses["category"].item() == pytest.approx(math.log(10), abs=1e-5)
    assert generator.watch["information"].item() == pytest.approx(0, abs=1e-5)
    assert method._entropy() == pytest.approx(math.log(10))


def test_a_linear_gaussian_code_has_the_information_of_the_textbook() -> None:
    torch.manual_seed(0)
    code, noise = torch.randn(200_000, 1), 0.5 * torch.randn(200_000, 1)
    mean, variance = (code + noise) / 1.25, torch.tensor(0.25 / 1.25)  # of c given x = c + n
    bound = 0.5 * math.log(2 * math.pi * math.e) - unlikelihood(code, mean, variance.log().expand_as(mean)).item()
    assert bound == pytest.approx(0.5 * math.log(1 + 1 / 0.25), abs=0.01)


def test_the_category_of_a_latent_is_its_largest_choice_and_each_is_as_likely() -> None:
    method = InfoGAN(**TINY)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    category, numbers = nets.generator.codes(method.latents(nets, 3000, 0))
    assert torch.bincount(category).tolist() == pytest.approx([1000] * 3, rel=0.1)
    assert numbers.shape == (3000, 2)


def test_codes_are_paired_with_classes_as_fits_best() -> None:
    assert matched(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 0]), 2) == 0.75


def test_a_side_that_four_does_not_divide_is_refused() -> None:
    with pytest.raises(ConfigError, match="--resolution 28"):
        InfoGAN().networks(DataSpec.of((1, 30, 30)))


def _load(file: Any, prefix: str, pairs: dict[str, torch.nn.Module]) -> None:
    for name, module in pairs.items():
        own = module.state_dict()
        for key in own:
            if f"{prefix}{name}.{key}" in file:
                own[key] = torch.from_numpy(file[f"{prefix}{name}.{key}"]).reshape(own[key].shape)
        module.load_state_dict(own)


def test_the_networks_equal_those_of_a_public_port() -> None:
    file = np.load(PARITY)
    generator = InfoGANGenerator(62, 10, 2, (1, 28, 28), 2)
    generator.dense[0], generator.dense[1] = torch.nn.Linear(74, 32, bias=False), torch.nn.BatchNorm1d(32)
    dense, maps = generator.dense, generator.maps
    _load(file, "sd.G.", {"bn1": dense[1], "bn2": maps[0], "tconv3": maps[2], "bn3": maps[3], "tconv4": maps[5]})
    # a transposed convolution of one pixel is a dense layer; half a tanh is a sigmoid
    dense[0].weight.data.copy_(torch.from_numpy(file["sd.G.tconv1.weight"])[:, :, 0, 0].T)
    dense[3].weight.data.copy_(torch.from_numpy(file["sd.G.tconv2.weight"]).flatten(1).T)
    maps[5].weight.data.mul_(0.5)
    image = generator.eval().decode(torch.from_numpy(file["in.z"])[:, :, 0, 0])
    assert np.abs((image.detach().numpy() + 1) / 2 - file["out.infogan_img"]).max() < 1e-5
    critic = InfoGANCritic((1, 28, 28), 2, 0.1)
    trunk = critic.trunk
    trunk[0] = torch.nn.Conv2d(1, 2, 4, 2, 1)  # the port's has a bias
    names = {"conv1": trunk[0], "conv2": trunk[2], "bn2": trunk[3], "conv3": trunk[6], "bn3": trunk[7]}
    _load(file, "sd.D.", names)
    _load(file, "sd.H.", {"conv": critic.output})
    critic.eval()
    real = torch.from_numpy(file["out.infogan_img"])
    assert np.abs(critic(real).sigmoid().detach().numpy() - file["out.infogan_D"].ravel()).max() < 1e-5
    reader = Recogniser(2, 10, 2, 0.1, learnt=True)
    assert reader.mean is not None
    assert reader.log_variance is not None
    heads = {"conv_disc": reader.category, "conv_mu": reader.mean, "conv_var": reader.log_variance}
    _load(file, "sd.Q.", {"conv1": reader.hidden[0], "bn1": reader.hidden[1], **heads})
    logits, mean, log_variance = reader.eval()(critic.features(real))
    assert np.abs(logits.detach().numpy() - file["out.infogan_q_disc"]).max() < 1e-4
    assert np.abs(log_variance.exp().detach().numpy() / file["out.infogan_q_var"] - 1).max() < 1e-4
    loss = unlikelihood(torch.from_numpy(file["in.con"]), mean, log_variance).item()
    assert loss == pytest.approx(file["out.infogan_nll"].item(), rel=1e-4)
