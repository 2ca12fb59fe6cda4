"""BigGAN: parts of the latent, orthogonality by hand, standing statistics, and the official networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.abilities import by_label
from saddlepoint.methods.gan.biggan import BigGAN, off_diagonal
from saddlepoint.nn.backbones.biggan import BigGANCritic, BigGANGenerator, attending_blocks, critic_maps, generator_maps
from saddlepoint.nn.layers.class_norm import stand

TINY = {"latent": 6, "shared": 3, "width": 2, "critic_steps": 1, "attention": 4}
PARITY = Path(__file__).parents[1] / "parity" / "biggan_GD_32.npz"
SMALL = BigGAN(latent=6, shared=3, width=2, attention=0)
SPEC = DataSpec.of((1, 16, 16), ("a", "b"))


def test_widths_are_the_authors() -> None:
    assert [generator_maps(side) for side in (32, 64, 128)] == [[4] * 4, [16, 16, 8, 4, 2], [16, 16, 8, 4, 2, 1]]
    assert critic_maps(64) == ([1, 2, 4, 8, 16], [True] * 4 + [False])
    assert critic_maps(128) == ([1, 2, 4, 8, 16, 16], [True] * 5 + [False])
    assert attending_blocks(128, 64) == (0,)
    assert attending_blocks(64, 64) == ()


def test_each_block_has_a_part_of_the_latent_and_the_rest_is_left_out() -> None:
    torch.manual_seed(0)
    generator = SMALL.networks(SPEC).generator.eval()
    latent, label = torch.randn(1, 8), torch.zeros(1, dtype=torch.int64)
    generator.part = 2
    slope = torch.autograd.functional.jacobian(lambda z: generator(z, label).square().sum(), latent)[0]
    assert (slope[:6] != 0).all()
    assert (slope[6:] == 0).all()
    with pytest.raises(ConfigError, match="--latent 3 or more"):
        BigGAN(latent=2, width=2).networks(SPEC)


def test_orthogonality_is_that_of_rows_without_the_diagonal() -> None:
    layer = nn.Linear(2, 3, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    assert off_diagonal(layer).item() == 2 * (0 + 1 + 4)
    assert off_diagonal(nn.ModuleDict({"shared": nn.Embedding(3, 2)})).item() == 0


def test_standing_statistics_are_the_mean_over_batches() -> None:
    norm = nn.Sequential(nn.BatchNorm2d(1)).eval()
    batches = [torch.full((2, 1, 1, 1), value) for value in (1.0, 2.0, 6.0)]
    stand(norm, (lambda batch=batch: norm(batch) for batch in batches))
    assert norm[0].running_mean.item() == 3.0
    assert not norm[0].training
    assert norm[0].momentum == 0.1
    nets = SMALL.networks(SPEC).eval()
    before = nets.generator.norm.running_var.clone()
    SMALL.standing(nets, batches=2, batch=4)
    assert not torch.equal(nets.generator.norm.running_var, before)


def test_less_truncation_gives_more_variety() -> None:
    torch.manual_seed(0)
    nets = SMALL.networks(SPEC).eval()
    latents, label = SMALL.latents(nets, 64, 0), torch.zeros(64, dtype=torch.int64)
    spread = [SMALL.generate(nets, latents, by_label(label, truncation=by)).var(0).mean() for by in (0.1, 0.5, 1.0)]
    assert spread[0] < spread[1] < spread[2]


def _normed(module: Any, file: Any, name: str) -> None:
    """The official weights, and the two vectors that their one step of power iteration comes to."""
    weight, u = torch.from_numpy(file[f"{name}.weight"]), torch.from_numpy(file[f"{name}.u0"])
    rows = weight.flatten(1)
    v = F.normalize(u @ rows, eps=1e-8)
    u = F.normalize(v @ rows.T, eps=1e-8)
    module.parametrizations.weight.original.data.copy_(weight)
    module.parametrizations.weight[0]._u.copy_(u[0])
    module.parametrizations.weight[0]._v.copy_(v[0])
    if f"{name}.bias" in file:
        module.bias.data.copy_(torch.from_numpy(file[f"{name}.bias"]))


def _attention(module: Any, file: Any, name: str) -> None:
    for own, other in (("theta", "theta"), ("phi", "phi"), ("value", "g"), ("out", "o")):
        _normed(getattr(module, own), file, f"{name}.{other}")
    module.gate.data.copy_(torch.from_numpy(file[f"{name}.gamma"]))


def test_the_networks_equal_the_official_ones() -> None:
    file = np.load(PARITY)
    z, y, x = (torch.from_numpy(file[f"in.{name}"]) for name in ("z", "y", "x"))
    generator = BigGANGenerator(32, 3, 32, 4, 5, shared=12, attention=16).eval()
    assert generator.shared is not None
    generator.shared.weight.data.copy_(torch.from_numpy(file["sd.G.shared.weight"]))
    _normed(generator.project, file, "sd.G.linear")
    for number, block in enumerate(generator.blocks):
        name = f"sd.G.blocks.{number}.0"
        for own, other in (("conv1", "conv1"), ("conv2", "conv2"), ("shortcut", "conv_sc")):
            _normed(getattr(block, own), file, f"{name}.{other}")
        for own, other in (("norm1", "bn1"), ("norm2", "bn2")):
            norm: Any = getattr(block, own)
            _normed(norm.gain, file, f"{name}.{other}.gain")
            _normed(norm.shift, file, f"{name}.{other}.bias")
            norm.norm.running_mean.copy_(torch.from_numpy(file[f"{name}.{other}.stored_mean"]))
            norm.norm.running_var.copy_(torch.from_numpy(file[f"{name}.{other}.stored_var"]))
    _attention(generator.attend["1"], file, "sd.G.blocks.1.1")
    last = {"weight": "gain", "bias": "bias", "running_mean": "stored_mean", "running_var": "stored_var"}
    for own, other in last.items():
        getattr(generator.norm, own).data.copy_(torch.from_numpy(file[f"sd.G.output_layer.0.{other}"]))
    _normed(generator.output, file, "sd.G.output_layer.2")
    images = generator(z, y)
    assert np.abs(images.detach().numpy() - file["out.G_img"]).max() < 1e-4
    critic = BigGANCritic(3, 32, 4, 5, attend=(0, 1, 2, 3)).eval()
    for number, down in enumerate(critic.blocks):
        name = f"sd.D.blocks.{number}.0"
        for own, other in (("conv1", "conv1"), ("conv2", "conv2"), ("shortcut", "conv_sc")):
            if f"{name}.{other}.weight" in file:
                _normed(getattr(down, own), file, f"{name}.{other}")
        _attention(critic.attend[str(number)], file, f"sd.D.blocks.{number}.1")
    _normed(critic.output, file, "sd.D.linear")
    _normed(critic.classes, file, "sd.D.embed")
    for images, wanted in ((x, "out.D_real"), (torch.from_numpy(file["out.G_img"]), "out.D_fake")):
        score = file[wanted][:, 0]
        assert np.abs(critic(images, y).detach().numpy() - score).max() < 1e-4 * max(1, np.abs(score).max())
