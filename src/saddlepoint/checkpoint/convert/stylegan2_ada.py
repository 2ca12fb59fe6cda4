"""StyleGAN2's official weights by our names. Karras et al. 2020, arXiv:2006.06676; NVlabs/stylegan2-ada-pytorch.

Forward results are the same where the official networks compute in float32 and no value reaches their clamp of 256,
which stands only in networks with float16 layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.errors import CheckpointError

ORIGIN = "stylegan2-ada-pytorch"

_CONV = {
    "weight": "weight",
    "bias": "bias",
    "noise_strength": "strength",
    "noise_const": "constant",
    "affine.weight": "affine.weight",
    "affine.bias": "affine.bias",
}
_HALF = {"conv0": "conv1", "conv1": "conv2", "skip": "beside"}
_LAST = {"conv": "conv", "fc": "dense", "out": "output"}


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none of these. Raises CheckpointError for a critic."""
    if "b4.fc.weight" in state and "b4.out.weight" in state:
        raise CheckpointError("this is the critic of a StyleGAN2, which makes no images: import its generator (G_ema).")
    if "synthesis.b4.const" not in state or "mapping.fc0.weight" not in state:
        return None
    renamed = generator(state)
    maps = {side: state[f"synthesis.b{side}.conv1.weight"].shape[0] for side in _sides(state)}
    largest, most = max(maps), max(maps.values())
    base = min((side * width for side, width in maps.items() if width < most), default=most * largest)
    style, inputs = state["mapping.fc0.weight"].shape
    label = state.get("mapping.embed.weight")  # [features, classes]; they stand beside the latent in the inputs
    latent, classes = (inputs, 0) if label is None else (inputs - label.shape[0], label.shape[1])
    return Imported(
        origin=ORIGIN,
        what=f"generator of {largest}x{largest} images from {latent} numbers"
        + (f", of {classes} classes" if classes else ""),
        method="stylegan2_conditional" if classes else "stylegan2",
        options={
            "latent": latent,
            "style": style,
            "base": base,
            "most": most,
            "mapping_layers": sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in state),
        },
        shape=(state["synthesis.b4.torgb.weight"].shape[0], largest, largest),
        weights={"generator": renamed},
        classes=classes,
    )


def generator(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an official generator as that of `StyleGAN2Generator`: the same forward.

    Raises CheckpointError for a name that is none of such a generator with skip connections.
    """
    renamed: dict[str, Tensor] = {}
    for name, value in _learned(state).items():
        if name == "synthesis.b4.const":
            renamed["synthesis.constant"] = value
        elif name.startswith("mapping."):
            renamed[_mapping(name, "generator")] = value
        else:
            renamed[_synthesis(name)] = value
    return renamed


def critic(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an official discriminator as that of `StyleGAN2Critic`: the same forward.

    Raises CheckpointError for a name that is none of such a discriminator, residual or plain.
    """
    learned = _learned(state)
    sides = {int(match[1]) for name in learned if (match := re.match(r"b(\d+)\.", name))}
    largest = max(sides, default=0)
    renamed: dict[str, Tensor] = {}
    for name, value in learned.items():
        match = re.fullmatch(r"b(\d+)\.(\w+)\.(weight|bias)", name)
        side, layer, rest = (int(match[1]), match[2], match[3]) if match else (0, "", "")
        if name.startswith("mapping."):
            renamed[_mapping(name, "critic")] = value
        elif layer == "fromrgb" and side == largest:
            renamed[f"from_image.{rest}"] = value
        elif side == 4 and layer in _LAST:
            renamed[f"{_LAST[layer]}.{rest}"] = value
        elif side > 4 and layer in _HALF:
            renamed[f"blocks.{_power(largest) - _power(side)}.{_HALF[layer]}.{rest}"] = value
        else:
            raise _unknown(name, "critic")
    return renamed


def _sides(state: Mapping[str, Tensor]) -> list[int]:
    return sorted({int(match[1]) for name in state if (match := re.match(r"synthesis\.b(\d+)\.conv1\.weight", name))})


def _learned(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the blur kernels, which are fixed and the same in ours."""
    return {name: value for name, value in state.items() if not name.endswith("resample_filter")}


def _mapping(name: str, network: str) -> str:
    """The same for both networks; only the generator's has an average."""
    if name == "mapping.w_avg":
        return "mapping.average"
    if re.fullmatch(r"mapping\.embed\.(weight|bias)", name):
        return name
    match = re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name)
    if not match:
        raise _unknown(name, network)
    return f"mapping.layers.{match[1]}.{match[2]}"


def _synthesis(name: str) -> str:
    match = re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb)\.(.+)", name)
    if not match or match[3] not in _CONV:
        raise _unknown(name, "generator")
    block = _power(int(match[1])) - 2  # 4x4 is block 0, which has no conv0
    if match[2] == "torgb":
        return f"synthesis.images.{block}.{_CONV[match[3]]}"
    return f"synthesis.layers.{2 * block - (match[2] == 'conv0')}.{_CONV[match[3]]}"


def _power(side: int) -> int:
    return side.bit_length() - 1


def _unknown(name: str, network: str) -> CheckpointError:
    return CheckpointError(
        f"{name} is no part of a StyleGAN2 {network} in its ADA form; give the state dict of a whole official network"
        " (generator with skip connections; discriminator residual or plain)."
    )
