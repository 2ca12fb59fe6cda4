"""A thinned 1x1 convolution gives what one with a stride gives."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from saddlepoint.nn.layers.thinned import ThinnedConv2d


def test_it_is_a_convolution_with_a_stride() -> None:
    layer, maps = ThinnedConv2d(8, 16, 2), torch.randn(2, 8, 7, 6)
    assert torch.allclose(layer(maps), F.conv2d(maps, layer.weight, layer.bias, stride=2), atol=1e-6)


def test_channels_that_are_no_multiple_of_eight_are_safe() -> None:
    """Where the memory behind such a layer's output was written over, the process died some calls later."""
    layer = ThinnedConv2d(3, 4, 2, bias=False)
    for _ in range(50):
        maps = torch.randn(4, 3, 12, 12, requires_grad=True)
        (slope,) = torch.autograd.grad(layer(maps).sum(), maps)
        assert torch.allclose(slope[..., ::2, ::2], layer.weight.sum(0).expand(4, 3, 6, 6), atol=1e-5)
        assert not slope[..., 1::2, :].any()
