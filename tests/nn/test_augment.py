"""Adaptive augmentation: nothing at p = 0, known moves and colours, gradients twice, and the controller."""

import math

import pytest
import torch

from saddlepoint.nn.layers.augment import colour
from saddlepoint.nn.layers.augment.adaptive import AdaptiveAugment, normal
from saddlepoint.nn.layers.augment.warp import SYM6, warp

ROWS = AdaptiveAugment.ROWS


def smooth(n: int = 2, channels: int = 3, side: int = 16) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.avg_pool2d(torch.rand(n, channels, side + 4, side + 4) * 2 - 1, 5, 1)


def only(row: int, a: float, b: float = 0.0, n: int = 2) -> torch.Tensor:
    """Numbers that let one transformation happen at p = 0.5, with these amounts."""
    chance = torch.full((n, ROWS, 3), 0.9)
    chance[:, row] = torch.tensor([0.0, a, b])
    return chance


def augment(p: float) -> AdaptiveAugment:
    module = AdaptiveAugment()
    module.p.fill_(p)
    return module


def test_the_filter_is_orthonormal_to_its_even_shifts() -> None:
    taps = torch.tensor(SYM6, dtype=torch.float64)
    products = [(taps[2 * k :] * taps[: 12 - 2 * k]).sum().item() for k in range(6)]
    assert products == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-10)


@pytest.mark.parametrize("side", [8, 16])
def test_an_image_that_stays_comes_back_as_it_was_to_its_edges(side: int) -> None:
    images = torch.randn(2, 3, side, side)
    torch.testing.assert_close(warp(images, torch.eye(3).repeat(2, 1, 1)), images, rtol=0, atol=1e-4)


def test_p_of_zero_leaves_images_and_takes_no_time() -> None:
    images = smooth()
    assert augment(0.0)(images, torch.zeros(2, ROWS, 3)) is images


def test_whole_pixels_shift_exactly_and_the_edge_is_mirrored() -> None:
    images = smooth()
    # (2 a - 1) * .125 * 16 = 2 pixels to the right for a = 1, none for b = 1/2
    moved = augment(0.5)(images, only(2, 0.9999, 0.5))
    torch.testing.assert_close(moved[..., 2:], images[..., :-2], rtol=0, atol=1e-4)
    torch.testing.assert_close(moved[..., :2], images[..., 1:3].flip(3), rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("row", "a", "wanted"),
    [
        (0, 0.7, lambda x: x.flip(3)),
        (1, 0.3, lambda x: x.rot90(-1, (2, 3))),  # clockwise, as y points down
        (1, 0.6, lambda x: x.rot90(2, (2, 3))),
    ],
    ids=["mirror", "quarter turn", "half turn"],
)
def test_mirrors_and_quarter_turns_are_those_of_the_pixels(row: int, a: float, wanted: object) -> None:
    images = smooth()
    moved = augment(0.5)(images, only(row, a))
    assert (moved - wanted(images)).std() < 0.12 * images.std()  # the filter is not quite symmetric


def test_a_scale_of_two_shows_the_middle_twice_as_large() -> None:
    ramp = torch.linspace(-1, 1, 16).expand(1, 1, 16, 16)
    a = (torch.special.ndtr(torch.tensor(5.0))).item()  # 2^(.2 * 5) = 2; clamped a little below
    moved = augment(0.5)(ramp, only(3, a, n=1))
    slope = moved[0, 0, 8, 9] - moved[0, 0, 8, 8]
    assert slope.item() == pytest.approx((2 / 15) / 2 ** (0.2 * normal(torch.tensor(a)).item()), rel=0.02)


def test_grey_and_hue_and_saturation_are_apart() -> None:
    pixels = torch.randn(1, 3, 2, 2)
    one = torch.ones(1)
    brightness = pixels.mean(1)
    turned = colour.recolour(pixels, colour.hue(one))
    torch.testing.assert_close(turned.mean(1), brightness)
    torch.testing.assert_close(turned.square().sum(1), pixels.square().sum(1))
    pale = colour.recolour(pixels, colour.saturation(0 * one, 3))
    torch.testing.assert_close(pale, brightness[:, None].expand(-1, 3, -1, -1))
    flipped = colour.recolour(pixels, colour.luma_flip(one, 3))
    torch.testing.assert_close(flipped, pixels - 2 * brightness[:, None])
    torch.testing.assert_close(colour.recolour(pixels, colour.contrast(2 * one, 3)), 2 * pixels)
    torch.testing.assert_close(colour.recolour(pixels, colour.brightness(one, 3)), pixels + 1)


def test_a_third_of_the_circle_moves_red_to_green() -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    turned = colour.recolour(red, colour.hue(torch.tensor([2 * math.pi / 3])))
    torch.testing.assert_close(turned.flatten(), torch.tensor([0.0, 1.0, 0.0]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_number_of_channels_can_be_augmented(channels: int) -> None:
    images = smooth(4, channels)
    changed = augment(1.0)(images, torch.rand(4, ROWS, 3))
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()


def test_an_image_is_changed_with_probability_p_by_each() -> None:
    chance = torch.rand(4000, ROWS, 3, generator=torch.Generator().manual_seed(0))
    module = augment(0.25)
    places, colours = module.placing(chance, 16), module.colouring(chance, 3)
    still = (places - torch.eye(3)).flatten(1).abs().amax(1) == 0
    kept = (colours - torch.eye(4)).flatten(1).abs().amax(1) < 1e-6
    # of the values, mirror and luma flip do nothing half the time, quarter turns a quarter; small shifts round to 0
    assert still.float().mean().item() == pytest.approx((1 - 0.125) * (1 - 0.1875) * 0.75**5, abs=0.04)
    assert kept.float().mean().item() == pytest.approx(0.75**4 * (1 - 0.125), abs=0.03)


def test_normal_numbers_have_their_moments() -> None:
    drawn = normal(torch.rand(20_000, generator=torch.Generator().manual_seed(0)))
    assert drawn.mean().item() == pytest.approx(0, abs=0.02)
    assert drawn.std().item() == pytest.approx(1, abs=0.02)
    assert torch.isfinite(normal(torch.tensor([0.0, 1.0]))).all()


def test_the_gradient_and_the_gradients_gradient_pass() -> None:
    images = torch.randn(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    angle, inverse = torch.tensor(0.4), torch.eye(3)[None].repeat(1, 1, 1)
    inverse[0, :2, :2] = torch.tensor([[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]])
    assert torch.autograd.gradcheck(lambda x: warp(x, inverse), images)
    assert torch.autograd.gradgradcheck(lambda x: warp(x, inverse).square(), images)


def test_the_controller_moves_p_by_the_sign_alone_and_not_below_zero() -> None:
    module = AdaptiveAugment()
    for sign in (0.9, 0.7, 0.5, 0.9):  # mean .75 > .6, in quarters
        module.steer(
            torch.tensor(sign / 4),
            0.6,
            images=256 if sign == 0.9 and module.lead > 0.3 else 0,
            speed=500_000,
            most=None,
        )
    assert module.p.item() == pytest.approx(256 / 500_000)
    assert module.lead.item() == 0
    for _ in range(3):
        module.steer(torch.tensor(-1.0), 0.6, images=256, speed=500_000, most=None)
    assert module.p.item() == 0


def test_p_stays_under_the_bound_that_is_ours_and_without_it_passes_one() -> None:
    for most, wanted in ((0.8, 0.8), (None, 3.0)):
        module = AdaptiveAugment()
        for _ in range(3):
            module.steer(torch.ones(()), 0.6, images=10, speed=10, most=most)
        assert module.p.item() == pytest.approx(wanted)
