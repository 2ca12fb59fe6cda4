"""DnCNN: the public network, a norm folded into its convolution, and an image in which nothing is found."""

import pytest
import torch
from official_networks import Official
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.families.restorer import mean_of_views
from saddlepoint.methods.restoration.dncnn import DnCNN
from saddlepoint.nn.backbones.dncnn import DnCNN as Network
from saddlepoint.nn.backbones.dncnn import merged

TINY = {"layers": 3, "width": 4}


def test_the_public_networks_answer_alike() -> None:
    official = Official("denoise_dncnn_ridnet_cbdnet")
    grey, colour = official.input("gray"), official.input("rgb")
    with_norm = official.into(Network(1, 8, 6), "dncnn.")
    official.check(with_norm(grey), "dncnn")
    official.check(merged(with_norm)(grey), "dncnn")
    official.check(official.into(Network(1, 8, 6, norm=False), "dncnn_r.")(grey), "dncnn_merged")
    level = torch.full_like(colour[:, :1], 25 / 255)
    told = official.into(Network(4, 8, 5, norm=False, outputs=3, residual=False), "fdncnn.")
    official.check(told(torch.cat((colour, level), 1)), "fdncnn")


@pytest.mark.parametrize(("shuffle", "size"), [(1, (5, 7)), (2, (6, 8)), (2, (5, 7))])
def test_where_no_noise_is_found_the_image_stays(shuffle: int, size: tuple[int, int]) -> None:
    network, image = Network(3, 4, 3, shuffle=shuffle, norm=False), torch.rand(2, 3, *size)
    nn.init.zeros_(network.layers[-1].weight)
    assert torch.equal(network(image), image)


def test_the_papers_network_has_17_layers_and_its_parameter_count() -> None:
    """By hand: 1 to 64, 15 of 64 to 64 with two numbers a channel of norm, 64 to 1."""
    count = sum(each.numel() for each in Network(1, 64, 17).parameters())
    assert count == (9 * 64 + 64) + 15 * (9 * 64 * 64 + 64 + 2 * 64) + (9 * 64 + 1)


def test_the_mean_of_views_turns_each_of_them_back() -> None:
    image = torch.rand(2, 3, 4, 6)
    assert torch.allclose(mean_of_views(lambda view: view, image), image, atol=1e-6)


def test_pairs_of_two_sizes_are_refused() -> None:
    small, large = Image(1, 4, 4), Image(1, 8, 8)
    with pytest.raises(ConfigError, match="use srresnet to enlarge"):
        DnCNN().networks(DataSpec({"source": small, "target": large}))
