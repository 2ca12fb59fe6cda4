"""NAFNet: blocks that begin as nothing, no activation anywhere, the published size, any side."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import ConfigError
from saddlepoint.methods.restoration.nafnet import NAFNet
from saddlepoint.nn.backbones.nafnet import ChannelNorm, NAFBlock
from saddlepoint.nn.backbones.nafnet import NAFNet as Network

TINY = {"width": 4, "encoder": (1,), "middle": 1, "decoder": (1,)}


def test_a_block_begins_as_nothing_and_has_no_activation() -> None:
    block, x = NAFBlock(8), torch.randn(2, 8, 5, 6)
    assert torch.equal(block(x), x)
    kinds = {type(each) for each in block.modules()}
    assert not kinds & {nn.ReLU, nn.GELU, nn.Sigmoid, nn.LeakyReLU, nn.SiLU}


@torch.no_grad()
def test_the_norm_is_of_the_channels_of_each_pixel() -> None:
    norm, x = ChannelNorm(3), torch.tensor([1.0, 2.0, 6.0]).view(1, 3, 1, 1).repeat(1, 1, 2, 2)
    x[..., 1, 1] *= -10  # what other pixels are changes nothing here
    norm.weight[0], norm.bias[1] = 2, 5
    wanted = (torch.tensor([1.0, 2.0, 6.0]) - 3) / (14 / 3) ** 0.5
    assert torch.allclose(norm(x)[0, :, 0, 0], wanted * torch.tensor([2, 1, 1]) + torch.tensor([0, 5, 0]), atol=1e-4)


def test_the_published_network_of_width_32_has_17_million_parameters() -> None:
    """Chen et al. 2022, table 6, of SIDD: 17.1 million (the text of its code says 17.11 M)."""
    with torch.device("meta"):
        network = Network(3, 3, 32, (1, 1, 1, 28), 1, (1, 1, 1, 1))
    assert sum(each.numel() for each in network.parameters()) == pytest.approx(17.1e6, rel=0.01)


def test_any_side_goes_in_and_the_image_skips() -> None:
    network, image = Network(3, 3, 4, (1, 1), 1, (1, 1)), torch.rand(1, 3, 7, 10)
    nn.init.zeros_(network.last.weight)
    nn.init.zeros_(network.last.bias)
    assert torch.equal(network(image), image)


def test_ways_of_different_length_are_refused() -> None:
    with pytest.raises(ConfigError, match="the same length"):
        NAFNet(encoder=(1, 1), decoder=(1,))
