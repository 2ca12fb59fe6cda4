"""GGHead: the template at the start, turns as quaternions, limits of scale, and other numbers of splats."""

import math

import torch

from saddlepoint.kinds.camera import orbit
from saddlepoint.kinds.splats import C0, Splats
from saddlepoint.methods.abilities import AnySide, Renders
from saddlepoint.methods.gan.gghead import GGHead
from saddlepoint.nn.backbones.template_splats import TemplateSplats, as_quaternion, sphere
from saddlepoint.nn.kernels.splat import rotations
from saddlepoint.nn.render.surroundings import Surroundings

TINY = {"latent": 4, "style": 4, "plane": 8, "splats": 3, "base": 32, "most": 4, "shape": (3, 8, 8)}


def generator() -> TemplateSplats:
    torch.manual_seed(0)
    return TemplateSplats(4, 4, plane=8, splats=6, degree=1, base=32, most=4, layers=2)


def test_splats_begin_on_the_template_and_each_reads_its_own_place() -> None:
    net, around = generator(), Surroundings()
    around.centre.copy_(torch.tensor([1.0, 2.0, 3.0]))
    around.radius.fill_(2.0)
    raw = net.raw(torch.randn(2, 4), 6)
    assert raw.shape == (2, 36, 22)  # position, scale, rotation, opacity and four colours, as in the paper
    scene = net.scene(raw, around)
    assert torch.allclose((scene[..., :3] - around.centre).norm(dim=2), torch.ones(2, 36), atol=1e-5)
    places, grid = sphere(6)
    assert torch.allclose(places.mean(0), torch.zeros(3), atol=1e-6)
    assert len(places.mul(1e3).round().unique(dim=0)) == len(grid.view(-1, 2).unique(dim=0)) == 36


def test_predictions_stay_within_their_ranges() -> None:
    net, around = generator(), Surroundings()
    around.radius.fill_(1.0)
    scene = net.scene(torch.full((1, 36, 22), 1e3), around)
    assert torch.allclose(scene[0, :, :3], sphere(6)[0] + 0.25, atol=1e-5)
    assert torch.allclose(scene[..., 3:6], torch.tensor(-3.0))
    assert torch.allclose(scene[..., 11:14] * C0 + 0.5, torch.tensor(1.0005))
    middle = net.scene(torch.zeros(1, 36, 22), around)[0, :, 3:6]
    assert torch.allclose(middle, torch.tensor(-3.0 - math.log1p(math.exp(2.0))))


def test_a_turn_about_z_is_a_quaternion() -> None:
    quarter = as_quaternion(torch.tensor([[0.0, 0.0, math.pi / 2], [0.0, 0.0, 0.0]]))
    matrix = rotations(quarter)
    assert torch.allclose(matrix[0, :, 0], torch.tensor([0.0, 1.0, 0.0]), atol=1e-6)
    assert torch.allclose(matrix[1], torch.eye(3), atol=1e-6)


@torch.no_grad()
def test_twice_as_many_splats_a_side_are_half_as_large() -> None:
    net, around = generator(), Surroundings()
    zero = torch.zeros(1, 1, 22)
    few, many = (net.scene(zero.expand(1, side**2, 22), around) for side in (6, 12))
    assert torch.allclose(few[0, 0, 3:6] - many[0, 0, 3:6], torch.tensor(math.log(2.0)))
    camera = orbit(torch.tensor([0.5, 2.0]), torch.tensor([0.3, 0.3]), 4.0, 24.0, 16)
    views = net(torch.randn(1, 4).expand(2, -1), camera, around)
    assert views["image"].shape == (2, 3, 16, 16)
    assert float(views["opacity"].max()) > 0.1  # something is drawn


def test_it_renders_and_gives_splats() -> None:
    method = GGHead()
    assert isinstance(method, Renders)
    assert isinstance(method, AnySide)
    assert Splats(36, 1).shape == (36, 23)
