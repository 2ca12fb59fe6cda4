"""Generators that make an image from noise alone, and how a trained one is asked for images."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated


@dataclass(frozen=True, kw_only=True)
class Unconditional(FromNoise, ABC):
    """A method whose network `generator` takes [N, latent] to images, and which therefore `Samples`."""

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], or points [n, D], float32; row i depends on latent i alone.

        nets: holds `generator`, in evaluation mode. Truncation under 1 leaves latents near the middle of the prior.
        There is no noise but the latents', so `how.noise` changes nothing.
        """
        self.check_given(how)
        examples: Tensor = nets.get_submodule("generator")(truncated(latents, how, self.prior))
        return examples.clamp(-1, 1) if examples.dim() == 4 else examples  # not every generator ends with tanh

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def check_given(self, how: Sampling) -> None:
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
