"""Generators that make an image from noise alone, and how a trained one is asked for images."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.families.noise import FromNoise


@dataclass(frozen=True, kw_only=True)
class Unconditional(FromNoise, ABC):
    """A method whose network `generator` takes [N, latent] to images, and which therefore `Samples`."""

    def latents(self, nets: nn.Module, n: int, seed: int, label: Tensor | None = None, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone."""
        self.check_label(label)
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

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
        self.check_label(label)
        made: Tensor = nets.get_submodule("generator")(latents * truncation)
        return made.clamp(-1, 1) if made.dim() == 4 else made  # not every generator ends with tanh

    def check_label(self, label: Tensor | None) -> None:
        if label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
