"""Generators that make an image from noise alone: the noise in training, and how a trained one is asked for images."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.base import Draw, Ema, Method


@dataclass(frozen=True, kw_only=True)
class Unconditional(Method, ABC):
    """A method whose network `generator` takes [N, latent] to images, and which therefore `Samples`."""

    latent: int = 100
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "normal"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    ema_images: float = 10_000.0
    """half-life, in images, of the generator's running average that makes the samples; 0 for none"""

    def ema(self) -> Ema | None:
        return Ema(("generator",), half_life=self.ema_images) if self.ema_images else None

    def draw_latents(self, draw: Draw, n: int) -> Tensor:
        """Noise for `n` images of a training step.  [n, latent]"""
        return draw.uniform(n, self.latent) * 2 - 1 if self.prior == "uniform" else draw.noise(n, self.latent)

    def latents(self, nets: nn.Module, n: int, seed: int, label: Tensor | None = None) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone."""
        self._refuse_label(label)
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform")

    def generate(
        self,
        nets: nn.Module,
        latents: Tensor,
        label: Tensor | None = None,
        truncation: float = 1.0,
        noise: Literal["random", "constant"] = "random",
    ) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], or points [n, D], float32; row i depends on latent i alone.

        nets: holds `generator`, in evaluation mode. truncation: multiplies the latents, so under 1 it pulls them to
        the middle of the prior. There is no noise but the latents', so `noise` changes nothing.
        """
        self._refuse_label(label)
        images: Tensor = nets.get_submodule("generator")(latents * truncation)
        return images

    def _refuse_label(self, label: Tensor | None) -> None:
        if label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
