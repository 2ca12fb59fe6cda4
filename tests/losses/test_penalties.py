"""Slope penalties: critics whose slope is known, gradients that flow where they must, precision."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import ShapeError
from saddlepoint.losses.penalties import gradient_penalty, r1, r2


def linear_critic(slope: Tensor) -> nn.Module:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(slope.numel(), 1))
    with torch.no_grad():
        critic[1].weight.copy_(slope.view(1, -1))
    return critic


SLOPE = torch.tensor([3.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0])  # norm 5 over all axes of a [2, 2, 2] image
REAL, FAKE = torch.randn(3, 2, 2, 2, generator=torch.Generator().manual_seed(0)), torch.zeros(3, 2, 2, 2)


def test_the_penalty_of_a_linear_critic_is_its_slope_from_one_squared() -> None:
    assert gradient_penalty(linear_critic(SLOPE), REAL, FAKE, torch.rand(3)).item() == pytest.approx(16)


def test_the_penalty_is_two_sided_and_its_centre_can_be_moved() -> None:
    flat = linear_critic(SLOPE / 10)  # norm .5
    assert gradient_penalty(flat, REAL, FAKE, torch.rand(3)).item() == pytest.approx(0.25)
    assert gradient_penalty(flat, REAL, FAKE, torch.rand(3), centre=0.0).item() == pytest.approx(0.25)
    assert gradient_penalty(flat, REAL, FAKE, torch.rand(3), centre=0.5).item() == pytest.approx(0, abs=1e-12)


def test_r1_and_r2_are_half_the_squared_slope() -> None:
    assert r1(linear_critic(SLOPE), REAL).item() == pytest.approx(12.5)
    assert r2(linear_critic(SLOPE), FAKE).item() == pytest.approx(12.5)


def test_r1_of_a_square_critic_is_twice_the_mean_squared_image() -> None:
    """D(x) = sum x^2 has slope 2x, and half the square of that is 2 |x|^2."""
    assert r1(lambda x: x.square().flatten(1).sum(1), REAL).item() == pytest.approx(
        2 * REAL.square().sum().item() / 3, rel=1e-6
    )


def test_mix_says_how_far_from_real_to_fake_the_slope_is_taken() -> None:
    def square(x: Tensor) -> Tensor:
        return 0.5 * x.square().flatten(1).sum(1)  # slope at x is x itself

    lengths = REAL.flatten(1).norm(dim=1)
    for share in (0.0, 0.25, 1.0):
        expected = ((1 - share) * lengths - 1).square().mean().item()
        mix = torch.full((3,), share)
        assert gradient_penalty(square, REAL, FAKE, mix).item() == pytest.approx(expected, rel=1e-5)


def test_the_gradient_of_the_penalty_reaches_the_critic_and_not_the_images() -> None:
    critic, real, fake = linear_critic(SLOPE), REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    (gradient_penalty(critic, real, fake, torch.rand(3)) + r1(critic, real) + r2(critic, fake)).backward()
    # (|w| - 1)^2 gives 2 (5 - 1) w / 5; each half square gives w.
    assert torch.allclose(critic[1].weight.grad[0], (8 / 5 + 2) * SLOPE)
    assert real.grad is None
    assert fake.grad is None


def test_a_critic_without_slope_has_a_finite_gradient() -> None:
    critic = linear_critic(torch.zeros(8))
    gradient_penalty(critic, REAL, FAKE, torch.rand(3)).backward()
    assert torch.isfinite(critic[1].weight.grad).all()


@pytest.mark.parametrize(
    ("precision", "inner", "near"), [(torch.float16, torch.float32, 1e-6), (torch.bfloat16, torch.bfloat16, 2e-2)]
)
def test_slopes_are_float32_and_never_pass_through_float16(
    precision: torch.dtype, inner: torch.dtype, near: float
) -> None:
    seen: list[torch.dtype] = []
    critic = linear_critic(SLOPE / 3)
    critic.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with torch.autocast("cpu", dtype=precision):
        inside = gradient_penalty(critic, REAL, FAKE.to(precision), torch.rand(3))
    assert seen == [inner]
    assert inside.dtype == torch.float32
    assert inside.item() == pytest.approx((5 / 3 - 1) ** 2, rel=near)


def test_slopes_can_be_taken_where_gradients_are_off() -> None:
    with torch.no_grad():
        assert r1(linear_critic(SLOPE), REAL).item() == pytest.approx(12.5)


def test_images_and_mixes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="one shape"):
        gradient_penalty(linear_critic(SLOPE), REAL, FAKE[:2], torch.rand(3))
    with pytest.raises(ShapeError, match="one number for each image"):
        gradient_penalty(linear_critic(SLOPE), REAL, FAKE, torch.rand(3, 1, 1, 1))
