"""vid2vid: the official generator, what the critics see, and a film that depends on its own past alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw
from torch import nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, PairedClipBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.vid2vid import Vid2Vid
from saddlepoint.nn.backbones.film_generator import FilmGenerator
from saddlepoint.nn.layers.warp import warped

TINY = {
    "past": 1, "width": 2, "halvings": 1, "blocks": 1, "critic_width": 2, "critic_layers": 1, "scales": 1,
    "shape": (3, 3, 8, 8),
}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "vid2vid.npz"


@torch.no_grad()
def test_the_generator_equals_the_official_one() -> None:
    file = np.load(PARITY)

    def copy(prefixes: list[str], network: nn.Module) -> None:
        """Weights by order; a bias before a norm, which ours lack, moves into the norm's mean."""
        names = [name.rsplit(".", 1)[0] for name in file.files if name.startswith(tuple(prefixes))]
        modules = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d)]
        bias: Any = 0.0
        for name, module in zip(dict.fromkeys(names), modules, strict=True):
            for key, value in module.state_dict().items():
                if f"{name}.{key}" in file:
                    value.copy_(torch.from_numpy(file[f"{name}.{key}"]))
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean -= bias
            elif module.bias is None:
                bias = torch.from_numpy(file[f"{name}.bias"])

    network = FilmGenerator(8, 6, 3, 4, 2, 3, "batch").eval()
    copy(["sd.G.model_down_seg."], network.layout), copy(["sd.G.model_down_img."], network.past)
    copy(["sd.G.model_res_img.", "sd.G.model_up_img."], network.pixels)
    copy(["sd.G.model_res_flow.", "sd.G.model_up_flow."], network.motion)
    for own, name in ((network.raw, "img"), (network.flow, "flow"), (network.share, "w")):
        copy([f"sd.G.model_final_{name}."], own)
    seg, prev = (torch.from_numpy(file[f"in.{name}"]) for name in ("seg", "prev"))
    frame = network(seg, prev)
    back = 1 - file["in.mask"]  # theirs has another network for the foreground
    for own, name in ((frame.raw, "img_raw"), (frame.flow, "flow"), (frame.share, "weight")):
        assert np.abs((own.numpy() - file[f"out.{name}"]) * back).max() < 1e-4, name
    moved = warped(prev[:, -3:], frame.flow)
    # As the authors' torch read it, with corners aligned; their file was made with a later one, which reads otherwise.
    line = torch.linspace(-1, 1, 32)
    grid = torch.stack((line.expand(32, 32), line[:, None].expand(32, 32)), -1) + frame.flow.movedim(1, -1) / (31 / 2)
    wanted = F.grid_sample(prev[:, -3:], grid, padding_mode="border", align_corners=True)
    assert torch.allclose(moved, wanted, atol=1e-4)
    assert torch.allclose(frame.image, frame.raw * frame.share + moved * (1 - frame.share), atol=1e-6)


def game() -> tuple[Vid2Vid, Any, PairedClipBatch]:
    torch.manual_seed(0)
    method = Vid2Vid(**{key: value for key, value in TINY.items() if key != "shape"}, norm="instance")  # type: ignore[arg-type]
    nets = method.networks(DataSpec({"source": Clip(4, 3, 8, 8), "target": Clip(4, 1, 8, 8)}))
    return method, nets, PairedClipBatch(torch.rand(2, 4, 3, 8, 8), torch.rand(2, 4, 1, 8, 8))


@torch.no_grad()
def test_a_frame_depends_on_the_past_and_not_on_the_future() -> None:
    method, nets, batch = game()
    film = method.translate(nets.eval(), batch.source, "source")
    assert film.shape == batch.target.shape
    changed = batch.source.clone()
    changed[:, 2] = 0
    other = method.translate(nets, changed, "source")
    assert torch.equal(film[:, :2], other[:, :2])
    assert not torch.equal(film[:, 2], other[:, 2])


def test_critics_see_frames_beside_layouts_and_three_frames_in_a_row() -> None:
    method, nets, batch = game()
    assert method._beside(batch.source, batch.target).shape == (8, 4, 8, 8)
    row = method._in_a_row(batch.source, batch.target)
    assert torch.equal(row[1], batch.target[0, 1:4, 0])  # frames 1, 2 and 3 of the first film
    critics, generator = method.train_step(nets, HandDraw(batch), Clock())  # type: ignore[misc, arg-type]
    frames = method._film(nets.generator, batch.source, 1)
    moved = torch.stack([warped(batch.target[:, t - 1], frames[t].flow) for t in (1, 2, 3)], 1)
    wanted = 10 * (moved - batch.target[:, 1:]).abs().mean().item()
    assert generator.losses["motion"].item() == pytest.approx(wanted, rel=1e-4)  # type: ignore[union-attr]
    assert critics.losses.keys() == {
        f"{word}_{name}" for word in ("real", "fake") for name in ("critic", "clip_critic")
    }  # type: ignore[union-attr]


def test_films_of_other_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="as many frames, 3 or more"):
        Vid2Vid().networks(DataSpec({"source": Clip(2, 3, 16, 16), "target": Clip(2, 3, 16, 16)}))
