"""RIDNet: the public network answers alike, and a dead tail leaves the image as it is."""

import torch
from official_networks import Official
from torch import nn

from saddlepoint.nn.backbones.ridnet import RIDNet

TINY = {"width": 4, "blocks": 1, "squeeze": 2}


def test_the_public_network_answers_alike() -> None:
    """It works on 0 to 255, and takes the mean colour of a set away before and adds it after its blocks."""
    official = Official("denoise_dncnn_ridnet_cbdnet")
    network = official.into(RIDNet(3, 3, 16), "ridnet.", ("sub_mean", "add_mean"))
    mean = 255 * torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    official.check(network(official.input("rgb255") - mean) + 2 * mean, "ridnet")


def test_where_nothing_is_found_the_image_stays() -> None:
    network, image = RIDNet(3, 3, 4, 1, 2), torch.rand(2, 3, 5, 7)
    nn.init.zeros_(network.tail.weight)
    nn.init.zeros_(network.tail.bias)
    assert torch.equal(network(image), image)
