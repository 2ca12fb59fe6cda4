"""Modulated convolution: the fast form against its reference, unit lengths, and any number of images."""

import pytest
import torch

from saddlepoint.nn.kernels.modulated import lengths, modulated, modulated_reference
from saddlepoint.nn.kernels.resample import BLUR


def maps(inputs: int = 5, outputs: int = 4, kernel: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(3, inputs, 6, 6), torch.randn(outputs, inputs, kernel, kernel), torch.rand(3, inputs) + 0.5


@pytest.mark.parametrize(("double", "kernel"), [(False, 1), (False, 3), (True, 3)])
@pytest.mark.parametrize("normalise", [False, True])
def test_the_fast_form_is_the_reference(double: bool, normalise: bool, kernel: int) -> None:
    settings = {"blur": torch.tensor(BLUR) if double else None, "normalise": normalise, "boost": 1.3}
    wanted = modulated_reference(*maps(kernel=kernel), **settings)
    assert wanted.shape == (3, 4, 12, 12) if double else (3, 4, 6, 6)
    torch.testing.assert_close(modulated(*maps(kernel=kernel), **settings), wanted, rtol=1e-4, atol=1e-4)


def test_gradients_are_the_references_too() -> None:
    grads = []
    for form in (modulated, modulated_reference):
        leaves = [part.requires_grad_() for part in maps()]
        form(*leaves, blur=torch.tensor(BLUR)).square().sum().backward()
        grads.append([leaf.grad for leaf in leaves])
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-3)


def test_demodulated_weights_have_unit_length_whatever_the_style() -> None:
    _, weight, style = maps()
    whole = weight[None] * style[:, None, :, None, None] * lengths(weight, style)[:, :, None, None, None]
    torch.testing.assert_close(whole.square().sum((2, 3, 4)), torch.ones(3, 4))


def test_an_image_does_not_depend_on_its_company() -> None:
    x, weight, style = maps()
    alone = modulated(x[1:2], weight, style[1:2])
    torch.testing.assert_close(modulated(x, weight, style)[1:2], alone)


@pytest.mark.parametrize("double", [False, True])
def test_it_can_be_differentiated_twice(double: bool) -> None:
    x, weight, style = (part.double().requires_grad_() for part in maps(2, 2))
    blur = torch.tensor(BLUR).double() if double else None
    small = x.detach()[:1, :, :3, :3].requires_grad_()
    own = style.detach()[:1].requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x, w, s: modulated(x, w, s, blur=blur), (small, weight, own))
