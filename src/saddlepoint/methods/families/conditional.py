"""Generators that make an image of a chosen class from noise, and how a trained one is asked for images."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from saddlepoint.data.batches import LabelledBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated


@dataclass(frozen=True, kw_only=True)
class Conditional(FromNoise, ABC):
    """A method whose network `generator` takes [N, latent] and labels [N] to images: it `Samples` by class.

    The network has an attribute `classes`. In training, fakes take the labels of the real batch that they stand
    beside, and so have the classes in the shares of the data, or evenly where the data is `balanced`.
    """

    takes = LabelledBatch

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A label, of as many classes as the networks make."""
        generator: Any = nets.get_submodule("generator")
        return {"label": Label(tuple(map(str, range(generator.classes))))}

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone, and not on the label."""
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], or points [n, D], float32; row i depends on latent i and label i alone.

        nets: holds `generator`, in evaluation mode. Truncation under 1 leaves latents near the middle of the prior.
        There is no noise but the latents', so `how.noise` changes nothing. Raises CapabilityError without a label.
        """
        self.check_given(how)
        images: Tensor = nets.get_submodule("generator")(truncated(latents, how, self.prior), how.label)
        return images

    def check_given(self, how: Sampling) -> None:
        if how.label is None:
            raise CapabilityError("this model makes images of a chosen class: give a label for each latent.")
