"""What a trained model can do: small protocols that a method implements beside its training.

The command line, the latent room and the server ask a model for these; nothing downstream knows a method by name.
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class Samples(Protocol):
    """Makes images from latents."""

    def latents(self, nets: nn.Module, n: int, seed: int, label: Tensor | None = None) -> Tensor:
        """[n, ...] float32 on the CPU; latent i depends on (seed, i) alone."""
        ...

    def generate(
        self,
        nets: nn.Module,
        latents: Tensor,
        label: Tensor | None = None,
        truncation: float = 1.0,
        noise: Literal["random", "constant"] = "random",
    ) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] (points [n, D] in the point worlds), float32; row i depends on latent i alone.

        nets: holds at least what generates; in evaluation mode. truncation: 1 leaves the latents as they are.
        """
        ...
