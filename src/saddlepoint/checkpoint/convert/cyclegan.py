"""Weights of the authors' Torch port of pix2pix and CycleGAN by our names: junyanz/pytorch-CycleGAN-and-pix2pix.

Its convolutions have biases before instance norm too, where a bias has no effect; ours have none, and those are left
out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.errors import CheckpointError


def unet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a `UnetGenerator` with batch norm as that of `UNet`.

    Raises CheckpointError for a name that is none of it.
    """
    # Each level lies within the one above it: model.model.1.model.3.model.5.weight is place 5 of level 2.
    places = {name: [int(part) for part in name.split(".") if part.isdigit()] for name in state}
    depth = max((len(numbers) for numbers in places.values()), default=0)
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        level, place = len(places[name]) - 1, (places[name] or [-1])[-1]
        down, up = f"down.{level}", f"up.{depth - 1 - level}"
        if level == 0:
            known = {0: f"{down}.conv", 3: f"{up}.conv"}
        elif level == depth - 1:
            known = {1: f"{down}.conv", 3: f"{up}.conv", 4: f"{up}.norm"}
        else:
            known = {1: f"{down}.conv", 2: f"{down}.norm", 5: f"{up}.conv", 6: f"{up}.norm"}
        renamed[f"{_known(known, place, name, 'U-Net')}.{_leaf(name)}"] = value
    return renamed


def patch_critic(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an `NLayerDiscriminator` with at least one halving as that of `PatchCritic`.

    Raises CheckpointError for a name that is none of it.
    """
    last = max((_place(name) for name in state), default=0)
    final = (last + 1) // 3  # number of the last convolution, where the first is 0; theirs are at 0, 2, 5, 8, ...
    known = {0: "layers.0", last: f"layers.{2 * final}"}
    for layer in range(1, final):
        known |= {3 * layer - 1: f"layers.{2 * layer}.0", 3 * layer: f"layers.{2 * layer}.1"}
    return _renamed(state, known, "patch critic", biased=(0, last))


def resnet_translator(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a `ResnetGenerator` with instance norm as that of `ResNetTranslator`.

    Raises CheckpointError for a name that is none of it.
    """
    last = max((_place(name) for name in state), default=0)
    end = last - 7  # behind the blocks, which begin at 10
    known = {1: "first.0", 4: "down.0", 7: "down.3", end: "up.0", end + 3: "up.3", last: "last"}
    blocks = {f"{place}.{layer}": (place - 10, layer) for place in range(10, end) for layer in (1, 5)}
    rest, renamed = {}, {}
    for name, value in state.items():
        found = re.fullmatch(r"model\.(\d+\.)conv_block\.(\d+)\.(weight|bias)", name)
        if found is None:
            rest[name] = value
        elif found[1] + found[2] not in blocks:
            raise CheckpointError(f"{name} is no part of a residual translator.")
        elif found[3] == "weight":
            block, layer = blocks[found[1] + found[2]]
            renamed[f"blocks.{block}.layers.{0 if layer == 1 else 3}.weight"] = value
    return renamed | _renamed(rest, known, "residual translator", biased=(last,))


def _renamed(
    state: Mapping[str, Tensor], known: Mapping[int, str], what: str, *, biased: tuple[int, ...]
) -> dict[str, Tensor]:
    """biased: the places of convolutions that no norm follows."""
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        place = _place(name)
        ours = _known(known, place, name, what)
        bias = _leaf(name) == "bias" and state.get(f"model.{place}.weight", value).dim() == 4
        if not bias or place in biased:
            renamed[f"{ours}.{_leaf(name)}"] = value
    return renamed


def _known(known: Mapping[int, str], place: int, name: str, what: str) -> str:
    if place not in known:
        raise CheckpointError(f"{name} is no part of a {what}.")
    return known[place]


def _place(name: str) -> int:
    found = re.match(r"model\.(\d+)\.", name)
    return int(found[1]) if found else -1


def _leaf(name: str) -> str:
    return name.rsplit(".", 1)[1]
