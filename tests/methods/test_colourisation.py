"""Colourisation: colours there and back, soft codes, rare colours that count more, and the two ends of the
temperature."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.colourisation import Colourisation, Colours, centres, lightness_of
from saddlepoint.nn.layers.lab import to_lab, to_rgb

TINY = {"shape": (3, 8, 8), "source_shape": (1, 8, 8), "width": 4, "depth": 2, "coarse": 2}


def test_colours_go_to_lab_as_elsewhere_and_back() -> None:
    rgb = torch.rand(2, 3, 4, 5)
    lab = to_lab(rgb)
    assert np.allclose(lab.numpy(), rgb2lab(rgb.numpy(), channel_axis=1), atol=2e-2)
    assert torch.allclose(to_rgb(lab), rgb, atol=1e-4)


def test_about_as_many_squares_as_the_authors_have_hold_a_colour() -> None:
    """Theirs are 313, with some at the border that sRGB does not reach."""
    assert 240 <= len(centres()) <= 320
    assert (centres() % 10 == 0).all()


def test_a_soft_code_sums_to_one_and_its_mean_is_near_the_colour() -> None:
    colours, image = Colours(2, 1, 1), torch.rand(1, 3, 4, 4) * 2 - 1
    nearest, shares = colours.code(image)
    assert torch.allclose(shares.sum(-1), torch.ones(1, 4, 4))
    mean = (colours.centres[nearest] * shares[..., None]).sum(-2)
    true = to_lab((image + 1) / 2)[:, 1:].permute(0, 2, 3, 1)
    assert (mean - true).norm(dim=-1).max() < 8


def test_the_likeliest_colour_and_the_mean_are_the_ends_of_the_temperature() -> None:
    colours = Colours(2, 1, 1)
    logits = torch.zeros(1, len(colours.centres), 1, 1)
    logits[0, 3], logits[0, 7] = 9.0, 8.0
    assert torch.equal(colours.annealed(logits, 0)[0, :, 0, 0], colours.centres[3])
    mean = torch.softmax(logits[0, :, 0, 0], 0) @ colours.centres
    assert torch.allclose(colours.annealed(logits, 1)[0, :, 0, 0], mean, atol=1e-4)
    cold = colours.annealed(logits, 0.02)[0, :, 0, 0]
    assert torch.allclose(cold, colours.centres[3], atol=1e-3)


def test_rare_colours_count_more_and_the_mean_weight_is_one() -> None:
    colours = Colours(2, 1, 1)
    image = torch.zeros(4, 3, 4, 4)
    image[0, 0] = 1.0
    colours.weigh(image, 0.5)
    nearest, shares = colours.code(image)
    rare, common = (colours.weight[nearest[row, 0, 0, 0]] for row in (0, 1))
    assert rare > common
    assert (colours.weight[nearest] * shares).sum((1, 2, 3)).mean().item() == pytest.approx(16, rel=1e-4)


def test_pairs_that_are_not_grey_and_colour_are_refused() -> None:
    with pytest.raises(ConfigError, match="grey:FOLDER"):
        Colourisation().networks(DataSpec({"source": Image(3, 8, 8), "target": Image(3, 8, 8)}))


def test_colours_have_the_luma_that_was_given() -> None:
    """Of a true image, with its own colours, the image itself; not what the lightness of its grey would give."""
    image = torch.rand(2, 3, 6, 6)
    grey = (image * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    plane = to_lab(image)[:, 1:]
    again = to_rgb(torch.cat((lightness_of(grey, plane), plane), 1))
    assert (again - image).abs().max() < 0.01
