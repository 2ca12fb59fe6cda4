"""Whose network a file holds: found by the names and shapes of its tensors alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from saddlepoint.checkpoint.convert import (
    basicsr,
    bert,
    cyclegan,
    dcgan_example,
    detr,
    gpt2,
    r3gan,
    srgan,
    stylegan2_ada,
    vision_transformer,
)
from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.config import nearest
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.storage.plain import judged, shortened

_ORIGINS = (dcgan_example, cyclegan, basicsr, srgan, stylegan2_ada, r3gan, gpt2, bert, vision_transformer, detr)
_DIGITS = 5
"""digits of a number in the name of a layer"""
_AVERAGED = ("G_ema", "g_ema", "ema")
"""names of generators whose weights are averaged, which are the ones to use"""


def recognise(states: Mapping[str, Mapping[str, Tensor]], network: str | None = None) -> tuple[str, Imported]:
    """The name in the file and the description of the network to use: an averaged generator where there is one.

    states: the networks of a file, as `foreign.state_dicts` reads them. network: the name of the one to use.
    Raises ConfigError for a name that is not there, CheckpointError where no network is known.
    """
    if network is not None and network not in states:
        listing = ", ".join(name or "one without a name" for name in states)
        raise ConfigError(f"the file holds no network {network!r}{nearest(network, states)} It holds {listing}.")
    for name in (name for state in states.values() for name in state):
        if any(len(number) > _DIGITS or not number.isascii() for number in re.findall(r"\d+", name)):
            raise CheckpointError(f"{shortened(name, 80)} names a layer by a number that no network has.")
    averaged_first = sorted(states, key=lambda name: name not in _AVERAGED)
    refusals: list[CheckpointError] = []
    for name in averaged_first if network is None else (network,):
        for origin in _ORIGINS:
            try:
                with judged(f"what looks like {origin.ORIGIN}", CheckpointError):
                    network_found = origin.recognised(states[name])
            except CheckpointError as error:
                refusals.append(error)
                continue
            if network_found is not None:
                return name, network_found
    if refusals:
        raise refusals[0]
    begins = ", ".join(shortened(name, 80) for name in list(states[network or next(iter(states))])[:3])
    known = ", ".join(origin.ORIGIN for origin in _ORIGINS)
    raise CheckpointError(f"no network of {known} has such names and shapes: {begins}, ...")
