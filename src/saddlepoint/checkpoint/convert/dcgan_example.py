"""Weights of PyTorch's DCGAN example by our names: github.com/pytorch/examples, dcgan/main.py.

Its first layer is a transposed convolution of one pixel, which is the linear map that ours is; its last convolution,
from 4x4 to one number, likewise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.errors import CheckpointError

ORIGIN = "the DCGAN example of PyTorch"


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none of these. Raises CheckpointError for a critic."""
    first = state.get("main.0.weight")
    if first is None or first.dim() != 4 or not all(re.fullmatch(r"main\.\d+\.\w+", name) for name in state):
        return None
    last = state[f"main.{_last(state)}.weight"]
    if last.shape[0] == 1 and first.shape[2:] == (4, 4) and first.shape[1] <= 4:
        raise CheckpointError("this is the critic of a DCGAN, which makes no images: import its generator (netG).")
    latent, channels, doublings = first.shape[0], last.shape[1], _last(state) // 3
    side = 4 << doublings
    return Imported(
        origin=ORIGIN,
        what=f"generator of {side}x{side} images with {channels} channels, from {latent} numbers",
        method="dcgan",
        options={"latent": latent, "generator_width": last.shape[0], "kernel": 4},
        shape=(channels, side, side),
        weights={"generator": generator(state)},
    )


def generator(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of `netG` as that of `DCGANGenerator`: the same forward.

    Raises CheckpointError for a name that is none of it.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        place, leaf = _place(name, "generator")
        if place:
            renamed[f"layers.{place - 1}.{leaf}"] = value
        else:  # [latent, C, 4, 4] -> [4 * 4 * C, latent]
            renamed["project.weight"] = value.permute(2, 3, 1, 0).flatten(0, 2)
    return renamed


def critic(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of `netD` as that of `DCGANCritic`: its logits, before its sigmoid.

    Raises CheckpointError for a name that is none of it.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        place, leaf = _place(name, "critic")
        if place == _last(state):  # [1, C, 4, 4] -> [1, 4 * 4 * C]
            renamed["output.weight"] = value.permute(0, 2, 3, 1).flatten(1)
        else:
            renamed[f"layers.{place}.{leaf}"] = value
    return renamed


def _last(state: Mapping[str, Tensor]) -> int:
    return max((int(match[1]) for name in state if (match := re.match(r"main\.(\d+)\.", name))), default=0)


def _place(name: str, network: str) -> tuple[int, str]:
    match = re.fullmatch(r"main\.(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)", name)
    if match is None or (match[1] == "0" and match[2] != "weight"):
        raise CheckpointError(f"{name} is no part of a DCGAN {network} as PyTorch's example makes it.")
    return int(match[1]), match[2]
