"""UNIT: the authors' networks, its losses by hand, and codes whose noise is of training alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.unit import UNIT
from saddlepoint.nn.backbones.content_decoder import ContentDecoder
from saddlepoint.nn.backbones.content_style import ContentEncoder
from saddlepoint.nn.layers.norm import LayerNorm2d

TINY = {
    "generator_width": 2, "content_halvings": 1, "blocks": 1, "critic_width": 2, "critic_halvings": 1, "scales": 2,
    "image": 1.0, "cycle": 1.0, "ema_images": 4.0, "shape": (3, 8, 8),
}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "unit.npz"


@torch.no_grad()
def test_encoder_and_decoder_equal_the_authors() -> None:
    file = np.load(PARITY)

    def copy(prefix: str, network: nn.Module) -> None:
        names = [name.removesuffix(".weight") for name in file.files if name.startswith(prefix) and "weight" in name]
        for name, conv in zip(names, (each for each in network.modules() if isinstance(each, nn.Conv2d)), strict=True):
            for key, value in conv.state_dict().items():
                value.copy_(torch.from_numpy(file[f"{name}.{key}"]))
        norms = [name.removesuffix(".gamma") for name in file.files if name.startswith(prefix) and "gamma" in name]
        for name, norm in zip(
            norms, (each for each in network.modules() if isinstance(each, LayerNorm2d)), strict=True
        ):
            norm.gain.copy_(torch.from_numpy(file[f"{name}.gamma"])[:, None, None])
            norm.shift.copy_(torch.from_numpy(file[f"{name}.beta"])[:, None, None])

    encoder, decoder = ContentEncoder(3, 5, 2, 2), ContentDecoder(3, 5, 2, 2)
    copy("sd.vae.enc", encoder), copy("sd.vae.dec", decoder)
    code = encoder(torch.from_numpy(file["in.x"]))
    assert np.abs(code.numpy() - file["out.vae_hidden"]).max() < 1e-4
    assert np.abs(decoder(code + torch.from_numpy(file["in.noise"])).numpy() - file["out.vae_recon"]).max() < 1e-4


class Quiet(HandDraw):
    def noise(self, n: int, *shape: int) -> torch.Tensor:
        return torch.zeros(n, *shape)


def test_the_generators_are_told_of_rebuilding_there_and_back_and_codes() -> None:
    torch.manual_seed(0)
    method = UNIT(
        **{key: value for key, value in TINY.items() if key not in ("shape", "image", "cycle")},
        image=2,
        cycle=3,
        code=4,
        code_cycle=5,
    )  # type: ignore[arg-type]
    nets = method.networks(DataSpec.of((3, 8, 8)))
    batch = UnpairedBatch(*torch.rand(2, 2, 3, 8, 8) * 2 - 1)
    moves: Any = method.train_step(nets, Quiet(batch), Clock())  # type: ignore[arg-type]
    assert next(moves).group == "critics"
    losses = next(moves).losses
    code = nets.common(nets.encoder_a(batch.a))
    fake = nets.decoder_b(code)
    again = nets.common(nets.encoder_b(fake))
    wanted = {
        "image_a": 2 * (nets.decoder_a(code) - batch.a).abs().mean(),
        "cycle_a": 3 * (nets.decoder_a(again) - batch.a).abs().mean(),
        "code_a": 4 * code.square().mean(),
        "code_cycle_a": 5 * again.square().mean(),
        "fake_b": sum((logits - 1).square().mean() for logits in nets.critic_b(fake)),
    }
    for name, value in wanted.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-4), name
    assert torch.allclose(method.translate(nets.eval(), batch.a, "a"), fake, atol=1e-6)
