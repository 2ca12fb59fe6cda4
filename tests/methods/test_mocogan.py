"""MoCoGAN: a walk by hand, content that stays, and the official networks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drive import HandDraw, play
from torch import nn

from saddlepoint.data.batches import ClipBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip
from saddlepoint.methods.gan.mocogan import ClipCritic, ClipGenerator, FrameCritic, MoCoGAN

TINY = {"latent": 3, "motion": 2, "width": 2, "shape": [13, 1, 16, 16]}
PARITY = Path(__file__).parents[1] / "parity" / "mocogan.npz"
SMALL = MoCoGAN(latent=3, motion=2, width=2)


def test_content_stays_and_motion_is_a_walk() -> None:
    torch.manual_seed(0)
    generator = ClipGenerator(3, 2, 5, 1, 16, 2)
    latent = torch.randn(4, 3 + 2 + 10)
    path = generator.path(latent)
    assert torch.equal(path[:, :, :3], latent[:, None, :3].expand(-1, 5, -1))
    state = latent[:, 3:5]
    for time in range(5):
        state = generator.walk(latent[:, 5 + 2 * time : 7 + 2 * time], state)
        assert torch.allclose(path[:, time, 3:], state)


def test_frames_and_clips_are_judged_apart() -> None:
    torch.manual_seed(0)
    nets = SMALL.networks(DataSpec({"clip": Clip(13, 1, 16, 16)}))
    updates = list(play(SMALL, nets, HandDraw(ClipBatch(torch.rand(4, 13, 1, 16, 16)))))
    assert [update.group for update in updates] == ["image_critic", "clip_critic", "generator"]
    assert set(updates[-1].losses) == {"image", "clip"}
    assert SMALL.latents(nets, 2, 0).shape == (2, 3 + 14 * 2)


def test_short_clips_and_odd_frames_are_refused() -> None:
    for shape, words in (((8, 1, 16, 16), "--window 16"), ((16, 1, 16, 24), "--resolution 16")):
        with pytest.raises(ConfigError, match=words):
            SMALL.networks(DataSpec({"clip": Clip(*shape)}))
    with pytest.raises(ConfigError, match="makes clips"):
        SMALL.networks(DataSpec.of((1, 16, 16)))


def _load(file: np.lib.npyio.NpzFile, prefix: str, layers: nn.Sequential) -> None:
    own = [layer for layer in layers if layer.state_dict()]
    numbers = sorted({int(key[len(prefix) :].split(".")[0]) for key in file.files if key.startswith(prefix)})
    for number, layer in zip(numbers, own, strict=True):
        layer.load_state_dict({key: torch.from_numpy(file[f"{prefix}{number}.{key}"]) for key in layer.state_dict()})


def test_the_networks_equal_the_official_ones() -> None:
    file = np.load(PARITY)
    generator = ClipGenerator(9, 4, 4, 3, 64, 2)  # the official category joins the content
    _load(file, "sd.G.main.", generator.frame)
    generator.walk.load_state_dict(
        {key: torch.from_numpy(file[f"sd.G.recurrent.{key}"]) for key in generator.walk.state_dict()}
    )
    content, category, first, noise = (torch.from_numpy(file[f"in.{key}"]) for key in ("content", "categ", "h0", "e"))
    latent = torch.cat([content, category, first, noise.transpose(0, 1).flatten(1)], 1)
    path = generator.eval().path(latent).flatten(0, 1)
    assert np.abs(path.detach().numpy() - file["out.z_video"]).max() < 1e-5
    clips = generator(latent)  # [N, T, C, S, S]; theirs has channels first
    assert np.abs(clips.detach().transpose(1, 2)[..., ::2, ::2].numpy() - file["out.video_stride2"]).max() < 1e-4
    frames, moving = FrameCritic(3, 4).eval(), ClipCritic(3, 2).eval()
    _load(file, "sd.DPI.main.", frames.layers)
    _load(file, "sd.DPV.main.", moving.layers)
    assert np.abs(frames(clips.flatten(0, 1)).detach().numpy() - file["out.D_patch_image"]).max() < 1e-4
    shown = torch.from_numpy(file["in.vid"]).transpose(1, 2)
    assert np.abs(moving(shown).detach().numpy() - file["out.D_patch_video"]).max() < 1e-4
