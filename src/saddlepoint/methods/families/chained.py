"""Black and white images as the states of a Markov chain, and how a trained chain is asked for images.

A sample is where the chain is after `walk` steps from noise. That is a map from latents all the same: a latent is one
number in [0, 1) for each pixel, which says where the chain begins, and all further random numbers are a function of its
bits. So image i depends on (seed, i) alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count
from saddlepoint.data.batches import ImageBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.losses.energy import Uniform
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Draw, Method

_FIRST = 10_000
"""examples that first biases are taken from"""
_STRIDE, _FACTORS = -7046029254386353131, (-4658895280553007687, -7723592293110705685)
"""of splitmix64, as signed numbers"""


@dataclass(frozen=True, kw_only=True)
class Chained(Method, ABC):
    """A method with a Markov chain over images, in a network with an attribute `shape`, (C, H, W)."""

    takes = ImageBatch
    compiles = ()

    walk: Count = 1000
    """steps of the chain from noise to a sample"""

    @property
    @abstractmethod
    def holder(self) -> str:
        """The name of the network."""

    @abstractmethod
    def chain(self, nets: nn.Module, pixels: Tensor, steps: int, uniform: Uniform, temperature: float) -> Tensor:
        """Where the chain is after so many steps.  [n, D] of 0 and 1, twice"""

    def binary(self, image: Tensor, draw: Draw) -> Tensor:
        """Pixels drawn 1 or 0 with their brightness as probability, afresh each time.  [N, C, H, W] -> [N, D]"""
        return (draw.uniform(*image.shape) < (image + 1) / 2).float().flatten(1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, D] float32 on the CPU, even over [0, 1); latent i depends on (seed, i) alone."""
        return normal_rows(n, math.prod(self.shape(nets)), seed, uniform=True, first=first) / 2 + 0.5

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    @torch.no_grad()
    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] of -1 and 1, float32; row i depends on latent i alone.

        Rounding decides a pixel whose probability is its random number to seven digits: then the chains of two batch
        sizes part. A temperature under 1 makes likely pixels likelier.
        """
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        start = (latents < 0.5).float()
        pixels = self.chain(nets, start, self.walk, RowNoise(latents), how.temperature)
        return (pixels * 2 - 1).unflatten(1, self.shape(nets))  # type: ignore[no-any-return]

    def shape(self, nets: nn.Module) -> tuple[int, ...]:
        """Of an image."""
        shape: Any = nets.get_submodule(self.holder).shape
        return tuple(shape)

    def states(self, images: Tensor) -> Tensor:
        """Images of -1 and 1 as 0 and 1, [n, D]. Raises CapabilityError for grey pixels, which have no probability."""
        if not bool((images.abs() == 1).all()):
            raise CapabilityError("this likelihood is of black and white pixels: set each to -1 or 1, as by chance.")
        return (images.flatten(1) + 1) / 2


@final
class RowNoise:
    """Random numbers that are a function of a row of numbers and of how many were drawn before: splitmix64.

    Called with (rows, units) it gives U[0, 1), [rows, units] float32; row i depends on row i alone.
    """

    def __init__(self, rows: Tensor) -> None:
        bits = rows.contiguous().view(torch.int32).long()
        place = torch.arange(1, bits.shape[1] + 1, device=rows.device)
        self.keys = _mixed(bits * _STRIDE + _mixed(place * _STRIDE)).sum(1)  # [n]
        self.drawn = 0

    def __call__(self, n: int, units: int) -> Tensor:
        numbers = torch.arange(self.drawn + 1, self.drawn + units + 1, device=self.keys.device)
        self.drawn += units
        values = _mixed(self.keys[:, None] + numbers * _STRIDE)
        return _shifted(values, 40).float() / 2**24


def _mixed(z: Tensor) -> Tensor:
    for shift, factor in zip((30, 27), _FACTORS):
        z = (z ^ _shifted(z, shift)) * factor
    return z ^ _shifted(z, 31)


def _shifted(z: Tensor, places: int) -> Tensor:
    """To the right, with zeros from the left whatever the sign."""
    return (z >> places) & ((1 << (64 - places)) - 1)


def log_odds(look: Callable[[int], Any]) -> Tensor:
    """How much oftener each pixel is white than black in the first examples, as logits, one more of each counted.  [D]

    A pixel that is always black there is merely rare in white.
    """
    image = look(_FIRST).image
    white = ((image + 1) / 2).sum(0) + 1
    return torch.log(white / (len(image) + 2 - white)).flatten()
