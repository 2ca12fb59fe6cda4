"""The generator of leftthomas/SRGAN becomes a model that answers as its layers do, one after another."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint import load
from saddlepoint.checkpoint.convert import srgan
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.methods.restoration.srgan import SRGAN

main = importlib.import_module("saddlepoint.cli.import").main
WIDTH, BLOCKS = 4, 2


def a_state(times: int) -> dict[str, Tensor]:
    """Random weights in that layout."""
    torch.manual_seed(0)
    state: dict[str, Tensor] = {}

    def conv(name: str, inputs: int, outputs: int, side: int) -> None:
        state[f"{name}.weight"] = torch.randn(outputs, inputs, side, side) / (side * inputs**0.5)
        state[f"{name}.bias"] = torch.randn(outputs) / 10

    conv("block1.0", 3, WIDTH, 9)
    state["block1.1.weight"] = torch.rand(1)
    for number in range(2, BLOCKS + 2):
        for which in "12":
            conv(f"block{number}.conv{which}", WIDTH, WIDTH, 3)
            norm = ("weight", "bias", "running_mean", "running_var")
            state |= {f"block{number}.bn{which}.{leaf}": torch.rand(WIDTH) + 0.5 for leaf in norm}
        state[f"block{number}.prelu.weight"] = torch.rand(1)
    conv(f"block{BLOCKS + 2}.0", WIDTH, WIDTH, 3)
    state[f"block{BLOCKS + 2}.1.weight"] = torch.rand(1)
    for step in range(times):
        conv(f"block{BLOCKS + 3}.{step}.conv", WIDTH, 4 * WIDTH, 3)
        state[f"block{BLOCKS + 3}.{step}.prelu.weight"] = torch.rand(1)
    conv(f"block{BLOCKS + 3}.{times}", WIDTH, 3, 9)
    return state


def answer(state: dict[str, Tensor], image: Tensor, times: int) -> Tensor:
    """What its authors' code makes of [N, 3, h, w] in [0, 1], layer by layer."""

    def conv(name: str, x: Tensor) -> Tensor:
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[2] // 2)

    def norm(name: str, x: Tensor) -> Tensor:
        leaves = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(state[f"{name}.{leaf}"] for leaf in leaves))

    first = F.prelu(conv("block1.0", image), state["block1.1.weight"])
    x = first
    for number in range(2, BLOCKS + 2):
        own = f"block{number}"
        inner = F.prelu(norm(f"{own}.bn1", conv(f"{own}.conv1", x)), state[f"{own}.prelu.weight"])
        x = x + norm(f"{own}.bn2", conv(f"{own}.conv2", inner))
    x = first + F.prelu(conv(f"block{BLOCKS + 2}.0", x), state[f"block{BLOCKS + 2}.1.weight"])
    for step in range(times):
        own = f"block{BLOCKS + 3}.{step}"
        x = F.prelu(F.pixel_shuffle(conv(f"{own}.conv", x), 2), state[f"{own}.prelu.weight"])
    return (torch.tanh(conv(f"block{BLOCKS + 3}.{times}", x)) + 1) / 2


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_generator_answers_as_it_did(times: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, image = a_state(times), torch.rand(1, 3, 6, 5)
    torch.save(state, tmp_path / "netG_epoch_4_100.pth")
    reference: dict[str, Any] = {"input": 2 * image - 1, "output": 2 * answer(state, image, times) - 1}
    np.savez(tmp_path / "reference.npz", **reference)
    arguments = [str(tmp_path / "netG_epoch_4_100.pth"), "--out", str(tmp_path / "model")]
    assert main([*arguments, "--check", str(tmp_path / "reference.npz")]) == 0
    assert f"SRResNet of 2 blocks, 4 wide, {2**times} times larger" in capsys.readouterr().out
    restored = load(tmp_path / "model").translate(2 * image - 1)
    assert torch.allclose(restored.as_subclass(Tensor), reference["output"], atol=1e-5)


def test_what_is_none_is_left_and_another_version_is_refused() -> None:
    assert srgan.recognised({"layer.weight": torch.zeros(2, 2)}) is None
    norm = {f"block{BLOCKS + 2}.1.running_mean": torch.zeros(WIDTH)}
    with pytest.raises(CheckpointError, match="later generator"):
        srgan.recognised(a_state(2) | norm)
    with pytest.raises(CheckpointError, match="no 2, 4 or 8 times"):
        srgan.recognised(a_state(4))
    with pytest.raises(CheckpointError, match="is no part"):
        srgan.recognised(a_state(1) | {"more.weight": torch.zeros(1)})
    broken = a_state(1)
    del broken["block2.bn1.bias"]
    with pytest.raises(CheckpointError, match="not whole"):
        srgan.recognised(broken)


def test_a_bounded_generator_has_no_skip_to_add_to() -> None:
    with pytest.raises(ConfigError, match="leave one of them out"):
        SRGAN(bounded=True, bicubic_skip=True)
