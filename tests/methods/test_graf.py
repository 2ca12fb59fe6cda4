"""GRAF: the official network, patches of any scale, and the fall of the least scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.methods.gan.graf import GRAF
from saddlepoint.nn.backbones.graf import GrafField

TINY = {"latent": 4, "appearance": 2, "width": 4, "layers": 2, "octaves": 2, "coarse": 3, "patch": 8,
        "critic_width": 4, "shape": (3, 8, 8)}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "graf.npz"


def test_the_official_network_with_these_weights_gives_the_same() -> None:
    file = np.load(PARITY)
    net = GrafField(8, 6, 16, octaves=6, ahead_octaves=3)
    pairs = {f"layers.{number}": f"pts_linears.{number}" for number in range(8)}
    pairs |= {"density": "alpha_linear", "feature": "feature_linear", "colour": "rgb_linear"}
    pairs["from_ahead"] = "views_linears.0"
    net.load_state_dict({f"{ours}.{part}": torch.from_numpy(file[f"sd.{theirs}.{part}"])
                         for ours, theirs in pairs.items() for part in ("weight", "bias")})  # fmt: skip
    start, ahead = torch.from_numpy(file["in.rays"]).view(2, 2, 25, 3)
    distance = torch.linspace(0.6, 2.8, 12)
    place = start[:, :, None] + ahead[:, :, None] * distance[:, None]
    unit = torch.nn.functional.normalize(ahead, dim=2)[:, :, None].expand_as(place)
    raw, colour = net(torch.from_numpy(file["in.z"]), place.flatten(1, 2), unit.flatten(1, 2))
    length = torch.cat((distance.diff(), torch.tensor([1e10]))) * ahead.norm(dim=2, keepdim=True)
    alpha = 1 - torch.exp(-raw.view(2, 25, 12).relu() * length)
    weight = alpha * torch.cumprod(torch.cat((torch.ones(2, 25, 1), 1 - alpha + 1e-10), 2), 2)[..., :-1]
    total = weight.sum(2, keepdim=True)
    rgb = (weight[..., None] * colour.view(2, 25, 12, 3)).sum(2) + 1 - total  # on white
    assert np.abs((2 * rgb - 1).view(50, 3).detach().numpy() - file["out.rgb_test"]).max() < 1e-4
    assert np.abs((2 * total - 1).view(50, 1).detach().numpy() - file["out.acc_test"]).max() < 1e-4


def test_a_patch_of_scale_one_is_the_image() -> None:
    method = GRAF(latent=4, appearance=2, patch=8)
    image = torch.rand(2, 3, 8, 8)
    places = method.places(torch.rand(2, 3), 1.0)
    assert torch.allclose(torch.nn.functional.grid_sample(image, places, align_corners=True), image, atol=1e-5)
    small = method.places(torch.tensor([[0.0, 0.999, 0.0]]), 0.25)
    assert float(small.abs().max()) <= 1.0 + 1e-6
    assert float(small[0, 0, -1, 0] - small[0, 0, 0, 0]) == pytest.approx(0.5)  # a quarter of the image's side


def test_the_least_scale_falls_as_the_authors_let_it() -> None:
    method = GRAF()
    assert method.scale_at(0) == 0.9
    assert method.scale_at(100_000) == pytest.approx(np.exp(-0.75))
    assert method.scale_at(10**6) == 0.25


def test_settings_and_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="--appearance must be less"):
        GRAF(latent=8, appearance=8)
    spec = DataSpec({"image": Image(3, 16, 16), "camera": Camera()})
    with pytest.raises(ConfigError, match="use --patch 8"):
        GRAF(latent=8, appearance=4).networks(spec)
