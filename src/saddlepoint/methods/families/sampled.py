"""Images made one number after the other, each drawn from the distribution that the ones before it leave.

log p(x) = sum over i of log p(x_i | x_1 ... x_{i-1}), so the likelihood is exact. Making images is a map from noise all
the same: a latent is one uniform number for each number of the image, and the inverse of each distribution function
turns it into a level of brightness. So image i depends on (seed, i) alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import Batch, ImageBatch, LabelledBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mask import Mask
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Clock, Draw, Method, Moves, Networks, Update

Steps = Iterator[tuple[int | Tensor, Tensor]]
"""which number of an image comes next, counted over [C, H, W], for all or [N] for each; and the log-probability of each
of its levels, [N, K]"""
_AT_ONCE = 256  # images whose likelihood is worked out at once


@dataclass(frozen=True, kw_only=True)
class Sampled(Method, ABC):
    """A method whose network `network` states the distribution of each number given those before it.

    The network has attributes `shape`, (C, H, W), and `classes`, 0 where it was trained without labels.
    """

    takes: ClassVar[type[Batch]] = ImageBatch
    compiles = ("network",)
    exact: ClassVar[bool] = True

    @property
    @abstractmethod
    def levels(self) -> int:
        """How many levels of brightness a number of an image has; 2 for black and white."""

    @abstractmethod
    def log_probability(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Tensor:
        """The exact log-probability of each image in nats, [N], differentiable.

        image: [N, C, H, W] in [-1, 1], on the levels. label: [N] int64 of a network that knows classes.
        """

    @abstractmethod
    def steps(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Steps:
        """Every number of the images once, in the order of the factorisation, each when those before it are known.

        image: [N, C, H, W]; whoever asks writes each number into it before asking for the next; what is not yet known
        has no influence.
        """

    # -- training -----------------------------------------------------------------------------------------------------

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image = self.on_levels(batch.image, draw)
        label = batch.label if isinstance(batch, LabelledBatch) else None
        nats = -self.objective(nets, image, label, clock).mean()
        bits = nats.detach() / (math.log(2) * image[0].numel())
        yield Update("network", {"nats": nats}, watch={"bits_per_dim": bits})

    def objective(self, nets: nn.Module, image: Tensor, label: Tensor | None, clock: Clock) -> Tensor:
        """What a step of training raises, in nats for each image: the log-probability, unless a method says otherwise.

        Returns [N].
        """
        return self.log_probability(nets, image, label)

    def on_levels(self, image: Tensor, draw: Draw) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] on the levels that the network knows.

        Two levels are drawn by chance each time, with the brightness as the probability of white (dynamic
        binarisation); more are the nearest ones.
        """
        if self.levels == 2:
            return torch.where(draw.uniform(*image.shape) < (image + 1) / 2, 1.0, -1.0)
        return level_value(nearest_level(image, self.levels), self.levels)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    @property
    def pixels_as(self) -> PixelsAs:
        """What the likelihood is a probability of."""
        return "binary" if self.levels == 2 else "levels"

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, C, H, W] float32 on the CPU, even over [0, 1); latent i depends on (seed, i) alone."""
        shape = _network(nets).shape
        rows = normal_rows(n, math.prod(shape), seed, uniform=True, first=first)
        return ((rows + 1) / 2).view(n, *shape)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A label, where the network knows classes."""
        classes = _network(nets).classes
        return {"label": Label(tuple(map(str, range(classes))))} if classes else {}

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """An image, and a mask of where it is known."""
        shape = _network(nets).shape
        return {"image": Image(*shape), "mask": Mask(*shape[1:])}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], on the levels; row i depends on latent i and on what is given for it alone.

        A temperature under 1 makes likely levels likelier still; 0 takes the likeliest of each number. With an image
        and a mask, what the mask says is known stays as it is, and the rest is drawn: given the known numbers that come
        before it in the order of the factorisation, and blind to those that come after. Without a mask the upper half
        is known.
        """
        return self.drawn(nets, latents, how, partial(self.steps, nets))

    @torch.no_grad()
    def drawn(
        self, nets: nn.Module, latents: Tensor, how: Sampling, steps: Callable[[Tensor, Tensor | None], Steps]
    ) -> Tensor:
        """The images of `generate`, in the steps that are given: of the images as far as known, and of labels."""
        known, kept = self.known(latents, how)
        image = torch.zeros_like(latents)
        noise, drawn = latents.flatten(1), image.view(len(latents), -1)
        for index, log_probabilities in steps(image, self._label(nets, how)):
            place = index[:, None] if isinstance(index, Tensor) else torch.full_like(noise[:, :1], index).long()
            level = inverse(log_probabilities, noise.gather(1, place).squeeze(1), how.temperature)
            value = level_value(level, self.levels)[:, None]
            if kept is not None:
                value = torch.where(kept.gather(1, place), known.gather(1, place), value)
            drawn.scatter_(1, place, value)
        return image

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """The exact log-probability of each image in nats, [n]; neither `samples` nor `seed` changes it.

        Of a network that knows classes it is the mean over them, each as likely as the others. Raises CapabilityError
        for images that are not on the levels, which have no probability.
        """
        nearest = level_value(nearest_level(images, self.levels), self.levels)
        if not torch.allclose(images, nearest, atol=1e-3):
            what = "black and white pixels: set each to -1 or 1, as by chance" if self.levels == 2 else (
                f"pixels of {self.levels} levels: set each to the nearest one"
            )  # fmt: skip
            raise CapabilityError(f"this likelihood is of {what}.")
        if _network(nets).classes:
            joint = self.log_by_class(nets, nearest)
            return joint.logsumexp(1) - math.log(joint.shape[1])
        return torch.cat([self.log_probability(nets, part) for part in nearest.split(_AT_ONCE)])

    def log_by_class(self, nets: nn.Module, image: Tensor) -> Tensor:
        """log p(x | class) in nats of each image under each class.  [n, classes]"""
        columns = []
        for number in range(_network(nets).classes):
            label = torch.full((len(image),), number, device=image.device)
            parts = zip(image.split(_AT_ONCE), label.split(_AT_ONCE))
            columns.append(torch.cat([self.log_probability(nets, *part) for part in parts]))
        return torch.stack(columns, 1)

    def _label(self, nets: nn.Module, how: Sampling) -> Tensor | None:
        classes = _network(nets).classes
        if classes and how.label is None:
            raise CapabilityError("this model makes images of a chosen class: give a label for each latent.")
        if how.label is not None and not classes:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        return how.label

    def known(self, latents: Tensor, how: Sampling) -> tuple[Tensor, Tensor | None]:
        """The known numbers, [n, C H W], and where they are, bool; None where nothing is known."""
        image, mask = how.given.get("image"), how.given.get("mask")
        if image is None:
            if mask is not None:
                raise CapabilityError("a mask says where an image is known: give the image as well.")
            return latents, None
        if mask is None:
            mask = torch.zeros_like(image[:, :1])
            mask[:, :, : image.shape[2] // 2] = 1
        nearest = level_value(nearest_level(image, self.levels), self.levels)
        return nearest.flatten(1), (mask >= 0.5).expand_as(image).flatten(1)


def nearest_level(image: Tensor, levels: int) -> Tensor:
    """Numbers in [-1, 1] as the nearest of `levels` even levels, int64 from 0 to levels - 1."""
    return ((image + 1) / 2 * (levels - 1)).round().long().clamp(0, levels - 1)


def level_value(level: Tensor, levels: int) -> Tensor:
    """Levels as numbers in [-1, 1], float32."""
    return level.float() / (levels - 1) * 2 - 1


def inverse(log_probabilities: Tensor, uniform: Tensor, temperature: float = 1.0) -> Tensor:
    """The level that a uniform number stands for: the first whose distribution function is above it.

    log_probabilities: [N, K]. uniform: [N] in [0, 1). temperature: the log-probabilities are divided by it; at 0 the
    likeliest level is taken. Returns int64 [N].
    """
    if temperature == 0:
        return log_probabilities.argmax(1)
    reached = (log_probabilities.float() / temperature).softmax(1).cumsum(1)
    return (reached <= uniform[:, None]).sum(1).clamp(max=log_probabilities.shape[1] - 1)


def two_levels(logits: Tensor) -> Tensor:
    """Log-probabilities of black and of white from logits of white, [N] -> [N, 2]."""
    return nn.functional.logsigmoid(torch.stack([-logits, logits], 1))


def _network(nets: nn.Module) -> Any:
    return nets.get_submodule("network")
