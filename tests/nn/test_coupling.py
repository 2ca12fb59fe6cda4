"""Layers of flows: undone exactly, log-determinants as autograd's Jacobian has them, in both directions."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.coupling import (
    ActNorm,
    Affine,
    Chain,
    Coupling,
    Interleave,
    Invertible,
    InvertibleConvolution,
    Levels,
    Logit,
    Squeeze,
    checkerboard,
    start_actnorms,
)


class Mixer(nn.Module):
    """Any function of all numbers of an example, with as many numbers a channel as are asked for."""

    def __init__(self, numbers: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.layer, self.shape = nn.Linear(numbers, math.prod(shape)), shape

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1)).tanh().unflatten(1, self.shape) * 2


def random(layer: Invertible) -> Invertible:
    """The layer in float64 with weights that are not those it begins with."""
    stream = torch.Generator().manual_seed(1)
    for parameter in layer.double().parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=stream, dtype=torch.float64)
    return layer


VECTOR, IMAGE = (6,), (2, 4, 4)
LAYERS: dict[str, tuple[Callable[[], Invertible], tuple[int, ...]]] = {
    "additive": (lambda: Coupling(Mixer(3, (3,)), "none", 6, slice(3, None)), VECTOR),
    "affine": (lambda: Coupling(Mixer(3, (6,)), "tanh", 6, slice(None, 3)), VECTOR),
    "sigmoid": (lambda: Coupling(Mixer(16, (2, 4, 4)), "sigmoid", 2, slice(1, None)), IMAGE),
    "checkerboard": (lambda: Coupling(Mixer(32, (4, 4, 4)), "tanh", 2, mask=checkerboard(4, 4)), IMAGE),
    "actnorm": (lambda: ActNorm(2), IMAGE),
    "dense 1x1": (lambda: InvertibleConvolution(2, "dense"), IMAGE),
    "plu 1x1": (lambda: InvertibleConvolution(6), VECTOR),
    "actnorm of numbers": (lambda: ActNorm(6), VECTOR),
    "range": (lambda: Affine(-2.0, 0.5), VECTOR),
    "squeeze": (lambda: Squeeze(2), IMAGE),
    "checkered squeeze": (lambda: Squeeze(2, checkered=True), IMAGE),
    "interleave": (Interleave, (5,)),
    "levels": (
        lambda: Levels(
            [Squeeze(2), Chain([Squeeze(4), InvertibleConvolution(16)])],
            [(8, 2, 2), (16, 1, 1)],
            [Mixer(16, (8, 2, 2)), Mixer(16, (32, 1, 1))],
        ),
        IMAGE,
    ),
}


def log_abs_det(function: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
    """Of the Jacobian that autograd makes, of each example."""
    size = x[0].numel()
    each = [torch.autograd.functional.jacobian(lambda one: function(one)[0], row[None]) for row in x]
    return torch.stack([torch.linalg.slogdet(jacobian.reshape(size, size)).logabsdet for jacobian in each])


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_undone_and_both_log_determinants_are_those_of_the_jacobian(name: str) -> None:
    make, shape = LAYERS[name]
    torch.manual_seed(0)
    layer = random(make())
    x = torch.randn(3, *shape, dtype=torch.float64)
    y, log_det = layer(x)
    assert torch.allclose(log_det, log_abs_det(layer, x), atol=1e-9)
    back, log_det_back = layer.inverse(y.detach())
    assert torch.allclose(back, x, atol=1e-9)
    assert torch.allclose(log_det_back, -log_det, atol=1e-9)
    assert torch.allclose(log_det_back, log_abs_det(layer.inverse, y.detach()), atol=1e-9)  # its own, not forward's
    assert {log_det.shape, log_det_back.shape} == {(3,)}


def test_a_logit_leads_from_the_unit_cube_and_says_by_how_much_it_stretches() -> None:
    layer, x = Logit(), torch.rand(3, 4, dtype=torch.float64)
    x[0, :2] = torch.tensor([0.0, 1.0])
    y, log_det = layer(x)
    assert torch.isfinite(y).all()
    assert torch.allclose(log_det, log_abs_det(layer, x), atol=1e-9)
    back, log_det_back = layer.inverse(y)
    assert torch.allclose(back, x, atol=1e-12)
    assert torch.allclose(log_det_back, log_abs_det(layer.inverse, y), atol=1e-9)


def test_a_convolution_kept_as_plu_is_the_dense_one_of_the_same_matrix() -> None:
    torch.manual_seed(0)
    plu, dense = random(InvertibleConvolution(48)), InvertibleConvolution(48, "dense").double()
    dense.matrix.data = plu.weight().detach()
    x = torch.randn(2, 48, 3, 5, dtype=torch.float64)
    for one, other in zip((*plu(x), *plu.inverse(x)), (*dense(x), *dense.inverse(x))):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_convolution_begins_as_a_rotation() -> None:
    torch.manual_seed(0)
    for form in ("plu", "dense"):
        layer = InvertibleConvolution(8, form)
        assert torch.allclose(layer.weight() @ layer.weight().T, torch.eye(8), atol=1e-5)
        assert torch.allclose(layer(torch.randn(2, 8))[1], torch.zeros(2), atol=1e-5)


def test_actnorms_start_from_the_first_batch_and_leave_a_constant_channel_finite() -> None:
    torch.manual_seed(0)
    x = torch.randn(50, 3, 4, 4) * 7 + 5
    x[:, 1] = 2.0
    flow = Chain([ActNorm(3), Affine(3.0, 1.0), ActNorm(3)])
    with torch.no_grad(), start_actnorms(flow):
        y, log_det = flow(x)
    assert torch.allclose(y.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(y.std((0, 2, 3))[[0, 2]], torch.ones(2), atol=1e-3)
    assert torch.isfinite(log_det).all()
    assert torch.equal(flow(x + 1)[1], log_det)  # they do not start again


def test_no_scale_of_a_coupling_can_overflow_a_sample() -> None:
    class Extreme(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.full((len(x), 4), -1e4)

    for scale in ("sigmoid", "tanh"):
        layer = Chain([Coupling(Extreme(), scale, 4, slice(2, None)) for _ in range(6)])
        assert torch.isfinite(layer.inverse(torch.ones(2, 4))[0]).all()


def test_the_parts_of_a_checkered_squeeze_are_spread_over_the_image() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    done = Squeeze(1, checkered=True)(image)[0][:, :2]
    assert sorted(done.flatten().tolist()) == [0, 2, 5, 7, 8, 10, 13, 15]
