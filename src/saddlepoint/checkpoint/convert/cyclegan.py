"""Weights of the authors' Torch port of pix2pix and CycleGAN by our names: junyanz/pytorch-CycleGAN-and-pix2pix.

Its convolutions have biases before instance norm too, where a bias has no effect; ours have none there, and those are
left out. So are running statistics of instance norm, which its older releases kept and never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.errors import CheckpointError

ORIGIN = "pytorch-CycleGAN-and-pix2pix"
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none of these.

    Raises CheckpointError for a critic, and for a generator that changes the number of channels.
    """
    if any(".conv_block." in name for name in state):
        return _translator(state)
    if "model.model.0.weight" in state:
        return _u_net(state)
    if "model.0.weight" in state and re.fullmatch(r"model\.\d+\.bias", list(state)[-1]):
        raise CheckpointError("this is a PatchGAN critic, which makes no images: import the generator (net_G).")
    return None


def _translator(state: Mapping[str, Tensor]) -> Imported:
    renamed = resnet_translator(state)
    width, channels = renamed["first.0.weight"].shape[:2]
    _keeps(channels, renamed["last.weight"].shape[0])
    blocks = len({name.split(".")[1] for name in renamed if name.startswith("blocks.")})
    norm = _norm_of(renamed)
    side = 128 if blocks == 6 else 256  # as the authors use them; any multiple of 4 can be translated
    return Imported(
        origin=ORIGIN,
        what=f"residual translator of {blocks} blocks, {width} wide, {norm} norm",
        method="cycle_gan",
        options={"blocks": blocks, "generator_width": width, "norm": norm},
        shape=(channels, side, side),
        weights={"a2b": renamed},
        remarks=(
            f"The file does not say for which side it was trained: {side} pixels are taken, as its authors do with"
            f" {blocks} blocks. Say --resolution where it was another.",
        ),
    )


def _u_net(state: Mapping[str, Tensor]) -> Imported:
    renamed = unet(state)
    depth = 1 + max(int(name.split(".")[1]) for name in renamed if name.startswith("down."))
    width, channels = renamed["down.0.conv.weight"].shape[:2]
    _keeps(channels, renamed[f"up.{depth - 1}.conv.weight"].shape[1])
    norm = _norm_of(renamed)
    return Imported(
        origin=ORIGIN,
        what=f"U-Net of {depth} halvings, {width} wide, {norm} norm",
        method="pix2pix",
        options={
            "depth": depth,
            "generator_width": width,
            "norm": norm,
            "dropout_after": False,
            "statistics": "trained",
        },
        shape=(channels, 2**depth, 2**depth),
        weights={"generator": renamed},
    )


def _keeps(channels: int, outputs: int) -> None:
    if channels != outputs:
        raise CheckpointError(
            f"it makes images of {outputs} channels from such of {channels}; only translators that keep the number can"
            " be imported."
        )


def _norm_of(renamed: Mapping[str, Tensor]) -> str:
    return "batch" if _has_statistics(renamed) else "instance"


def unet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a `UnetGenerator`, with batch or instance norm, as that of `UNet`.

    Raises CheckpointError for a name that is none of it.
    """
    state, unbiased = _without_unused_statistics(state), not _has_statistics(state)
    # Each level lies within the one above it: model.model.1.model.3.model.5.weight is place 5 of level 2.
    places = {name: [int(part) for part in name.split(".") if part.isdecimal()] for name in state}
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
        ours = f"{_known(known, place, name, 'U-Net')}.{_leaf(name)}"
        normed = level > 0 and (ours.startswith("up.") or level < depth - 1)
        if not (normed and ours.endswith(".conv.bias") and unbiased):
            renamed[ours] = value
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
    """The state dict of a `ResnetGenerator`, with batch or instance norm, as that of `ResNetTranslator`.

    Raises CheckpointError for a name that is none of it.
    """
    state, unbiased = _without_unused_statistics(state), not _has_statistics(state)
    last = max((_place(name) for name in state), default=0)
    end = last - 7  # behind the blocks, which begin at 10
    known = {1: "first.0", 2: "first.1", 4: "down.0", 5: "down.1", 7: "down.3", 8: "down.4"}
    known |= {end: "up.0", end + 1: "up.1", end + 3: "up.3", end + 4: "up.4", last: "last"}
    with_dropout = any(re.fullmatch(r".*conv_block\.6\.weight", name) and state[name].dim() == 4 for name in state)
    second = 6 if with_dropout else 5
    layers = {1: 0, 2: 1, second: 3, second + 1: 4}
    rest, renamed = {}, {}
    for name, value in state.items():
        match = re.fullmatch(r"model\.(\d+)\.conv_block\.(\d+)\.(\w+)", name)
        if match is None:
            rest[name] = value
            continue
        block, place = int(match[1]) - 10, int(match[2])
        if not 0 <= block < end - 10 or place not in layers:
            raise CheckpointError(f"{name} is no part of a residual translator.")
        if not (match[3] == "bias" and place in (1, second) and unbiased):
            renamed[f"blocks.{block}.layers.{layers[place]}.{match[3]}"] = value
    return renamed | _renamed(rest, known, "residual translator", biased=(last,))


def _renamed(
    state: Mapping[str, Tensor], known: Mapping[int, str], what: str, *, biased: tuple[int, ...]
) -> dict[str, Tensor]:
    """biased: the places of convolutions that no norm follows."""
    renamed: dict[str, Tensor] = {}
    unbiased = not _has_statistics(state)
    for name, value in state.items():
        place = _place(name)
        ours = _known(known, place, name, what)
        bias = _leaf(name) == "bias" and state.get(f"model.{place}.weight", value).dim() == 4
        if not bias or place in biased or not unbiased:
            renamed[f"{ours}.{_leaf(name)}"] = value
    return renamed


def _without_unused_statistics(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the running statistics of norms that have no weight: of instance norms."""

    def unused(name: str) -> bool:
        return _leaf(name) in _STATISTICS and f"{name.rpartition('.')[0]}.weight" not in state

    return {name: value for name, value in state.items() if not unused(name)}


def _has_statistics(state: Mapping[str, Tensor]) -> bool:
    """Whether its norms are batch norms, before which a bias would have an effect; the port has none there."""
    return any(_leaf(name) in _STATISTICS for name in _without_unused_statistics(state))


def _known(known: Mapping[int, str], place: int, name: str, what: str) -> str:
    if place not in known:
        raise CheckpointError(f"{name} is no part of a {what}.")
    return known[place]


def _place(name: str) -> int:
    match = re.match(r"model\.(\d+)\.", name)
    return int(match[1]) if match else -1


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]
