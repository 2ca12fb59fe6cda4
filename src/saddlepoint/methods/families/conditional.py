"""Generators that make an image of a chosen class from noise, and how a trained one is asked for images."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from saddlepoint.data.batches import LabelledBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.families.noise import FromNoise


@dataclass(frozen=True, kw_only=True)
class Conditional(FromNoise, ABC):
    """A method whose network `generator` takes [N, latent] and labels [N] to images: it `Samples`, `ByClass`.

    The network has an attribute `classes`. In training, fakes take the labels of the real batch that they stand
    beside, and so have the classes in the shares of the data, or evenly where the data is `balanced`.
    """

    takes = LabelledBatch

    def classes(self, nets: nn.Module) -> int:
        """How many classes the networks make."""
        generator: Any = nets.get_submodule("generator")
        return int(generator.classes)

    def latents(self, nets: nn.Module, n: int, seed: int, label: Tensor | None = None, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone, and not on the label."""
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

    def generate(
        self,
        nets: nn.Module,
        latents: Tensor,
        label: Tensor | None = None,
        truncation: float = 1.0,
        noise: Literal["random", "constant"] = "random",
    ) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], or points [n, D], float32; row i depends on latent i and label i alone.

        nets: holds `generator`, in evaluation mode. label: [n] int64. truncation: multiplies the latents. There is no
        noise but the latents', so `noise` changes nothing. Raises CapabilityError without a label.
        """
        self.check_label(label)
        images: Tensor = nets.get_submodule("generator")(latents * truncation, label)
        return images

    def check_label(self, label: Tensor | None) -> None:
        if label is None:
            raise CapabilityError("this model makes images of a chosen class: give a label for each latent.")
