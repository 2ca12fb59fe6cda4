"""Convolutions that are differentiated twice: the same numbers as torch's own, whatever their form."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.kernels.double_backward import differentiable_twice

Shape = tuple[int, ...]

FORMS: dict[str, tuple[Callable[..., Tensor], Shape, Shape, dict[str, Any]]] = {
    "plain": (F.conv2d, (2, 4, 5, 5), (6, 4, 3, 3), {"padding": 1}),
    "stride, groups, dilation": (
        F.conv2d,
        (2, 4, 9, 8),
        (6, 2, 3, 3),
        {"stride": (2, 1), "groups": 2, "dilation": (1, 2)},
    ),
    "one axis": (F.conv1d, (2, 4, 5), (6, 4, 1), {}),
    "three axes": (F.conv3d, (1, 2, 3, 4, 4), (3, 2, 2, 2, 2), {"stride": [2]}),
    "transposed": (F.conv_transpose2d, (2, 4, 3, 3), (4, 3, 4, 4), {"stride": 2, "padding": 1}),
    "transposed, groups": (
        F.conv_transpose2d,
        (2, 4, 3, 3),
        (4, 1, 3, 3),
        {"stride": 2, "groups": 2, "output_padding": 1},
    ),
    "a word": (F.conv2d, (2, 4, 5, 5), (6, 4, 3, 3), {"padding": "same"}),
    "no batch": (F.conv2d, (4, 5, 5), (6, 4, 3, 3), {}),
}


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).requires_grad_()


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("biased", [True, False])
def test_gradients_of_gradients_are_those_of_torch(name: str, biased: bool) -> None:
    convolve, shape, kernel, options = FORMS[name]
    outputs = kernel[1] * options.get("groups", 1) if convolve is F.conv_transpose2d else kernel[0]
    inputs = [random(*shape, seed=0), random(*kernel, seed=1)] + [random(outputs, seed=2)] * biased

    def second() -> tuple[Tensor, ...]:
        """All that follows from slopes by each input: what a penalty on all of them trains by."""
        value = convolve(*inputs, **options).sin().sum()
        slopes = torch.autograd.grad(value, inputs, create_graph=True)
        return value, *slopes, *torch.autograd.grad(sum(slope.square().sum() for slope in slopes), inputs)

    with differentiable_twice("cpu"):
        found = second()
    for own, theirs in zip(found, second()):
        torch.testing.assert_close(own, theirs, rtol=1e-10, atol=1e-10)


def test_weights_that_are_not_trained_get_no_gradient() -> None:
    image, weight = random(1, 2, 4, 4, seed=0), random(3, 2, 3, 3, seed=1).detach()
    with differentiable_twice("cpu"):
        value = F.conv2d(image, weight).square().sum()
        (slope,) = torch.autograd.grad(value, image, create_graph=True)
    slope.square().sum().backward()
    assert image.grad is not None
    assert weight.grad is None


def test_a_penalty_in_bfloat16_is_that_of_float32_but_for_rounding() -> None:
    images, weight = random(4, 8, 8, 8, seed=0).float().detach(), random(16, 8, 3, 3, seed=1).float().detach()

    def trained(precision: torch.dtype) -> Tensor:
        maps, kernel = images.clone().requires_grad_(), weight.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision is torch.bfloat16):
            with differentiable_twice("cpu"):
                value = F.conv2d(maps, kernel, padding=1)
            assert value.dtype == precision
            with torch.autocast("cpu", enabled=False):
                (slope,) = torch.autograd.grad(value.float().sigmoid().sum(), maps, create_graph=True)
        slope.square().sum().backward()
        assert kernel.grad is not None
        return kernel.grad

    exact, rounded = trained(torch.float32), trained(torch.bfloat16)
    assert (rounded - exact).norm() / exact.norm() < 0.05
