"""GRM and what splats on pixels' rays have in common: rays as six numbers, places that project to their pixels."""

from typing import Any

import torch
from rigs import around, check_rigid_motion, first_update, spec
from torch.nn import functional as F

from saddlepoint.data.batches import ViewsBatch
from saddlepoint.kinds.splats import Splats
from saddlepoint.methods.reconstruction.grm import GRM
from saddlepoint.nn.backbones.splat_transformer import SplatTransformer
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.render.pixel_splats import bounded, on_rays, plucker
from saddlepoint.nn.render.rays import pixel_centres

TINY = {"shape": (4, 3, 8, 8), "inputs": 2, "targets": 1, "patch": 4, "width": 16, "layers": 1, "heads": 2,
        "window_side": 4}  # fmt: skip
SMALL: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}


def test_a_ray_has_the_same_six_numbers_wherever_it_is_begun() -> None:
    rig = around(3, 8)
    moment, ahead = plucker(rig).split(3, 2)
    assert torch.allclose(ahead.norm(dim=2), torch.ones(1, 3, 8, 8), atol=1e-5)
    assert (moment * ahead).sum(2).abs().max() < 1e-5
    for distance in (0.5, 7.0):
        point = on_rays(rig, torch.full((1, 3, 8, 8), distance)).movedim(-1, 2)
        assert torch.allclose(torch.linalg.cross(point, ahead, dim=2), moment, atol=1e-4)


def test_a_splat_projects_to_its_own_pixel_between_the_bounds() -> None:
    rig, raw = around(2, 8), torch.randn(1, 2, 12, 8, 8)
    scene = bounded(raw, rig, torch.tensor(3.0), torch.tensor(5.0)).row(0)
    for view, camera in enumerate(rig[0]):
        own = slice(64 * view, 64 * (view + 1))
        lens = camera[16:]
        splats = project(scene.place[own], scene.scale[own], scene.turn[own], camera[:16].view(4, 4), lens)
        assert (splats.mean - pixel_centres(8, 8)).abs().max() < 1e-4
        away = (scene.place[own] - camera[:16].view(4, 4)[:3, 3]).norm(dim=1)
        assert 3 <= away.min() < away.max() <= 5
        covered = away / lens[0]
        assert ((scene.scale[own] >= 0.2 * covered[:, None]) & (scene.scale[own] <= 2 * covered[:, None])).all()


def test_cameras_that_are_moved_as_one_see_the_same() -> None:
    torch.manual_seed(0)
    method = GRM(**SMALL)
    check_rigid_motion(method, method.networks(spec(4, 8)), 8)


def test_every_view_is_read_with_all_others_and_their_order_does_not_matter() -> None:
    torch.manual_seed(0)
    net = SplatTransformer(4, 16, 2, 2, 4, 12).eval()
    views = torch.randn(1, 3, 9, 8, 8)
    turned = net(views[:, [2, 0, 1]])
    assert torch.allclose(turned[:, [1, 2, 0]], net(views), atol=1e-5)
    other = views.clone()
    other[:, 2] += 1
    assert not torch.allclose(net(other)[:, 0], net(views)[:, 0])


def test_splats_that_are_written_are_those_that_are_drawn() -> None:
    method = GRM(**SMALL)
    nets = method.networks(spec(4, 8))
    rig = around(3, 8)
    given = {"views": torch.rand(1, 2, 3, 8, 8) * 2 - 1, "rig": rig[:, :2]}
    kind, values = method.rebuild(nets, given)
    assert kind == Splats(128, 0)
    scene = method.rebuilt(nets, method.given(nets, given))
    assert torch.allclose(values[0, :, 10].sigmoid(), scene.opacity[0], atol=1e-5)
    assert torch.allclose(values[0, :, :3], scene.place[0])
    batch = ViewsBatch(torch.rand(2, 3, 3, 8, 8) * 2 - 1, rig.expand(2, -1, -1))
    update = first_update(method, nets, batch)
    torch.stack(list(update.losses.values())).sum().backward()
    assert all(F.normalize(p.grad.flatten(), dim=0).isfinite().all() for p in nets.model.parameters())
