"""What a trained model can do: small protocols that a method implements beside its training.

The command line, the latent room and the server ask a model for these; nothing downstream knows a method by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class Samples(Protocol):
    """Makes images from latents."""

    def latents(self, nets: nn.Module, n: int, seed: int, label: Tensor | None = None, first: int = 0) -> Tensor:
        """[n, ...] float32 on the CPU; latent i depends on (seed, i) alone.

        first: the latent to begin with; those before it are not drawn.
        """
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


@runtime_checkable
class ByClass(Samples, Protocol):
    """Makes images of a chosen class: `generate` takes a label for each latent and needs it."""

    def classes(self, nets: nn.Module) -> int:
        """How many classes these networks make."""
        ...


@runtime_checkable
class Styles(Samples, Protocol):
    """Makes images through styles: a vector for each layer of the synthesis, from coarse layers to fine ones.

    Beside the latents (z) a style-based generator has styles (w, the same vector for every layer; w+, one each) and
    the layers' own noise.
    """

    def styles(self, nets: nn.Module, latents: Tensor, label: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Latents [n, ...] -> styles [n, L, D], alike in a row but for truncation. Can be differentiated."""
        ...

    def synthesise(self, nets: nn.Module, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """Styles [n, L, D] -> images [n, C, H, W] roughly in [-1, 1], not clamped; can be differentiated.

        noise: [n, P], N(0, 1), P the sum of squares of `noise_sides`; None for the maps that are the same for all.
        """
        ...

    def average_style(self, nets: nn.Module) -> Tensor:
        """The running mean of styles that truncation pulls to.  [D]"""
        ...

    def style_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """The side in pixels of what each of the L layers makes, from coarse to fine."""
        ...

    def noise_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """The side in pixels of each of the layers' noise maps, in the order in which `synthesise` takes them."""
        ...

    def noise_of(self, nets: nn.Module, latents: Tensor) -> Tensor:
        """The noise that `generate` gives these latents.  [n, P]"""
        ...


def in_turn(method: Samples, nets: nn.Module, n: int) -> Tensor | None:
    """Labels for `n` samples where none is chosen: 0, 1, ... and around, [n] int64; None where there are no classes."""
    return torch.arange(n) % method.classes(nets) if isinstance(method, ByClass) else None


@runtime_checkable
class Reconstructs(Protocol):
    """Describes a given image by a latent, and makes the image again from it."""

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """[n, C, H, W] in [-1, 1] (points [n, D]) -> latents [n, ...] float32, the likeliest for each."""
        ...

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their latents: same shape and range, float32."""
        ...


@runtime_checkable
class Infers(Reconstructs, Protocol):
    """Describes a given image by a normal distribution of latents, whose mean is what `encode` returns."""

    def posterior(self, nets: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images [n, C, H, W] in [-1, 1] (points [n, D]) -> mean and log-variance of each number, [n, ...] float32."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Names the class of a given image."""

    def classify(self, nets: nn.Module, images: Tensor) -> Tensor:
        """[n, C, H, W] in [-1, 1] (points [n, D]) -> probabilities of the classes, [n, classes] float32; rows sum to 1.

        Can be differentiated, where gradients are on.
        """
        ...


@runtime_checkable
class Translates(Protocol):
    """Makes a given image into another one."""

    def directions(self) -> Mapping[str, str]:
        """What becomes what, by the fields of the batches it trains on, the usual one first: {"source": "target"}."""
        ...

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind: same shape and range, float32.

        origin: which kind they are, a key of `directions`. Row i depends on image i and on `seed` alone, which draws
        what the image leaves open, alike for all of them. nets: in evaluation mode.
        """
        ...


@runtime_checkable
class TranslatesLike(Translates, Protocol):
    """Makes a given image into another one in the manner of a third: what the image leaves open is taken from there."""

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind: same shape and range, float32.

        reference: [n, C, h, w] in [-1, 1], one for each image, of the kind that they become. origin: as in `translate`.
        Row i depends on image i and reference i alone.
        """
        ...


@runtime_checkable
class Scores(Protocol):
    """Says how likely a given image is."""

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """Log-likelihood of each image in nats, or a lower bound of it that rises with `samples`.  [n] float32

        images: [n, C, H, W] in [-1, 1] (points [n, D]). samples: random ones that an estimate is made from.
        """
        ...
