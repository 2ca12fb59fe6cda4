"""Weights of leftthomas/SRGAN by our names: a residual generator of 2, 4 or 8 times, as its first versions have it.

Its blocks are those of the paper. Before the long skip stands a PReLU where the paper has a norm, and it ends in
(tanh + 1) / 2, on images in [0, 1]. Later versions of that code have the norm again, and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.renamed import Rest, count
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.image import Image

ORIGIN = "leftthomas/SRGAN"
_SIDE = 24
"""of the small images that it is opened for; any other can be given"""
_BLOCK = {"conv1": "0", "bn1": "1", "prelu": "2", "conv2": "3", "bn2": "4"}
"""layers of a residual block, and where ours holds them"""


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none. Raises CheckpointError for another version."""
    if "block1.0.weight" not in state or "block2.conv1.weight" not in state:
        return None
    last = count(state, r"block(\d+)\.")  # one more than the number of the part that enlarges
    blocks, enlarging = last - 4, f"block{last - 1}"
    times = count(state, rf"{enlarging}\.(\d+)\.") - 1
    if blocks < 1 or times not in (1, 2, 3):
        raise CheckpointError(f"what looks like a generator of {ORIGIN} enlarges by no 2, 4 or 8 times.")
    if f"block{last - 2}.bn2.weight" in state or f"block{last - 2}.1.running_mean" in state:
        raise CheckpointError(
            f"this is a later generator of {ORIGIN}, with a norm before its long skip: import one of the first version."
        )
    width, channels = state["block1.0.weight"].shape[:2]
    rest = Rest(state, f"a generator of {ORIGIN}")
    rest.leave(r".*\.num_batches_tracked")
    weights = dict(_renamed(rest, blocks, times))
    rest.done()
    scale = 2**times
    small, large = Image(channels, _SIDE, _SIDE), Image(channels, scale * _SIDE, scale * _SIDE)
    return Imported(
        origin=ORIGIN,
        what=f"SRResNet of {blocks} blocks, {width} wide, {scale} times larger",
        method="srgan",
        options={"width": width, "blocks": blocks, "bounded": True},
        shape=large.shape,
        weights={"generator": {f"network.{name}": value for name, value in weights.items()}},
        fields={"source": small, "target": large},
    )


def _renamed(rest: Rest, blocks: int, times: int) -> Iterator[tuple[str, Tensor]]:
    """Each tensor by its name in `nn.backbones.srresnet`."""
    yield from rest.layer("block1.0", "first.0").items()
    yield "first.1.weight", rest.take("block1.1.weight")
    for block in range(blocks):
        for theirs, place in _BLOCK.items():
            own = f"blocks.{block}.layers.{place}"
            name = f"block{block + 2}.{theirs}"
            if theirs == "prelu":
                yield f"{own}.weight", rest.take(f"{name}.weight")
                continue
            yield from rest.layer(name, own).items()
            if theirs.startswith("bn"):
                mean = rest.take(f"{name}.running_mean")
                yield f"{own}.running_mean", mean
                yield f"{own}.running_var", rest.take(f"{name}.running_var")
                yield f"{own}.num_batches_tracked", mean.new_zeros((), dtype=torch.long)
    yield from rest.layer(f"block{blocks + 2}.0", "joint.0").items()
    yield "joint.1.weight", rest.take(f"block{blocks + 2}.1.weight")
    for step in range(times):
        yield from rest.layer(f"block{blocks + 3}.{step}.conv", f"up.{3 * step}").items()
        yield f"up.{3 * step + 2}.weight", rest.take(f"block{blocks + 3}.{step}.prelu.weight")
    yield from rest.layer(f"block{blocks + 3}.{times}", "last").items()
