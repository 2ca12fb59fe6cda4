"""R3GAN's official weights by our names. Huang et al. 2024, arXiv:2501.05441; github.com/brownvc/R3GAN, Networks.py."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.errors import CheckpointError

ORIGIN = "R3GAN"

_BLOCK = {
    "LinearLayer1.Layer.weight": "widen.weight",
    "NonLinearity1.Bias": "widen.bias",
    "LinearLayer2.Layer.weight": "mix.weight",
    "NonLinearity2.Bias": "mix.bias",
    "LinearLayer3.Layer.weight": "narrow.weight",
}


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none of these.

    Raises CheckpointError for a critic, and for widths that do not halve with the side as ours do.
    """
    state = {name.removeprefix("Model."): value for name, value in state.items()}  # the shell of its training code
    if "ExtractionLayer.Layer.weight" in state:
        raise CheckpointError("this is the critic of an R3GAN, which makes no images: import its generator.")
    if "AggregationLayer.Layer.weight" not in state:
        return None
    renamed = generator(state)
    stages = 1 + max(stage for stage, _ in _places(state))
    widths = [renamed[f"stages.{stage}.0.narrow.weight"].shape[0] for stage in range(stages)]
    side, latent = 2 << stages, renamed["project.weight"].shape[1]
    full = 4 << max(index for index, width in enumerate(widths) if width == widths[0])
    if widths != [widths[0] * full // max(4 << index, full) for index in range(stages)]:
        raise CheckpointError(f"its widths are {widths} from 4x4 up; only such as halve from one side on can be held.")
    return Imported(
        origin=ORIGIN,
        what=f"generator of {side}x{side} images, {widths[0]} wide, from {latent} numbers",
        method="r3gan",
        options={
            "latent": latent,
            "width": widths[0],
            "full_width_to": full,
            "blocks": sum(re.fullmatch(r"stages\.0\.\d+\.mix\.weight", name) is not None for name in renamed),
            "group": renamed["stages.0.0.mix.weight"].shape[1],
        },
        shape=(renamed["image.weight"].shape[0], side, side),
        weights={"generator": renamed},
    )


def generator(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an official generator as that of `R3GANGenerator`: the same forward.

    Raises CheckpointError for a name that is none of an unconditional R3GAN generator.
    """
    ends = {"0.0.Basis": "basis", "0.0.LinearLayer.weight": "project.weight"}
    return _renamed(state, "AggregationLayer", ends, first_block=1, moves="doubles")


def critic(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of an official discriminator as that of `R3GANCritic`: the same forward.

    Raises CheckpointError for a name that is none of an unconditional R3GAN discriminator.
    """
    last = max(_places(state), default=(0, 0))
    end = f"{last[0]}.{last[1]}"
    ends = {f"{end}.Basis.weight": "basis.weight", f"{end}.LinearLayer.weight": "output.weight"}
    return _renamed(state, "ExtractionLayer", ends, first_block=0, moves="halves")


def _renamed(
    state: Mapping[str, Tensor], image: str, ends: Mapping[str, str], *, first_block: int, moves: str
) -> dict[str, Tensor]:
    """first_block: a generator's stage begins with its change of side, a critic's ends with it."""
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(".Resampler.Kernel"):
            continue  # fixed, and ours is the same
        if name == f"{image}.Layer.weight":
            renamed["image.weight"] = value
            continue
        match = re.fullmatch(r"MainLayers\.(\d+)\.Layers\.(\d+)\.(.+)", name)
        stage, layer, rest = (int(match[1]), int(match[2]), match[3]) if match else (0, 0, "")
        if f"{stage}.{layer}.{rest}" in ends:
            renamed[ends[f"{stage}.{layer}.{rest}"]] = value
        elif rest in _BLOCK:
            renamed[f"stages.{stage}.{layer - first_block}.{_BLOCK[rest]}"] = value
        elif rest == "LinearLayer.Layer.weight":
            renamed[f"{moves}.{stage - first_block}.conv.weight"] = value
        else:
            raise CheckpointError(
                f"{name} is no part of an unconditional R3GAN {'generator' if first_block else 'critic'}; give the"
                " state dict of a whole official network that was trained without classes."
            )
    return renamed


def _places(state: Mapping[str, Tensor]) -> list[tuple[int, int]]:
    matches = (re.match(r"MainLayers\.(\d+)\.Layers\.(\d+)\.", name) for name in state)
    return [(int(place[1]), int(place[2])) for place in matches if place]
