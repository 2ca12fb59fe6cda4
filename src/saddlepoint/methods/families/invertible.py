"""Flows: a function that can be undone turns examples into independent noise, so their density is known exactly.

log p(y) = log p(z) + log |det dz/dy|, z = f(y): Dinh et al. 2015, arXiv:1410.8516, eq. 1. Images are whole levels of
brightness, on which a density could grow without bound; so y is the image spread evenly over the bins of its levels,
and log p(y) - D log 256 bounds the log-probability of the levels from below: Theis et al. 2016, arXiv:1511.01844,
eq. 5-8.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import generator, normal_rows
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.mask import Mask
from saddlepoint.losses.likelihood import LEVELS, bits_per_dim, dequantise, quantised_bound
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Clock, Draw, Method, Moves, Networks, Update
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.layers.coupling import Changed, Invertible, start_actnorms

_AT_ONCE = 64
"""images whose density is computed at once"""
_START = 256
"""examples that actnorms take their first values from"""
_LENGTH = 0.01
"""of its first moves, where brightness spans 1"""
_END = 1 - 2**-24
"""of the range of an even latent: its ends stand for infinity"""


@final
class Flow(nn.Module):
    """Examples of a shape to noise [N, D] and back, with log-determinants."""

    def __init__(self, shape: tuple[int, ...], layers: Invertible) -> None:
        super().__init__()
        self.shape, self.layers = shape, layers

    def forward(self, x: Tensor) -> Changed:
        noise, log_det = self.layers(x)
        return noise, log_det

    def inverse(self, noise: Tensor) -> Changed:
        """The examples that `forward` makes this noise of, and the log-determinants of the way back."""
        return self.layers.inverse(noise)


@dataclass(frozen=True, kw_only=True)
class Normalising(Method, ABC):
    """A method that is a flow: it samples, says how likely an example is, and describes it by latents exactly.

    prior: of the latents. Where it is even over [-1, 1], the noise is their logit, which has a logistic distribution.
    """

    takes = ImageBatch
    prior: ClassVar[Literal["normal", "uniform"]] = "normal"
    exact: ClassVar[bool] = True
    pixels_as: ClassVar[Literal["dequantised"]] = "dequantised"
    compiles = ()

    completion_moves: Count = 200
    """moves of the chain that completes an image"""

    @abstractmethod
    def layers(self, data: DataSpec) -> Invertible:
        """From examples, images in [0, 1), to noise [N, D]."""

    def networks(self, data: DataSpec) -> Networks:
        if math.prod(data.shape) < 2:
            raise ConfigError("a flow couples numbers to one another, and these examples have only one: use `gan`.")
        return Networks(flow=Flow(data.shape, self.layers(data)))

    def prepare(self, nets: Networks, look: Callable[[int], Any]) -> None:
        """Gives actnorms their first values from the first examples."""
        image = look(_START).image
        middle = torch.full_like(image, 0.5)
        with start_actnorms(nets):
            nets.flow(self._continuous(image, middle))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1], or points [N, D]
        log_density = self.log_density(nets, self._continuous(image, draw.uniform(*image.shape)))
        watch = {}
        if image.dim() == 4:
            numbers = image[0].numel()
            watch["bits_per_dim"] = bits_per_dim(quantised_bound(log_density.detach(), numbers), numbers).mean()
        yield Update("flow", {"nats": -log_density.mean(), **self.penalties(nets)}, watch=watch)

    def penalties(self, nets: Networks) -> Mapping[str, Tensor]:
        """What is minimised beside minus the log-density; nothing, unless a method says so."""
        return {}

    def log_density(self, nets: nn.Module, continuous: Tensor) -> Tensor:
        """log p(y) in nats of points, or of images spread over [0, 1).  [N, ...] -> [N]"""
        noise, log_det = nets.get_submodule("flow")(continuous)
        if self.prior == "uniform":
            terms = -F.softplus(noise) - F.softplus(-noise)
        else:
            terms = -0.5 * (noise.square() + math.log(2 * math.pi))
        total: Tensor = terms.sum(1) + log_det
        return total

    def _continuous(self, image: Tensor, uniform: Tensor) -> Tensor:
        """Images spread over the bins of their levels in [0, 1); points as they are."""
        return dequantise(image, uniform) if image.dim() == 4 else image

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, D] float32 on the CPU, from the prior; latent i depends on (seed, i) alone."""
        return normal_rows(n, math.prod(_shape(nets)), seed, uniform=self.prior == "uniform", first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """An image, and a mask of where it is known; nothing where examples are points."""
        shape = _shape(nets)
        return {"image": Image(*shape), "mask": Mask(*shape[1:])} if len(shape) == 3 else {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], or points [n, D], float32; row i depends on row i of what is given alone.

        A temperature under 1 scales the noise, so that examples are nearer to the peak of the density. With an image
        and a mask, what the mask says is known stays as it is, and the rest comes from a chain of `moves_within`, of
        which the density given all that is known is the law in the end; without a mask the upper half is known. The
        chain is of temperature 1. Raises CapabilityError for a label, and for a mask without an image.
        """
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        noise = truncated(latents, how, self.prior)
        if self.prior == "uniform":
            even = noise.clamp(-_END, _END)
            noise = (1 + even).log() - (1 - even).log()
        image, mask = how.given.get("image"), how.given.get("mask")
        if image is None and mask is not None:
            raise CapabilityError("a mask says where an image is known: give the image as well.")
        free = self._examples(nets, noise * how.temperature)
        if image is None:
            return free
        known = _upper_half(image) if mask is None else (mask >= 0.5).expand_as(image)
        middle = torch.full_like(image, 0.5)
        start = self._continuous(torch.where(known, image, free), middle)
        streams = [generator(0, "completion", _digest(latent)) for latent in latents]
        moved = moves_within(partial(self.log_density, nets), start, ~known, streams, self.completion_moves)
        return torch.where(known, image, _image(moved))

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The latents of images, each level in the middle of its bin, or of points.  [n, D]"""
        noise = self._noise(nets, images)
        return (noise / 2).tanh() if self.prior == "uniform" else noise

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The examples made again from their noise: the same ones, up to rounding."""
        return self._examples(nets, self._noise(nets, images))

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """Log-likelihood in nats, [n]: of points their log-density; of images a lower bound of the log-probability of
        their levels, from the exact density of images that are spread over the bins of their levels.

        samples: places in the bins, over which the density is averaged; the bound rises with them. seed: of the places,
        which depend on it and on the image alone.
        """
        if images.dim() != 4:
            return self.log_density(nets, images)
        parts = []
        for part in images.split(_AT_ONCE):
            streams = [generator(seed, "places in bins", _digest(image)) for image in part]
            densities = []
            for _ in range(samples):
                uniform = torch.stack([torch.rand(part.shape[1:], generator=stream) for stream in streams])
                densities.append(self.log_density(nets, dequantise(part, uniform.to(part.device))))
            density = torch.stack(densities).logsumexp(0) - math.log(samples)
            parts.append(quantised_bound(density, part[0].numel()))
        return torch.cat(parts)

    def _noise(self, nets: nn.Module, images: Tensor) -> Tensor:
        noise: Tensor = nets.get_submodule("flow")(self._continuous(images, torch.full_like(images, 0.5)))[0]
        return noise

    def _examples(self, nets: nn.Module, noise: Tensor) -> Tensor:
        flow = nets.get_submodule("flow")
        assert isinstance(flow, Flow)
        examples = flow.inverse(noise)[0]
        return _image(examples) if examples.dim() == 4 else examples


def moves_within(
    log_density: Callable[[Tensor], Tensor],
    start: Tensor,
    free: Tensor,
    streams: Sequence[torch.Generator],
    moves: int,
) -> Tensor:
    """Examples [N, ...] whose numbers move where `free` says so, by Langevin moves that are taken or refused.

    The law of the free numbers given the others is what stays as it is under a move (Metropolis-adjusted Langevin:
    Roberts and Tweedie 1996, algorithm MALA); Dinh et al. 2015, section 5.2, climb the density with noise instead. In
    the first half of the moves each row finds a length at which it takes about .57 of them. log_density: [N, ...] ->
    [N] in nats; what is not finite is refused. streams: of random numbers, for each row its own.
    """

    def climbed(place: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            place = place.detach().requires_grad_()
            density = log_density(place)
            (gradient,) = torch.autograd.grad(density.sum(), place)
        return density.detach().nan_to_num(nan=-torch.inf), gradient * free

    def drawn(*shape: int, normal: bool = False) -> Tensor:
        draw = torch.randn if normal else torch.rand
        return torch.stack([draw(shape, generator=stream) for stream in streams]).to(start)

    def apart(end: Tensor, begin: Tensor, slope: Tensor, length: Tensor) -> Tensor:
        """Log-density of the step from one place to another, up to what is the same for both ways.  [N]"""
        off = (end - begin - length.square() / 2 * slope) * free
        return -off.flatten(1).square().sum(1) / (2 * length.flatten().square())

    place = start
    density, slope = climbed(place)
    length = torch.full((len(start), *[1] * (start.dim() - 1)), _LENGTH).to(start)
    for number in range(moves):
        step = length.square() / 2 * slope + length * drawn(*start.shape[1:], normal=True)
        onward = torch.where(free, place + step, place)
        density_there, slope_there = climbed(onward)
        back, forth = apart(place, onward, slope_there, length), apart(onward, place, slope, length)
        chance = (density_there - density + back - forth).clamp(max=0).exp().nan_to_num(nan=0.0)
        taken = drawn() < chance
        rows = taken.view_as(length)
        place, slope = torch.where(rows, onward, place), torch.where(rows, slope_there, slope)
        density = torch.where(taken, density_there, density)
        if number < moves // 2:
            length = length * ((chance.view_as(length) - 0.57) * 2 / math.sqrt(number + 1)).exp()
    return place


def _image(continuous: Tensor) -> Tensor:
    """Images spread over [0, 1) in [-1, 1]: the middle of a bin is its level."""
    return ((continuous * LEVELS - 0.5) / (LEVELS - 1) * 2 - 1).clamp(-1, 1)


def _upper_half(image: Tensor) -> Tensor:
    rows = torch.arange(image.shape[2], device=image.device) < image.shape[2] // 2
    return rows[:, None].expand_as(image)


def _shape(nets: nn.Module) -> tuple[int, ...]:
    flow = nets.get_submodule("flow")
    assert isinstance(flow, Flow)
    return flow.shape


def _digest(image: Tensor) -> str:
    return hashlib.blake2b(image.cpu().contiguous().numpy().tobytes(), digest_size=8).hexdigest()
