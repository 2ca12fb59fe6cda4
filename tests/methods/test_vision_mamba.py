"""Vision Mamba: the scan equals a loop and its gradient, flipping swaps the directions, and the official networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.recognition.vision_mamba import BothWays, VisionMamba
from saddlepoint.nn.layers.state_space import SelectiveBranch, scan, selective_scan

TINY = {"patch": 4, "layers": 1, "width": 8, "state": 2}
PARITY = Path(__file__).parents[1] / "parity" / "vim.npz"


@pytest.mark.parametrize("length", [2, 5, 16])
def test_the_scan_equals_a_loop_and_its_gradient(length: int) -> None:
    torch.manual_seed(0)
    decay = torch.rand(2, length, 3, dtype=torch.float64, requires_grad=True)
    input = torch.randn(2, length, 3, dtype=torch.float64, requires_grad=True)
    hidden, rows = torch.zeros(2, 3, dtype=torch.float64), []
    for time in range(length):
        hidden = decay[:, time] * hidden + input[:, time]
        rows.append(hidden)
    ours, theirs = scan(decay, input), torch.stack(rows, 1)
    assert torch.allclose(ours, theirs, atol=1e-12)
    weight = torch.randn_like(ours)
    for one, two in zip(*(torch.autograd.grad((weight * each).sum(), (decay, input)) for each in (ours, theirs))):
        assert torch.allclose(one, two, atol=1e-12)


def test_a_flipped_row_swaps_the_directions() -> None:
    torch.manual_seed(0)
    block, input = BothWays(8, 2), torch.randn(2, 7, 8)
    swapped = BothWays(8, 2)
    state = block.state_dict()
    other = {"forwards": "backwards", "backwards": "forwards"}
    names = {
        name: ".".join((other.get(name.split(".")[0], name.split(".")[0]), *name.split(".")[1:])) for name in state
    }
    swapped.load_state_dict({names[name]: value for name, value in state.items()})
    assert torch.allclose(swapped(input.flip(1)).flip(1), block(input), atol=1e-6)


def branch(file: Any, prefix: str, ending: str, into: SelectiveBranch) -> None:
    decay = "A_b_log" if ending else "A_log"
    names = {
        "conv1d{}.weight": into.convolution.weight,
        "conv1d{}.bias": into.convolution.bias,
        "x_proj{}.weight": into.parts.weight,
        "dt_proj{}.weight": into.steps.weight,
        "dt_proj{}.bias": into.steps.bias,
        "D{}": into.skip,
    }
    for name, weight in names.items():
        assert weight is not None
        weight.data.copy_(torch.from_numpy(file[prefix + name.format(ending)]))
    into.log_decay.data.copy_(torch.from_numpy(file[prefix + decay]).flatten())


def official(file: Any, prefix: str, block: BothWays) -> None:
    block.input.weight.data.copy_(torch.from_numpy(file[prefix + "in_proj.weight"]))
    block.out.weight.data.copy_(torch.from_numpy(file[prefix + "out_proj.weight"]))
    branch(file, prefix, "", block.forwards)
    branch(file, prefix, "_b", block.backwards)


def test_scan_block_and_classifier_equal_the_public_ones() -> None:
    file = np.load(PARITY)
    u, dt, a, b, c, skip, z, bias = (
        torch.from_numpy(file[f"in.s_{name}"]) for name in ("u", "dt", "A", "B", "C", "D", "z", "bias")
    )
    step = F.softplus(dt.transpose(1, 2) + bias)
    output = selective_scan(u.transpose(1, 2), step, a, b.transpose(1, 2), c.transpose(1, 2), skip)
    assert np.abs((output * F.silu(z.transpose(1, 2))).transpose(1, 2).numpy() - file["out.scan"]).max() < 1e-4
    block = BothWays(16, 4)
    official(file, "sd.bimamba.", block)
    assert np.abs(block(torch.from_numpy(file["in.seq"])).detach().numpy() - file["out.bimamba_v2"]).max() < 1e-4
    method = VisionMamba(patch=4, layers=2, width=16, state=4)
    network = method.networks(DataSpec.of((3, 16, 16), tuple("abcde"))).network
    for number in range(2):
        official(file, f"sd.vim.layers.{number}.mixer.", network.mixers[number])
        network.norms[number].weight.data.copy_(torch.from_numpy(file[f"sd.vim.layers.{number}.norm.weight"]))
    for name, weight in (
        ("cls_token", network.class_token),
        ("pos_embed", network.positions),
        ("patch_embed.proj.weight", network.embed.weight),
        ("patch_embed.proj.bias", network.embed.bias),
        ("norm_f.weight", network.norm.weight),
        ("head.weight", network.head.weight),
        ("head.bias", network.head.bias),
    ):
        weight.data.copy_(torch.from_numpy(file[f"sd.vim.{name}"]))
    image = torch.from_numpy(file["in.img"])
    assert np.abs(network.features(image).detach().numpy() - file["out.features"]).max() < 1e-4
    assert np.abs(network(image).detach().numpy() - file["out.logits"]).max() < 1e-4


def test_patches_that_do_not_divide_the_image_are_refused() -> None:
    with pytest.raises(ConfigError, match="or another --patch"):
        VisionMamba(patch=3, layers=1, width=8).networks(DataSpec.of((1, 8, 8), ("a", "b")))
