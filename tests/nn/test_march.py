"""Light along rays: the quadrature against closed forms, lists against rows, and what is culled."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.kinds.camera import orbit
from saddlepoint.nn.render.march import by_weight, composite, composite_listed, lengths, stratified
from saddlepoint.nn.render.normals import normals
from saddlepoint.nn.render.occupancy import LEAST, Occupancy, filled_samples
from saddlepoint.nn.render.rays import chosen_pixels, crossing, pixel_centres, rays_through

CAMERA = orbit(torch.tensor([0.3, 2.0]), torch.tensor([0.4, 0.7]), 4.0, 40.0, 36)


def stream() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_place_on_a_ray_is_projected_to_the_rays_pixel() -> None:
    pixel = pixel_centres(36, 36)[[0, 17, 700]]
    assert pixel[0].tolist() == [0.5, 0.5]
    rays = rays_through(CAMERA, pixel.expand(2, 3, 2))
    place = rays.at(torch.full((6, 1), 3.0))[:, 0].view(2, 3, 3)
    for one, camera, cosine in zip(place, CAMERA, rays.cosine.view(2, 3)):
        pose = camera[:16].view(4, 4)
        seen = (one - pose[:3, 3]) @ pose[:3, :3]
        assert torch.allclose(seen[:, :2] / seen[:, 2:] * 40 + 18, pixel, atol=1e-4)
        assert torch.allclose(seen[:, 2], 3 * cosine, atol=1e-5)


def test_chosen_pixels_have_the_colours_that_stand_there() -> None:
    images = torch.rand(2, 3, 5, 7, generator=stream())
    pixel, colour = chosen_pixels(images, torch.rand(2, 9, 2, generator=stream()))
    for row in range(2):
        x, y = (pixel[row] - 0.5).long().unbind(1)
        assert torch.equal(colour.view(2, 9, 3)[row], images[row, :, y, x].T)


def test_rays_cross_a_cube_where_they_should_and_miss_it_else() -> None:
    rays = rays_through(CAMERA[:1], torch.tensor([[[18.0, 18.0], [0.0, 0.0]]]))
    near, far = crossing(rays, torch.zeros(3), torch.tensor(0.5))
    for distance in (near, far):
        assert rays.at(distance[:, None])[0, 0].abs().max().item() == pytest.approx(0.5, abs=1e-5)
    assert near[0] < 4 < far[0]
    assert near[1] == far[1]


def test_a_constant_medium_has_its_closed_opacity_and_depth() -> None:
    edges = torch.linspace(1, 3, 2001, dtype=torch.float64)[None]
    distance, density = (edges[:, 1:] + edges[:, :-1]) / 2, torch.full((1, 2000), 1.5).double()
    light = composite(density, torch.ones(1, 2000, 3).double(), edges.diff(dim=1), distance)
    assert light.opacity.item() == pytest.approx(1 - math.exp(-3), abs=1e-12)
    assert light.weight.sum().item() == pytest.approx(1 - math.exp(-3), abs=1e-12)
    seen = 1 + 1 / 1.5 - 2 * math.exp(-3) / (1 - math.exp(-3))
    assert light.distance.item() == pytest.approx(seen, abs=1e-5)
    assert torch.allclose(light.over(torch.ones(3).double()), torch.ones(1, 3).double())


def test_a_list_of_samples_gives_what_rows_give_with_the_same_gradients() -> None:
    density = torch.rand(6, 10, generator=stream()).double() * 4
    density[2] = 0
    colour, distance = torch.rand(6, 10, 3, generator=stream()).double(), torch.arange(60).view(6, 10).double()
    step = torch.full((6, 10), 0.2).double()
    kept = density > 1.0
    rows = [part.clone().requires_grad_() for part in (density, colour)]
    listed = [part.clone().requires_grad_() for part in (density, colour)]
    one = composite(rows[0] * kept, rows[1], step, distance)
    other = composite_listed(listed[0][kept], listed[1][kept], step[kept], distance[kept], kept.nonzero()[:, 0], 6)
    for a, b in ((one.colour, other.colour), (one.opacity, other.opacity), (one.distance, other.distance)):
        assert torch.allclose(a, b, atol=1e-12)
    for light in (one, other):
        (light.over(torch.tensor([0.2, 0.5, 0.9]).double()).square().sum() + light.distance.sum()).backward()
    for a, b in zip(rows, listed):
        assert torch.allclose(a.grad, b.grad, atol=1e-10)  # type: ignore[arg-type]
    none = composite_listed(density[0, :0], colour[0, :0], density[0, :0], density[0, :0], kept.nonzero()[:0, 0], 6)
    assert none.colour.shape == (6, 3)
    assert none.opacity.abs().max() == 0


def test_samples_lie_one_in_each_part_and_stand_for_what_follows() -> None:
    near, far = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 2.0])
    distance = stratified(near, far, 8, torch.rand(2, 8, generator=stream()))
    assert torch.equal(((distance[0] - 1) / 0.25).floor(), torch.arange(8.0))
    assert lengths(distance, far).sum(1) == pytest.approx((far - distance[:, 0]).tolist())


def test_drawing_by_weight_gives_the_histogram_of_the_weights() -> None:
    edges = torch.tensor([[0.0, 1.0, 1.5, 4.0]]).double()
    weight = torch.tensor([[1.0, 3.0, 0.0]]).double()
    drawn = by_weight(edges, weight, torch.rand(1, 20_000, generator=stream(), dtype=torch.float64))
    share = np.histogram(drawn[0].numpy(), edges[0].numpy())[0] / 20_000
    assert share == pytest.approx([0.25, 0.75, 0], abs=0.01)
    even = by_weight(edges, torch.zeros_like(weight), torch.rand(1, 20_000, generator=stream(), dtype=torch.float64))
    assert np.histogram(even[0].numpy(), edges[0].numpy())[0] / 20_000 == pytest.approx([1 / 3] * 3, abs=0.015)


def test_a_look_keeps_every_cell_that_something_fills() -> None:
    grid = Occupancy(16)

    def ball(place: torch.Tensor) -> torch.Tensor:
        return 0.05 * ((place - 0.5).norm(dim=1) < 0.3).float()

    for _ in range(16):
        grid.look(ball, 1.0, stream())
    inner = (grid.centres() - 0.5).norm(dim=1) < 0.3 - 1.8 / 16 / 2
    assert bool(grid(grid.centres()[inner]).all())
    assert float(grid.filled.float().mean()) < 0.2
    assert not bool(grid(torch.tensor([[-0.1, 0.5, 0.5], [0.5, 1.1, 0.5]])).any())
    assert LEAST == 0.01


def test_filled_samples_are_those_of_all_steps_that_lie_in_filled_cells() -> None:
    grid = Occupancy(32)
    grid.allow((grid.centres() - torch.tensor([0.6, 0.4, 0.5])).norm(dim=1) < 0.15)
    rays = rays_through(CAMERA, pixel_centres(36, 36).expand(2, -1, -1))
    near, far = crossing(rays, torch.zeros(3), torch.tensor(1.0))
    edges, chance = torch.arange(101) * (2 * math.sqrt(3) / 100), torch.rand(len(rays), 1, generator=stream())
    found = filled_samples(grid, rays, near, far, edges, chance, lambda place: (place + 1) / 2)
    distance = near[:, None] + edges[:-1] + chance * (edges[1] - edges[0])
    kept = grid((rays.at(distance) + 1) / 2) & (distance < far[:, None])
    assert torch.equal(found.ray, kept.nonzero()[:, 0])
    assert torch.allclose(found.distance, distance[kept], atol=1e-5)
    assert torch.allclose(found.place, ((rays.at(distance) + 1) / 2)[kept], atol=1e-5)
    assert 0 < len(found.ray) < 0.05 * distance.numel()


def test_cells_that_are_not_allowed_are_never_filled_again() -> None:
    grid = Occupancy(8)
    cells = torch.zeros(512, dtype=torch.bool)
    cells[0] = True
    grid.allow(cells)
    grid.look(lambda place: torch.ones(len(place)), 0.5, stream())
    assert int(grid.filled.sum()) == 1
    grid.look(lambda place: torch.zeros(len(place)), 1.0, stream())
    assert bool(grid.filled.any())


def test_normals_of_a_plane_and_of_a_ball_point_to_the_camera() -> None:
    camera = CAMERA[0]
    rays = rays_through(CAMERA[:1], pixel_centres(36, 36)[None])
    inner = (rays.start * rays.ahead).sum(1)
    reach = inner.square() - (rays.start.square().sum(1) - 1.0)
    hit = reach > 0
    distance = torch.where(hit, -inner - reach.clamp_min(0).sqrt(), torch.zeros_like(inner))
    depth = (distance * rays.cosine).view(1, 36, 36)
    found = normals(depth, camera).flatten(1).T
    true = rays.at(distance[:, None])[:, 0]
    facing = hit & ((true * -rays.ahead).sum(1) > 0.5)
    assert float((found * true).sum(1)[facing].min()) > 0.95
    assert float(found[~hit].abs().max()) == 0
    plane = normals(torch.full((1, 36, 36), 2.0), camera)
    assert torch.allclose(plane[:, 10, 10], -camera[:16].view(4, 4)[:3, 2], atol=1e-4)
