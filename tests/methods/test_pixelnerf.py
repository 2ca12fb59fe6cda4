"""pixelNeRF: the official network, features where views show a place, and cameras that are moved as one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import count
from rigs import around, check_rigid_motion, first_update, spec

from saddlepoint.data.batches import ViewsBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.reconstruction.pixelnerf import PixelNeRF
from saddlepoint.nn.backbones.pixelnerf import PixelFeatures, ViewMLP, at_pixels
from saddlepoint.nn.layers.frequencies import frequencies

TINY = {"shape": (3, 3, 12, 12), "rays": 8, "coarse_samples": 4, "fine_samples": 2, "depth_samples": 2, "maps_width": 4,
        "maps_blocks": (1, 1, 1), "width": 12, "blocks": 3, "joined": 2, "box_steps": 1, "lr": 1e-3}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "pixelnerf.npz"
SMALL: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}


@torch.no_grad()
def test_the_official_network_gives_the_same() -> None:
    file = np.load(PARITY)
    layout = json.loads(str(file["meta"]))["layout"]
    net = ViewMLP(42, 12, 20, 5, 3)
    names = {"lin_in": "input", "lin_out": "output", "lin_z": "latents", "fc_0": "first", "fc_1": "second"}
    state = {}
    for name in file.files:
        if name.startswith("sd.avg."):
            own = name.removeprefix("sd.avg.")
            for theirs, ours in names.items():
                own = own.replace(theirs, ours)
            state[own] = torch.from_numpy(file[name])
    net.load_state_dict(state)
    xyz, ahead, latent = (torch.from_numpy(file[f"in.{name}"]) for name in ("xyz", "viewdirs", "latent"))
    waves = torch.cat((xyz, frequencies(xyz * (1.5 / torch.pi), 6)[:, 3:]), 1)
    assert np.abs(waves.numpy() - file["out.pe"]).max() < 1e-4
    shape = (layout["SB"], layout["NS"], layout["B"], -1)
    raw = net(latent.view(shape), torch.cat((waves, ahead), 1).view(shape))
    assert np.abs(raw.numpy() - file["out.out_average"]).max() < 1e-4


def test_the_encoder_is_the_papers() -> None:
    assert PixelFeatures(128, 64, (3, 4, 6)).outputs == 512
    assert 8e6 < count(PixelFeatures(128, 64, (3, 4, 6))) < 8.3e6  # ResNet-34 without its last stage and its classes


def test_a_map_is_read_where_its_pixels_are_and_beyond_the_border_stays() -> None:
    maps = torch.arange(16.0).view(1, 1, 4, 4)
    pixel = torch.tensor([[[0.5, 0.5], [2.5, 0.5], [0.5, 4.5], [-9.0, 0.5], [6.5, 6.5]]])  # of an image of 8 pixels
    assert at_pixels(maps, pixel, (8, 8)).flatten().tolist() == pytest.approx([0, 1, 8, 0, 15], abs=1e-5)


def test_cameras_that_are_moved_as_one_see_the_same() -> None:
    torch.manual_seed(0)
    method = PixelNeRF(inputs=2, **SMALL)
    nets = method.networks(spec(4, 12))
    for name in ("coarse", "fine"):
        torch.nn.init.constant_(nets.get_submodule(name).get_parameter("output.bias"), 1.0)
    check_rigid_motion(method, nets, 12)


def test_rays_are_drawn_where_something_is_at_first() -> None:
    method = PixelNeRF(**SMALL)
    nets = method.networks(spec(3, 12))
    images = torch.zeros(1, 2, 3, 12, 12)
    images[0, 0, :, 3:5, 6:10] = 1
    low, high = method._box(nets, images, whole=False)
    assert low.tolist() == [[[6, 3], [0, 0]]]
    assert high.tolist() == [[[10, 5], [12, 12]]]
    assert method._box(nets, images, whole=True)[1].tolist() == [[[12, 12], [12, 12]]]
    batch = ViewsBatch(torch.rand(2, 3, 3, 12, 12) * 2 - 1, around(3, 12).expand(2, -1, -1))
    update = first_update(method, nets, batch)
    assert all(bool(loss.isfinite()) for loss in update.losses.values())


def test_too_few_views_and_no_view_are_refused() -> None:
    with pytest.raises(ConfigError, match="--inputs"):
        PixelNeRF(inputs=4, **SMALL).networks(spec(4, 12))
    method = PixelNeRF(**SMALL)
    with pytest.raises(CapabilityError, match="give `views`"):
        method.render(method.networks(spec(4, 12)), around(1, 12)[0])
