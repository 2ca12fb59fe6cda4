"""NeRF: its network, its two passes and where the second one looks."""

import pytest
import torch
from drive import count

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.image import Image
from saddlepoint.methods.radiance.nerf import Field, NeRF
from saddlepoint.nn.render.rays import pixel_centres, rays_through

TINY = {
    "shape": (3, 12, 12), "rays": 12, "octaves": 3, "view_octaves": 1, "layers": 3, "width": 12, "skip": 2,
    "samples": 6, "fine_samples": 6, "noise": 0.1, "middle_steps": 1,
}  # fmt: skip
VIEWS = DataSpec({"image": Image(3, 12, 12), "camera": Camera()})


def test_the_network_is_the_papers() -> None:
    field = Field(10, 4, 8, 256, 5)
    wide = 63 * 256 + 6 * 256 * 256 + (256 + 63) * 256 + 8 * 256
    assert count(field) == wide + 257 + (256 * 256 + 256) + ((256 + 27) * 128 + 128) + (128 * 3 + 3)
    assert [layer.in_features for layer in field.trunk] == [63, 256, 256, 256, 256, 319, 256, 256]  # type: ignore[union-attr]


def test_densities_do_not_depend_on_the_direction() -> None:
    field = Field(3, 2, 3, 16, 2)
    place, ahead = torch.rand(5, 3), torch.nn.functional.normalize(torch.randn(2, 5, 3), dim=2)
    (one, red), (other, blue) = field(place, ahead[0]), field(place, ahead[1])
    assert torch.equal(one, other)
    assert not torch.equal(red, blue)


def test_the_fine_pass_looks_where_the_coarse_one_found_light(monkeypatch: pytest.MonkeyPatch) -> None:
    method = NeRF(samples=32, fine_samples=64, octaves=2, view_octaves=1, layers=2, width=8, skip=0)
    nets = method.networks(VIEWS)
    places = {}

    def wall(name: str) -> object:
        def field(place: torch.Tensor, ahead: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            places[name] = place
            return 1e3 * (place[:, 0].abs() < 0.1), torch.full((len(place), 3), 0.25)

        return field

    for name in ("coarse", "fine"):
        monkeypatch.setattr(nets.get_submodule(name), "forward", wall(name))
    camera = orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 40.0, 12)
    rays = rays_through(camera, pixel_centres(12, 12)[None, 70:72])
    coarse, fine = method.passes(nets, rays, None)
    assert fine.weight.shape == (2, 96)
    near = [float((places[name][:, 0].abs() < 0.15).float().mean()) for name in ("coarse", "fine")]
    assert near[1] > 3 * near[0]
    error = [float((light.distance - (4 - 0.15)).abs().max()) for light in (coarse, fine)]
    assert error[1] < error[0]
    assert torch.allclose(fine.over(torch.ones(3)), torch.full((2, 3), 0.25), atol=1e-4)


def test_rays_beside_the_cube_show_the_background() -> None:
    method = NeRF(samples=4, fine_samples=4, octaves=1, view_octaves=1, layers=2, width=8, skip=0)
    nets = method.networks(VIEWS)
    nets.surroundings.behind.fill_(0.5)
    camera = orbit(torch.tensor([0.0]), torch.tensor([0.0]), 40.0, 12.0, 12)
    made = method.render(nets, camera)
    assert torch.allclose(made["image"][0, :, 0, 0], torch.zeros(3))
    assert made["opacity"][0, 0, 0, 0] == 0
