"""A thinned 1x1 convolution gives what one with a stride gives."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from saddlepoint.nn.layers.thinned import ThinnedConv2d


def test_it_is_a_convolution_with_a_stride() -> None:
    layer, maps = ThinnedConv2d(8, 16, 2), torch.randn(2, 8, 7, 6)
    assert torch.allclose(layer(maps), F.conv2d(maps, layer.weight, layer.bias, stride=2), atol=1e-6)
