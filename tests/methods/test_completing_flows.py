"""Flows complete images: a chain whose law is the density given what is known, here against sums over a grid."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import generator
from saddlepoint.methods.abilities import Completes, Sampling
from saddlepoint.methods.families.invertible import moves_within
from saddlepoint.methods.flow.nice import NICE

METHOD = NICE(completion_moves=10, couplings=2, widths=(8,))


def test_the_law_of_the_chain_is_the_density_given_what_is_known() -> None:
    def log_density(points: Tensor) -> Tensor:  # two modes of the second number, whose weights the first one sets
        first, second = points[:, 0], points[:, 1]
        modes = torch.stack([-((second - 1) ** 2) / 0.18 + first, -((second + 1) ** 2) / 0.18 - first])
        return torch.logsumexp(modes, 0)

    start = torch.stack([torch.full((250,), 0.3), torch.linspace(-1, 1, 250)], 1)
    free = torch.tensor([False, True]).expand(250, 2)
    streams = [generator(0, "row", row) for row in range(250)]
    ended = moves_within(log_density, start, free, streams, moves=100)
    grid = torch.stack([torch.full((4001,), 0.3), torch.linspace(-4, 4, 4001)], 1)
    share = log_density(grid).softmax(0)
    assert torch.equal(ended[:, 0], start[:, 0])
    assert ended[:, 1].mean().item() == pytest.approx((share * grid[:, 1]).sum().item(), abs=0.25)
    assert ended[:, 1].square().mean().item() == pytest.approx((share * grid[:, 1] ** 2).sum().item(), rel=0.12)


def test_a_normal_density_is_met_in_mean_and_deviation() -> None:
    start = torch.zeros(300, 1, 1, 2)
    known = torch.tensor([True, False]).expand(300, 1, 1, 2)
    law = partial(_normal, along=0.8)
    ended = moves_within(law, start + 1.0, ~known, [generator(1, "row", row) for row in range(300)], moves=100)
    assert ended[..., 1].mean().item() == pytest.approx(0.8, abs=0.12)
    assert ended[..., 1].std().item() == pytest.approx(math.sqrt(1 - 0.8**2), abs=0.08)


def _normal(points: Tensor, along: float) -> Tensor:
    first, second = points[:, 0, 0, 0], points[:, 0, 0, 1]
    return -(first**2 - 2 * along * first * second + second**2) / (2 * (1 - along**2))


def test_known_pixels_stay_and_rows_do_not_mix() -> None:
    nets = METHOD.networks(DataSpec.of((1, 4, 4))).eval().requires_grad_(False)
    assert isinstance(METHOD, Completes)
    image, latents = torch.linspace(-1, 1, 16).view(1, 1, 4, 4).expand(3, 1, 4, 4), METHOD.latents(nets, 3, 0)
    completed = METHOD.generate(nets, latents, Sampling({"image": image}))
    assert torch.equal(completed[:, :, :2], image[:, :, :2])
    assert completed[:, :, 2:].flatten(1).unique(dim=0).shape[0] == 3
    alone = METHOD.generate(nets, latents[1:2], Sampling({"image": image[:1]}))
    assert torch.allclose(alone, completed[1:2], atol=1e-4)
    with pytest.raises(CapabilityError, match="give the image as well"):
        METHOD.generate(nets, latents, Sampling({"mask": torch.ones(3, 1, 4, 4)}))
    assert METHOD.completions(METHOD.networks(DataSpec.of((2,)))) == {}
