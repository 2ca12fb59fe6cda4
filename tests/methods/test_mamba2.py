"""Mamba-2: chunks equal the plain recurrence and its gradient, steps equal the whole, and the public block."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.autoregressive.mamba2 import Mamba2
from saddlepoint.nn.layers.state_space import Mamba2Mixer, between, ssd, ssd_step

TINY = {"layers": 1, "width": 8, "state": 4, "head": 4, "chunk": 4, "shape": (8, 6)}
PARITY = Path(__file__).parents[1] / "parity" / "mamba2.npz"


def signals(length: int) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = ((2, length, 3, 4), (2, length, 3), (2, length, 3, 5), (2, length, 3, 5), (2, 3, 4, 5))
    made = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    made[1] = -made[1].abs()
    return [each.requires_grad_() for each in made]


def plain(x: Any, a: Any, b: Any, c: Any, state: Any) -> Any:
    rows = []
    for time in range(x.shape[1]):
        row, state = ssd_step(x[:, time], a[:, time], b[:, time], c[:, time], state)
        rows.append(row)
    return torch.stack(rows, 1), state


@pytest.mark.parametrize(("length", "chunk"), [(12, 4), (11, 4), (3, 8), (13, 1)])
def test_chunks_equal_the_plain_recurrence_and_its_gradient(length: int, chunk: int) -> None:
    inputs = signals(length)
    *each, start = inputs
    x, a, b, c = each
    ours, theirs = ssd(x, a, b, c, chunk, start), plain(x, a, b, c, start)
    for one, two in zip(ours, theirs):
        assert torch.allclose(one, two, atol=1e-10)
    weights = [torch.randn_like(one) for one in ours]
    gradients = [
        torch.autograd.grad(sum((w * part).sum() for w, part in zip(weights, both)), inputs) for both in (ours, theirs)
    ]
    for one, two in zip(*gradients):
        assert torch.allclose(one, two, atol=1e-10)


def test_the_whole_as_one_matrix_is_attention_with_a_fading_mask() -> None:
    x, a, b, c, _ = signals(9)
    mask = between(a.transpose(1, 2)).exp()
    by_matrix = torch.einsum("nlhs,nmhs,nhlm,nmhp->nlhp", c, b, mask, x)
    assert torch.allclose(by_matrix, ssd(x, a, b, c, 4)[0], atol=1e-10)
    assert torch.equal(mask.triu(1), torch.zeros_like(mask))


def official(state: dict[str, Any], prefix: str, mixer: Mamba2Mixer) -> None:
    names = {
        "dt_bias": mixer.step_bias,
        "A_log": mixer.log_decay,
        "D": mixer.skip,
        "in_proj.weight": mixer.input.weight,
        "conv1d.weight": mixer.convolution.weight,
        "conv1d.bias": mixer.convolution.bias,
        "norm.weight": mixer.norm.weight,
        "out_proj.weight": mixer.out.weight,
    }
    with torch.no_grad():
        for name, weight in names.items():
            assert weight is not None
            weight.copy_(torch.from_numpy(state[prefix + name]))


def test_the_block_and_the_language_model_equal_the_public_ones() -> None:
    file = dict(np.load(PARITY))
    assert "in_proj order z,x,B,C,dt" in json.loads(str(file["meta"]))["notes"]
    x, a, b, c = (torch.from_numpy(file[f"in.ssd_{name}"]) for name in ("x", "A", "B", "C"))
    output, state = ssd(x, a, b, c, 8)
    assert np.allclose(output, file["out.ssd_y"], atol=1e-5)
    assert np.allclose(state, file["out.ssd_state"], atol=1e-5)
    mixer = Mamba2Mixer(16, state=8, head=8, chunk=8)
    official(file, "sd.block.", mixer)
    hidden = torch.from_numpy(file["in.u"])
    assert np.abs(mixer(hidden).detach().numpy() - file["out.block_y"]).max() < 1e-4
    method = Mamba2(layers=2, width=16, state=8, head=8, chunk=8)
    nets = method.networks(DataSpec({"text": Tokens(16, tuple(map(str, range(32))))}))
    network = nets.network
    for number in range(2):
        official(file, f"sd.lm.backbone.layers.{number}.mixer.", network.mixers[number])
        network.norms[number].weight.data = torch.from_numpy(file[f"sd.lm.backbone.layers.{number}.norm.weight"])
    network.norm.weight.data = torch.from_numpy(file["sd.lm.backbone.norm_f.weight"])
    network.tokens.weight.data[:32] = torch.from_numpy(file["sd.lm.backbone.embedding.weight"])
    logits = network.after(torch.from_numpy(file["in.ids"])).detach().numpy()
    assert np.abs(logits - file["out.lm_logits"]).max() < 1e-4 * np.abs(logits).max()


def test_steps_with_the_state_equal_the_whole() -> None:
    method = Mamba2(layers=2, width=8, state=4, head=4, chunk=4)
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"text": Tokens(8, tuple("<>abcd"), "words")})).double()
    tokens = torch.randint(6, (3, 11))
    step = method.stepper(nets, 3, {})
    by_steps = torch.stack([step(tokens[:, t - 1] if t else None) for t in range(11)], 1)
    assert torch.allclose(by_steps, method.logits(nets, tokens, {}), atol=1e-10)
    with pytest.raises(ConfigError, match="heads of 3 do not divide"):
        Mamba2(width=8, head=3)
