"""Generators that start from a vector of noise: its length, its distribution, and the average that makes samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from saddlepoint.config import Weight, Width
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Draw, Ema, Method


@dataclass(frozen=True, kw_only=True)
class FromNoise(Method, ABC):
    """A method with a network `generator` that starts from [N, latent]."""

    latent: Width = 100
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "normal"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    ema_images: Weight = 10_000.0
    """half-life, in images, of the generator's running average that makes the samples; 0 for none"""

    def ema(self) -> Ema | None:
        return Ema(("generator",), half_life=self.ema_images) if self.ema_images else None

    def draw_latents(self, draw: Draw, n: int) -> Tensor:
        """Noise for `n` images of a training step.  [n, latent]"""
        return draw.uniform(n, self.latent) * 2 - 1 if self.prior == "uniform" else draw.noise(n, self.latent)

    @abstractmethod
    def check_given(self, how: Sampling) -> None:
        """Raises CapabilityError for a label that cannot be had, or for none where there must be one."""
