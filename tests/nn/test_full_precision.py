"""Geometry keeps all digits where networks are in bf16."""

import torch

from saddlepoint.kinds.camera import orbit
from saddlepoint.nn.full_precision import in_full
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.render.rays import pixel_centres, rays_through


def test_rays_and_projections_are_the_same_under_autocast() -> None:
    camera = orbit(torch.tensor([0.4]), torch.tensor([0.2]), 3.0, 256.0, 256)
    draw = torch.Generator().manual_seed(0)
    place, scale, turn = (torch.rand(50, k, generator=draw) for k in (3, 3, 4))

    def geometry() -> list[torch.Tensor]:
        rays = rays_through(camera, pixel_centres(256, 256)[None])
        ellipses = project(place, scale, turn, camera[0, :16].view(4, 4), camera[0, 16:])
        return [rays.ahead, rays.start, ellipses.mean, ellipses.conic]

    plain = geometry()
    with torch.autocast("cpu", torch.bfloat16):
        assert all(torch.equal(one, other) for one, other in zip(plain, geometry()))
        rough = rays_through.__wrapped__(camera, pixel_centres(256, 256)[None])  # type: ignore[attr-defined]
    assert 1 < 256 * (rough.ahead.float() - plain[0]).norm(dim=1).max() < 3  # pixels that bf16 would miss by


def test_half_numbers_come_in_as_float32_and_autocast_is_back_afterwards() -> None:
    def product(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return one @ other

    whole, half = torch.rand(3, 3), torch.rand(3, 3).bfloat16()
    wanted = whole @ half.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(in_full(product)(whole, other=half), wanted)
        assert product(whole, whole).dtype is torch.bfloat16
    assert in_full(product)(whole.double(), whole.double()).dtype is torch.float64
