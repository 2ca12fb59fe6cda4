"""Weights of super-resolution by our names: BasicSR's RRDBNet (ESRGAN, Real-ESRGAN), MSRResNet and SRVGGNetCompact.

Their networks hold their layers in the order in which ours do, and work on images in [0, 1].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.image import Image
from saddlepoint.nn.backbones.rrdb import CompactSR, PlainSRResNet, RRDBNet

ORIGIN = "BasicSR"
_SIDE = 64
"""of the small images that it is opened for; any other can be given"""


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The generator, with what its shapes tell; None where it is none of these. Raises CheckpointError for a critic."""
    if "conv_first.weight" in state and "body.0.rdb1.conv1.weight" in state:
        return _dense(state)
    if "conv_first.weight" in state and "upconv1.weight" in state:
        return _plain(state)
    if "body.0.weight" in state and "body.1.weight" in state and state["body.1.weight"].dim() == 1:
        return _compact(state)
    if "conv0.weight" in state and "conv9.weight" in state:
        raise CheckpointError("this is a critic of Real-ESRGAN, which makes no images: import the generator (net_g).")
    return None


def _dense(state: Mapping[str, Tensor]) -> Imported:
    width, inputs = state["conv_first.weight"].shape[:2]
    channels, growth = state["conv_last.weight"].shape[0], state["body.0.rdb1.conv1.weight"].shape[0]
    scale = {1: 4, 4: 2, 16: 1}.get(inputs // channels)
    if scale is None:
        raise CheckpointError(
            f"it takes {inputs} channels and makes {channels}, which is no RRDBNet of 1, 2 or 4 times."
        )
    blocks = _numbers(state, r"body\.(\d+)\.")
    with torch.device("meta"):
        network = RRDBNet(channels, channels, scale, width, blocks, growth)
    options = {"width": width, "blocks": blocks, "growth": growth, "levels": "unit"}
    what = f"{blocks} dense blocks, {width} wide, {scale} times larger"
    return _imported(state, network, scale, channels, "esrgan", options, what, "generator")


def _plain(state: Mapping[str, Tensor]) -> Imported:
    width, channels = state["conv_first.weight"].shape[:2]
    scale = 4 if "upconv2.weight" in state else 2
    if state["upconv1.weight"].shape[0] != 4 * width:
        raise CheckpointError("an MSRResNet that enlarges 3 times cannot be imported: 2 and 4 can.")
    blocks = _numbers(state, r"body\.(\d+)\.")
    with torch.device("meta"):
        network = PlainSRResNet(channels, channels, scale, width, blocks)
    options = {"form": "plain", "width": width, "blocks": blocks, "levels": "unit"}
    what = f"SRResNet without norm, {blocks} blocks, {width} wide, {scale} times larger"
    return _imported(state, network, scale, channels, "srresnet", options, what, "restorer")


def _compact(state: Mapping[str, Tensor]) -> Imported:
    width, channels = state["body.0.weight"].shape[:2]
    last = _numbers(state, r"body\.(\d+)\.weight$") - 1
    outputs = state[f"body.{last}.weight"].shape[0]
    scale = round((outputs / channels) ** 0.5)
    if channels * scale**2 != outputs or last < 4:
        raise CheckpointError(
            f"its last layer makes {outputs} numbers of {channels} channels, which is no enlargement."
        )
    layers = (last - 2) // 2
    with torch.device("meta"):
        network = CompactSR(channels, scale, width, layers)
    options = {"form": "compact", "width": width, "blocks": layers, "levels": "unit"}
    what = f"SRVGGNetCompact of {layers} layers, {width} wide, {scale} times larger"
    return _imported(state, network, scale, channels, "srresnet", options, what, "restorer")


def _numbers(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many numbered parts there are."""
    return 1 + max(int(match[1]) for name in state if (match := re.match(pattern, name)))


def _imported(
    state: Mapping[str, Tensor],
    network: nn.Module,
    scale: int,
    channels: int,
    method: str,
    options: dict[str, Any],
    what: str,
    name: str,
) -> Imported:
    own = network.state_dict()
    if [tuple(value.shape) for value in own.values()] != [tuple(value.shape) for value in state.values()]:
        raise CheckpointError(f"what looks like a network of {ORIGIN} has layers of other shapes than it should.")
    small, large = Image(channels, _SIDE, _SIDE), Image(channels, scale * _SIDE, scale * _SIDE)
    return Imported(
        origin=ORIGIN,
        what=what,
        method=method,
        options=options,
        shape=large.shape,
        weights={name: {f"network.{ours}": value for ours, value in zip(own, state.values())}},
        fields={"source": small, "target": large},
    )
