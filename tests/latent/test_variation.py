"""Other noise on the same styles, sums of groups, and truncation."""

import pytest
import torch
from small_models import model

from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.latent import arithmetic, variation
from saddlepoint.latent.addresses import codes_of, latents_of, parse
from saddlepoint.latent.decode_codes import images_of


def varied(maps=None, n=4):
    styled = model("stylegan2")
    noise = variation.other_noise(styled, n, 0, maps)
    return images_of(styled, variation.with_noise(codes_of(styled, parse("0")), noise))


def test_noise_changes_details_and_the_deviation_says_where():
    images = varied()
    assert images.shape == (4, 3, 16, 16)
    deviation = variation.deviation(images)
    assert deviation.shape == (16, 16)
    torch.testing.assert_close(deviation**2, images.var(0, unbiased=False).mean(0))
    assert deviation.mean() > 0.05


def test_only_the_named_maps_vary():
    styled = model("stylegan2")
    assert variation.noise_sides(styled) == (4, 8, 8, 16, 16)
    rows = variation.other_noise(styled, 3, 0, (0,))
    assert rows.shape == (3, 16 + 2 * 64 + 2 * 256)
    assert torch.equal(rows[0, 16:], rows[2, 16:])
    assert not torch.equal(rows[0, :16], rows[2, :16])
    assert variation.deviation(varied(())).max() == pytest.approx(0, abs=1e-6)
    assert torch.equal(rows[:2], variation.other_noise(styled, 2, 0, (0,)))


def test_the_widest_deviation_is_one():
    images = torch.ones(2, 3, 4, 4)
    images[1] = -1
    assert variation.deviation(images).max() == 1
    with pytest.raises(ShapeError, match="of two images"):
        variation.deviation(images[:1])


def test_a_model_without_noise_says_so():
    with pytest.raises(CapabilityError, match="always the same image"):
        variation.other_noise(model("dcgan"), 2, 0)
    with pytest.raises(ShapeError, match="of one image, not of 2"):
        variation.with_noise(codes_of(model("stylegan2"), parse("0,1")), torch.zeros(2, 656))


def test_a_sum_is_of_the_means_of_its_groups():
    groups = arithmetic.parse("0:0,0:1 - 1:3 + 2:0-2")
    assert [(group.sign, len(group.members)) for group in groups] == [(1, 2), (-1, 1), (1, 3)]
    codes = [torch.tensor([[1.0, 0], [3, 0]]), torch.tensor([[0.0, 1]]), torch.tensor([[0.0, 5]] * 3)]
    assert arithmetic.combine(codes, [1, -1, 1]).tolist() == [2, 4]


def test_what_is_no_sum_is_refused():
    with pytest.raises(ConfigError, match="is no sum"):
        arithmetic.parse("0:0,0:1")
    with pytest.raises(ConfigError, match="names no image"):
        arithmetic.parse("0:0 - x + 1")
    with pytest.raises(ShapeError, match="a sign each"):
        arithmetic.combine([torch.zeros(0, 2)], [1])


@pytest.mark.parametrize("name", ["stylegan2", "dcgan"])
def test_truncated_latents_make_what_sample_makes_of_them(name):
    small = model(name)
    images = images_of(small, latents_of(small, parse("0:0-3")), truncation=0.5, batch=3)
    assert images.abs().max() <= 1
    if name == "dcgan":
        torch.testing.assert_close(images, small.sample(4, truncation=0.5))
    else:
        same = images_of(small, codes_of(small, parse("0:0-3"), truncation=0.5))
        torch.testing.assert_close(images, same)
