"""Projection: the code whose image is a given one, sought by descent. Karras et al. 2020, arXiv:1912.04958, appendix D.

For any method that samples, in z; for one that has styles also in w and w+, with the layers' noise maps.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent.codes import Code, Space, check_space, decode, joined, spaces
from saddlepoint.latent.descend import Descent, Objective, Progress, Stop, descend
from saddlepoint.latent.perceptual import Distance, Kind, distance
from saddlepoint.latent.prior import Prior, labels_of, prior, random_codes
from saddlepoint.methods.abilities import classes_of

_AT_ONCE = 64
"""images that are made at once without gradients"""
_OVER = 1.001
"""the largest value of a pixel that counts as 1"""


@dataclass(frozen=True, kw_only=True)
class Projection(Descent):
    """How a code is sought."""

    pixel: float = 1.0
    """weight of the mean squared difference of the pixels"""
    perceptual: float = 1.0
    """weight of the perceptual distance"""
    prior: float = 0.0
    """weight of the pull to the prior: the mean squared distance from the middle of the space, in deviations"""
    candidates: int = 128
    """random latents of which the one with the nearest image is the start; 0 starts from the middle of the space"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("pixel", "perceptual", "prior", "candidates"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be 0 or more.")
        if not self.pixel + self.perceptual:
            raise ConfigError("pixel and perceptual cannot both be 0: nothing would be compared.")


@final
@dataclass(frozen=True, eq=False)
class Projected:
    """Codes with their images, and how near these came. All but the code are on the CPU."""

    code: Code
    images: Tensor
    """[n, C, H, W] in [-1, 1]"""
    error: Tensor
    """[n], root of the mean squared difference of the pixels, which go from -1 to 1"""
    perceptual: Tensor
    """[n], by the distance that `distance` names"""
    distance: str
    steps: int
    """for each image"""
    seconds: float
    """for all images together"""
    stopped: bool = False
    """whether it was told to stop before its end"""

    @property
    def psnr(self) -> Tensor:
        """[n], peak signal-to-noise ratio in dB; infinite for equal images."""
        return 20 * torch.log10(2 / self.error)


def project(
    model: Model,
    images: Tensor,
    *,
    space: Space | None = None,
    settings: Projection | None = None,
    start: Code | None = None,
    label: int | None = None,
    kind: Kind = "auto",
    batch: int = 16,
    progress: Progress = lambda step, share, loss: None,
    stop: Stop = lambda: False,
) -> Projected:
    """The codes of `images`, [n, C, H, W] in [-1, 1], of the shape that the model was trained on.

    space: None takes w+ where there are styles, else z. start: codes of that space to go on from. label: the class of
    all images, where the model knows classes; without it each takes that of its nearest candidate. kind: of the
    perceptual distance. batch: images that are worked on at once. stop: asked before each step; what was found by then
    is the result.
    Raises CapabilityError for a model without such a space, ShapeError and DataError for images that do not fit, and
    DivergedError when a loss is no longer finite.
    """
    began, settings = time.perf_counter(), settings or Projection()
    space = check_space(model, space or spaces(model)[-1])
    images = checked(model, images)
    measure, middle = distance(kind, model.spec, model.device), prior(model, space)
    firsts = range(0, len(images), batch)
    if settings.seconds is not None:
        settings = replace(settings, seconds=settings.seconds / len(firsts))
    codes, steps, stopped = [], 0, False
    for place, first in enumerate(firsts):
        started, target = time.perf_counter() if place else began, images[first : first + batch]
        if start is not None:
            own_start = start.at(slice(first, first + batch))
        else:
            own_start = _nearest(model, target, space, middle, settings, label)

        def report(step: int, share: float, loss: float, place: int = place) -> None:
            progress(place * settings.steps + step, (place + share) / len(firsts), loss)

        objective = _likeness(target, measure, middle, settings)
        result = descend(model, own_start, objective, middle, settings, began=started, progress=report, stop=stop)
        codes.append(result.code)
        steps, stopped = max(steps, result.steps), stopped or result.stopped
    return described(model, joined(codes), images, measure, steps, time.perf_counter() - began, stopped)


def described(
    model: Model, code: Code, images: Tensor, measure: Distance, steps: int, seconds: float, stopped: bool = False
) -> Projected:
    """What a code makes, beside the images that it stands for."""
    parts = [slice(first, first + _AT_ONCE) for first in range(0, len(images), _AT_ONCE)]
    with torch.no_grad():
        decoded = torch.cat([decode(model, code.at(rows)).clamp(-1, 1) for rows in parts])
        apart = torch.cat([measure(decoded[rows], images[rows]) for rows in parts])
    error = (decoded - images).square().mean((1, 2, 3)).sqrt()
    return Projected(code, decoded.cpu(), error.cpu(), apart.cpu(), measure.name, steps, seconds, stopped)


def checked(model: Model, images: Tensor) -> Tensor:
    """Images as the model's networks take them, on its device. Raises ShapeError, or DataError, for others."""
    if images.dim() != 4 or not len(images) or tuple(images.shape[1:]) != model.spec.shape:
        shape = ", ".join(map(str, model.spec.shape))
        raise ShapeError(f"{model.name} was trained on images [n, {shape}]; these are {list(images.shape)}.")
    images = images.detach().as_subclass(Tensor).to(model.device, torch.float32)
    if not bool((images.abs() <= _OVER).all()):
        raise DataError("these images have values that are not finite or lie outside [-1, 1]: scale them first.")
    return images


def _likeness(target: Tensor, measure: Distance, middle: Prior, settings: Projection) -> Objective:
    """What projection minimises: how an image differs from its target, and how unusual its code is."""

    def objective(images: Tensor, code: Code) -> Tensor:
        loss = settings.pixel * (images - target).square().mean((1, 2, 3))
        if settings.perceptual:
            loss = loss + settings.perceptual * measure(images, target)
        if settings.prior:
            loss = loss + settings.prior * middle.distance(code.values)
        return loss

    return objective


@torch.no_grad()
def _nearest(
    model: Model, target: Tensor, space: Space, middle: Prior, settings: Projection, label: int | None
) -> Code:
    """Where to start, for each of [n, C, H, W]: the random code with the nearest image, or the middle of the space."""
    labels = _labels(model, label, settings.candidates, len(target))
    if not settings.candidates:
        shape = random_codes(model, 1, space).values.shape[1:]
        return Code(space, middle.mean.expand(len(target), *shape), None, labels)
    pool = random_codes(model, settings.candidates, space, settings.seed, labels)
    firsts = range(0, len(pool), _AT_ONCE)
    decoded = torch.cat([_small(decode(model, pool.at(slice(first, first + _AT_ONCE)))) for first in firsts])
    return pool.at(torch.cdist(_small(target), decoded).argmin(1))


def _labels(model: Model, label: int | None, candidates: int, n: int) -> Tensor | None:
    """The class of each candidate, or of `n` codes without any; None where none was asked for.

    Raises CapabilityError for an unknown class, ConfigError where a class is needed and can be had from nothing.
    """
    if label is None and classes_of(model.method, model.nets) and not candidates:
        raise ConfigError(f"{model.name} makes images of a chosen class: give a label, or candidates to take it from.")
    return labels_of(model, label, candidates or n)


def _small(images: Tensor) -> Tensor:
    """Images as rows of numbers, averaged down to at most 32 pixels a side."""
    by = max(1, images.shape[-1] // 32)
    return functional.avg_pool2d(images.clamp(-1, 1), by).flatten(1)
