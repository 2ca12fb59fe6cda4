"""Virtual batch norm: worked by hand for two, fixed statistics for many, and no image depends on another."""

import torch
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.gan.lsgan import LSGAN
from saddlepoint.nn.layers.virtual_batch_norm import VirtualBatchNorm, Virtually


def test_an_example_counts_as_one_of_the_reference_and_itself() -> None:
    norm = VirtualBatchNorm(1, eps=0.0)
    norm(torch.tensor([[0.0], [2.0]]))  # mean 1, mean square 2
    output = norm(torch.tensor([[5.0]]))  # mean 7/3, mean square 29/3
    assert torch.allclose(output, (torch.tensor([[5.0]]) - 7 / 3) / (29 / 3 - 49 / 9) ** 0.5)


def test_places_of_a_map_are_of_their_example() -> None:
    norm, maps = VirtualBatchNorm(3), torch.randn(4, 3, 5, 5)
    output = norm(maps)
    assert torch.allclose(output.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(output.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-4)


def test_under_a_large_reference_the_statistics_are_fixed() -> None:
    torch.manual_seed(0)
    norm, many = VirtualBatchNorm(2), torch.randn(100_000, 2) * 3 + 1
    norm(many)
    x = torch.randn(4, 2)
    assert torch.allclose(norm(x), (x - many.mean(0)) / many.std(0), atol=1e-3)


def test_an_image_does_not_depend_on_its_batch_and_the_reference_learns() -> None:
    method = LSGAN(latent=4, width=2, generator_norm="virtual", reference=8)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in nets.generator.modules())
    latent = torch.randn(6, 4)
    images = nets.generator(latent)
    assert torch.allclose(nets.generator(latent[:1]), images[:1], atol=1e-5)
    images.sum().backward()
    assert all(weight.grad is not None for weight in nets.generator.parameters())


def test_weights_of_the_norms_are_kept() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    nn.init.constant_(network[1].weight, 2.0)  # type: ignore[arg-type]
    virtual = Virtually(network, torch.randn(4, 2))
    assert torch.equal(virtual.network.get_parameter("1.weight"), torch.full((3,), 2.0))
