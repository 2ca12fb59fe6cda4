"""pi-GAN: the official network, the field of a code without modulation, and what a step and a sample are."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import saddlepoint
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.pigan import PiGAN
from saddlepoint.nn.backbones.coordinate_critic import CoordinateCritic
from saddlepoint.nn.backbones.field_generator import FieldGenerator
from saddlepoint.nn.backbones.film_siren import FilmSiren
from saddlepoint.nn.render.surroundings import Surroundings

TINY = {"latent": 4, "width": 4, "layers": 2, "coarse": 3, "fine": 2, "critic_width": 4, "shape": (3, 8, 8)}
PARITY = Path(__file__).parents[1] / "parity" / "pigan.npz"


def official() -> tuple[FilmSiren, Any]:
    file = np.load(PARITY)
    net = FilmSiren(12, 16, mapping=32)
    pairs = {f"mapping.{number}": f"mapping_network.network.{number}" for number in (0, 2, 4, 6)}
    pairs |= {f"layers.{number}.linear": f"network.{number}.layer" for number in range(8)}
    pairs |= {
        "density": "final_layer",
        "colour_layer.linear": "color_layer_sine.layer",
        "colour": "color_layer_linear.0",
    }
    state = {f"{ours}.{part}": torch.from_numpy(file[f"sd.siren.{theirs}.{part}"])
             for ours, theirs in pairs.items() for part in ("weight", "bias")}  # fmt: skip
    net.load_state_dict(state)
    return net, file


def test_the_official_network_with_these_weights_gives_the_same() -> None:
    net, file = official()
    place, ahead = (torch.from_numpy(file[f"in.{name}"]) for name in ("points", "dirs"))
    modulation = net.modulation(torch.from_numpy(file["in.z"]))
    assert np.abs(modulation[0].detach().numpy() - file["out.frequencies"]).max() < 1e-4
    assert np.abs(modulation[1].detach().numpy() - file["out.phase_shifts"]).max() < 1e-4
    density, colour = net(modulation, place * 2 / 0.24, ahead)  # the authors' faces fill a cube of side .24
    true = file["out.rgb_sigma"]
    assert np.abs(colour.detach().numpy() - true[..., :3]).max() < 1e-4
    assert np.abs(density.detach().numpy() - true[..., 3]).max() < 1e-4 * np.abs(true[..., 3]).max()


def test_a_code_that_modulates_nothing_leaves_a_network_of_sines() -> None:
    net = FilmSiren(3, 5, layers=2)
    place, still = torch.rand(1, 7, 3, generator=generator(0, "places")) * 2 - 1, torch.zeros(1, 15)
    x = place
    for layer in net.layers:
        x = torch.sin(30 * layer.linear(x))
    assert torch.allclose(net((still, still), place, place)[0], net.density(x).squeeze(2), atol=1e-6)


def test_a_field_without_density_shows_what_lies_behind() -> None:
    net = FilmSiren(3, 4, layers=1)
    with torch.no_grad():
        net.density.weight.zero_()
        net.density.bias.fill_(-80)
    around = Surroundings()
    around.behind.copy_(torch.tensor([1.0, 0.5, 0.0]))
    views = FieldGenerator(net, 4, 2)(torch.zeros(2, 3), around.views(2), around)
    assert torch.allclose(views["image"].mean((0, 2, 3)), torch.tensor([1.0, 0.0, -1.0]), atol=1e-5)
    assert float(views["opacity"].detach().max()) < 1e-6


@torch.no_grad()
def test_a_new_side_of_the_critic_begins_as_the_side_before() -> None:
    torch.manual_seed(0)
    critic, large = CoordinateCritic(32, 4, smaller=2), torch.rand(2, 3, 32, 32)
    half = torch.nn.functional.avg_pool2d(large, 2)
    critic.wake(1, 1.0)
    before = critic(half)[0]
    critic.wake(0, 0.0)
    assert torch.allclose(critic(large)[0], before, atol=1e-6)
    critic.wake(0, 1.0)
    assert not torch.allclose(critic(large)[0], before, atol=1e-3)


def test_sides_grow_to_that_of_the_data_and_rates_halve() -> None:
    method = PiGAN(sides=(8, 16), side_images=(100, 200), side_batches=(4, 2), fade_images=50, latent=4, width=4)
    stages = [(stage.resolution, stage.examples, stage.batch, stage.lr_scale) for stage in method.stages()]
    assert stages == [(8, 100, 4, 1.0), (16, 200, 2, 0.5), (None, None, None, 0.25)]
    nets = method.networks(DataSpec({"image": Image(3, 32, 32), "camera": Camera()}))
    method.set_phase(nets, Clock(stage=1, stage_examples=25))
    assert (nets.critic.halved, nets.critic.alpha) == (1, 0.5)
    with pytest.raises(ConfigError, match="give --resolution 32"):
        method.networks(DataSpec({"image": Image(3, 64, 64), "camera": Camera()}))
    with pytest.raises(ConfigError, match="must begin at 8 or more and double"):
        PiGAN(sides=(8, 24), side_images=(1, 1))
    with pytest.raises(ConfigError, match="a number for each"):
        PiGAN(sides=(8,))


def test_a_grown_model_has_seen_each_side(tmp_path: Path) -> None:
    settings: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}
    settings |= {"sides": (8,), "side_images": (4,), "fade_images": 4}
    run = saddlepoint.train("pigan", data="world:toys", resolution=16, examples=12, batch=4, out=tmp_path, **settings)
    assert run.model().sample(1, given={"camera": "30,20"}).shape == (1, 3, 16, 16)


def test_a_sample_is_seen_from_a_camera_in_words(tmp_path: Path) -> None:
    settings: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}
    run = saddlepoint.train("pigan", data="world:toys", resolution=8, examples=8, batch=4, out=tmp_path, **settings)
    model = run.model()
    one, other = (model.sample(1, seed=3, given={"camera": camera}) for camera in ("0,20", "180,20"))
    assert one.shape == (1, 3, 8, 8)
    assert not torch.equal(one, other)
    task = model.task("generate")
    assert task is not None
    camera = task.takes["camera"].parse("90,30")
    assert math.isclose(float(camera[7]), 3.0 * math.cos(math.radians(30)), abs_tol=0.05)  # y of the place, 3 away
