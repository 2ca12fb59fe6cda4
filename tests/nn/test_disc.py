"""Discs that rays cross: against planes met in the world, ray by ray, and weights against their sums over all pairs."""

import pytest
import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.nn.kernels import disc
from saddlepoint.nn.kernels.blend import weights
from saddlepoint.nn.kernels.disc import before, draw
from saddlepoint.nn.kernels.splat import LEAST, rotations
from saddlepoint.nn.render.rays import pixel_centres, rays_through

HEIGHT, WIDTH = 20, 24
CAMERA = orbit(torch.tensor([0.3]), torch.tensor([0.4]), 4.0, 30.0, WIDTH)[0].double()
CAMERA[19], CAMERA[21] = HEIGHT / 2, HEIGHT
TURN = pose_of(CAMERA)[:3, :3]
TURN.copy_(torch.linalg.qr(TURN).Q * torch.linalg.qr(TURN).R.diagonal().sign())  # a rotation in double precision
BEHIND = torch.tensor([1.0, 0.5, 0.0]).double()


def discs(count: int = 40) -> list[Tensor]:
    """Places, sizes, turns, colours and opacities; the first is smaller than a pixel."""
    stream = torch.Generator().manual_seed(0)
    place, scale, turn = (torch.randn(count, n, generator=stream, dtype=torch.float64) for n in (3, 2, 4))
    colour, opacity = (torch.rand(count, n, generator=stream, dtype=torch.float64) for n in (3, 1))
    scale = (scale * 0.3 - 1.5).exp()
    scale[0] = 1e-3
    return [place * 0.6, scale, turn, colour, opacity[:, 0] * 0.9 + 0.05]


def view(parts: list[Tensor]) -> disc.Surface:
    place, scale, turn, colour, opacity = parts
    return draw(before(place, scale, turn, pose_of(CAMERA), CAMERA[16:]), colour, opacity, BEHIND, HEIGHT, WIDTH)


def met_in_the_world(parts: list[Tensor]) -> dict[str, Tensor]:
    """The same view: each ray meets each disc's plane in the world's axes, all discs in all pixels."""
    place, scale, turn, colour, opacity = parts
    pixel = pixel_centres(HEIGHT, WIDTH).double()
    rays = rays_through(CAMERA[None], pixel[None])
    axes = rotations(turn)
    pose = pose_of(CAMERA)
    away = ((place - pose[:3, 3]) * axes[:, :, 2]).sum(1) / (rays.ahead @ axes[:, :, 2].T)  # [R, P]
    offset = rays.start[:, None] + away[..., None] * rays.ahead[:, None] - place
    u, v = ((offset * axes[:, :, k]).sum(2) / scale[:, k] for k in (0, 1))
    moved = (place - pose[:3, 3]) @ pose[:3, :3]
    middle = moved[:, :2] / moved[:, 2:] * CAMERA[16:18] + CAMERA[18:20]
    blurred = 2 * (pixel[:, None] - middle).square().sum(2)
    power = u.square() + v.square()
    depth = torch.where(power <= blurred, away * rays.cosine[:, None], moved[:, 2])
    alpha = (opacity * torch.exp(-torch.minimum(power, blurred) / 2)).clamp_max(0.99)
    alpha = torch.where((alpha >= LEAST) & (depth > 0.2), alpha, torch.zeros_like(alpha))
    order = moved[:, 2].argsort()
    alpha, depth = alpha[:, order], depth[:, order]
    left = torch.cat((torch.ones_like(alpha[:, :1]), (1 - alpha).cumprod(1)), 1)
    weight = alpha * left[:, :-1]
    near = (1 - 0.2 / depth) * (100 / 99.8)
    pairs = weight[:, :, None] * weight[:, None] * (near[:, :, None] - near[:, None]).square()
    ahead = (axes[:, :, 2] * (place - pose[:3, 3])).sum(1, keepdim=True) > 0
    upward = torch.where(ahead, -axes[:, :, 2], axes[:, :, 2]) @ pose[:3, :3]
    return {
        "picture": weight @ colour[order] + left[:, -1:] * BEHIND,
        "opacity": weight.sum(1),
        "mean_depth": (weight * depth).sum(1) / weight.sum(1).clamp_min(1e-6),
        "normal": weight @ upward[order],
        "distortion": pairs.sum((1, 2)) / 2,
    }


def test_the_list_of_pairs_draws_what_rays_meet_in_the_world_with_the_same_gradients() -> None:
    one, other = ([part.requires_grad_() for part in discs()] for _ in range(2))
    surface, truth = view(one), met_in_the_world(other)
    stream = torch.Generator().manual_seed(1)
    totals = [torch.zeros(()).double(), torch.zeros(()).double()]
    for name, expected in truth.items():
        drawn = getattr(surface, name).flatten(-2)
        drawn = drawn.T if drawn.dim() == 2 else drawn
        assert torch.allclose(drawn, expected, atol=1e-9), name
        slope = torch.randn(expected.shape, generator=stream, dtype=torch.float64)
        totals = [total + (values * slope).sum() for total, values in zip(totals, (drawn, expected))]
    for total in totals:
        total.backward()
    for mine, true in zip(one, other):
        assert torch.allclose(mine.grad, true.grad, rtol=1e-6, atol=1e-8)  # type: ignore[arg-type]


def test_the_median_depth_is_that_of_the_disc_where_half_of_the_light_is_met() -> None:
    place = torch.tensor([[1.0, 0, 0], [0.0, 0, 0], [-1.0, 0, 0]]).double()  # from front to back, before an orbit at 0
    camera = orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 30.0, WIDTH)[0].double()
    turn = torch.tensor([0.5**0.5, 0.0, 0.5**0.5, 0.0]).double().expand(3, 4)  # the third axis to x
    flat = before(place, torch.full((3, 2), 2.0).double(), turn, pose_of(camera), camera[16:])
    opacity = torch.tensor([0.3, 0.6, 0.9]).double()  # of the light .3, then .42, is met
    surface = draw(flat, torch.ones(3, 3).double(), opacity, BEHIND, WIDTH, WIDTH)
    assert surface.median_depth[12, 12].item() == pytest.approx(4.0, abs=1e-6)
    assert torch.allclose(surface.normal[:, 12, 12], torch.tensor([0.0, 0, -1]).double() * surface.opacity[12, 12])


def test_weights_have_the_gradients_of_their_products() -> None:
    pixel = torch.tensor([0, 0, 0, 2, 2, 3])
    alpha = torch.tensor([0.2, 0.5, 0.9, 0.3, 0.6, 0.99]).double().requires_grad_()
    weight, left = weights(alpha, pixel, 5)
    assert weight[2].item() == pytest.approx(0.8 * 0.5 * 0.9)
    assert left.tolist() == pytest.approx([0.8 * 0.5 * 0.1, 1, 0.7 * 0.4, 0.01, 1])
    assert torch.autograd.gradcheck(lambda a: weights(a, pixel, 5), (alpha,))


def test_views_of_nothing_and_of_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = [part[:0] for part in discs()]
    assert torch.equal(view(nothing).picture[:, 0, 0], BEHIND)
    assert not view(nothing).median_depth.any()
    monkeypatch.setattr(disc, "MOST_PAIRS", 10)
    with pytest.raises(ShapeError, match="pairs of discs and pixels"):
        view(discs())
