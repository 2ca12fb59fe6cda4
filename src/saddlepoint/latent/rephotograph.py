"""An old photograph taken anew: the code whose image, shot on the film of that time and faded since, is the photograph.
Luo et al. 2021, arXiv:2012.12261, section 3.

Paper                  here
antique film model     `FILMS`: brightness from blue, from blue and green, or from all three as luma
camera response        offset + gain x^gamma, sought with the code, a rate of .01
blur                   `blur`, a Gaussian's deviation in pixels of the model's images
sibling                the nearest of many random codes, seen through the same film; whatever the photograph does not
                       tell, such as colour, stays near it and near the mean
coarse to fine         half of the steps in w, where images are likely, then w+ from there

What the authors' sibling encoder knows, and the losses on a face's identity, eyes and context, are left out: they need
networks that do not come with this library.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Literal, final, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError
from saddlepoint.latent.codes import Code, Space, decode, joined, spaces
from saddlepoint.latent.descend import Progress, Stop, descend
from saddlepoint.latent.perceptual import Kind, distance
from saddlepoint.latent.prior import Prior, labels_of, prior, random_codes
from saddlepoint.latent.project import Projection, checked

Film = Literal["blue", "blue-green", "luma"]
FILMS: dict[Film, tuple[float, float, float]] = {
    "blue": (0.0, 0.0, 1.0),
    "blue-green": (0.0, 0.5, 0.5),
    "luma": (0.299, 0.587, 0.114),
}
"""red, green and blue in the brightness that a film sees: before about 1873, until about 1910, and since"""
_AT_ONCE = 64
"""images that are made at once without gradients"""
_LEAST = 1e-3
"""level that is taken for black, so that a power of it has a slope"""


@final
@dataclass(frozen=True, kw_only=True)
class Rephotography(Projection):
    """How a photograph is taken anew."""

    film: Film = "luma"
    """what the film of the time saw"""
    blur: float = 0.0
    """how unsharp it is: deviation of a Gaussian in pixels of the model's images"""
    film_lr: float = 0.01
    """learning rate of offset, gain and gamma"""
    prior: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.film not in FILMS:
            raise ConfigError(f"film cannot be {self.film!r}: it is {', '.join(get_args(Film))}.")
        if not (0 <= self.blur <= 16 and self.film_lr >= 0 and self.candidates >= 1):
            raise ConfigError("blur is 0 to 16 pixels, film_lr 0 or more, and there are candidates, 1 or more.")


@final
@dataclass(frozen=True, eq=False)
class Ageing:
    """What a film and the years make of images: a curve for each photograph. offset, gain, gamma: [n]"""

    film: Film
    blur: float
    offset: Tensor
    gain: Tensor
    gamma: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """[n, C, H, W] in [-1, 1], grey or in colour -> the old prints [n, 1, H, W], by the same scale."""
        offset, gain, gamma = (each.view(-1, 1, 1, 1) for each in (self.offset, self.gain, self.gamma))
        level = seen(_blurred(images, self.blur), self.film).clamp(_LEAST, 1)
        return 2 * (offset + gain * level**gamma) - 1


def seen(images: Tensor, film: Film) -> Tensor:
    """The brightness that a film sees, in [0, 1] where images are in [-1, 1].  [n, C, H, W] -> [n, 1, H, W]"""
    levels = (images + 1) / 2
    if levels.shape[1] != 3:
        return levels.mean(1, keepdim=True)
    shares = levels.new_tensor(FILMS[film]).view(1, 3, 1, 1)
    return (shares * levels).sum(1, keepdim=True)


def _blurred(images: Tensor, deviation: float) -> Tensor:
    if not deviation:
        return images
    reach = max(1, round(3 * deviation))
    places = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    line = torch.exp(-0.5 * (places / deviation) ** 2)
    line = line / line.sum()
    n, channels, height, width = images.shape
    flat = F.pad(images.reshape(n * channels, 1, height, width), (reach,) * 4, mode="replicate")
    flat = F.conv2d(F.conv2d(flat, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))
    return flat.reshape(images.shape)


@final
@dataclass(frozen=True, eq=False)
class Rephotographed:
    """What was found. All but the code are on the CPU."""

    code: Code
    images: Tensor
    """[n, C, H, W] in [-1, 1], as a camera of today would have taken them"""
    aged: Tensor
    """[n, 1, H, W], what the film makes of these"""
    photographs: Tensor
    """[n, 1, H, W], what was given, in grey"""
    ageing: Ageing
    steps: int
    """for each image"""
    seconds: float
    """for all images together"""
    stopped: bool = False
    """whether it was told to stop before its end"""

    @property
    def error(self) -> Tensor:
        """[n], root of the mean squared difference of what was given and of `aged`; pixels go from -1 to 1."""
        return (self.aged - self.photographs).square().mean((1, 2, 3)).sqrt()


def rephotograph(
    model: Model,
    photographs: Tensor,
    *,
    settings: Rephotography | None = None,
    label: int | None = None,
    kind: Kind = "auto",
    batch: int = 16,
    progress: Progress = lambda step, share, loss: None,
    stop: Stop = lambda: False,
) -> Rephotographed:
    """Old photographs, [n, C, H, W] in [-1, 1] of the shape that the model was trained on, taken anew.

    Whatever hue the paper has by now is taken out first. Arguments and errors as in `project`; the space is w, then w+,
    and z for a model without styles.
    """
    began, settings = time.perf_counter(), settings or Rephotography()
    photographs = checked(model, photographs)
    ways: tuple[Space, ...] = ("w", "w+") if "w+" in spaces(model) else ("z",)
    firsts = range(0, len(photographs), batch)
    share = 1 / (len(firsts) * len(ways))
    steps = [settings.steps // len(ways)] * len(ways)
    steps[-1] = settings.steps - sum(steps[:-1])
    parts: list[tuple[Code, Tensor, Tensor]] = []
    taken, stopped = 0, False
    for place, first in enumerate(firsts):
        target = 2 * seen(photographs[first : first + batch], "luma") - 1
        code, curve = _nearest(model, target, ways[0], settings, label)
        done = 0
        for number, space in enumerate(ways):
            centre = _in_space(model, code, space)
            own = replace(
                settings,
                steps=steps[number],
                noise=settings.noise and space == ways[-1],
                seconds=None if settings.seconds is None else settings.seconds * share,
            )

            def report(step: int, part: float, loss: float, before: int = place * len(ways) + number) -> None:
                progress(before * steps[0] + step, (before + part) * share, loss)

            middle = prior(model, space)
            curve.requires_grad_()
            objective = _Likeness(model, target, curve, middle, centre, own, kind)
            moved = descend(
                model, centre, objective, middle, own, besides=((curve, settings.film_lr),), progress=report, stop=stop
            )
            code, curve = moved.code, curve.detach()
            done, stopped = done + moved.steps, stopped or moved.stopped
        taken = max(taken, done)
        parts.append((code, curve, target))
    code = joined([each for each, _, _ in parts])
    ageing = _ageing(torch.cat([curve for _, curve, _ in parts]), settings)
    images, aged = _printed(model, code, ageing)
    spent = time.perf_counter() - began
    prints = torch.cat([target for _, _, target in parts]).cpu()
    return Rephotographed(code, images, aged, prints, ageing, taken, spent, stopped)


def _ageing(curve: Tensor, settings: Rephotography) -> Ageing:
    """curve: [n, 3], offset, logarithm of gain, logarithm of gamma."""
    return Ageing(settings.film, settings.blur, curve[:, 0], curve[:, 1].exp(), curve[:, 2].exp())


@final
class _Likeness:
    """What is minimised: how an aged image differs from the photograph, and how unusual its code is."""

    def __init__(
        self,
        model: Model,
        target: Tensor,
        curve: Tensor,
        middle: Prior,
        centre: Code,
        settings: Rephotography,
        kind: Kind,
    ) -> None:
        self.target, self.curve, self.middle, self.settings = target, curve, middle, settings
        self.centre = centre.values.detach().clone()
        self.measure = distance(kind, model.spec, model.device)

    def __call__(self, images: Tensor, code: Code) -> Tensor:
        aged = _ageing(self.curve, self.settings)(images)
        loss = self.settings.pixel * (aged - self.target).square().mean((1, 2, 3))
        if self.settings.perceptual:
            loss = loss + self.settings.perceptual * self.measure(aged, self.target)
        if self.settings.prior:
            away = self.middle.distance(code.values) + self.middle.distance(code.values, self.centre)
            loss = loss + self.settings.prior * away / 2
        return loss


def _in_space(model: Model, code: Code, space: Space) -> Code:
    """A code of w as the same one of w+; any other as it is."""
    if code.space == space:
        return code
    method: Any = model.method
    layers = len(method.style_sides(model.nets))
    return Code(space, code.values[:, None].repeat(1, layers, 1), code.noise, code.label)


@torch.no_grad()
def _nearest(
    model: Model, target: Tensor, space: Space, settings: Rephotography, label: int | None
) -> tuple[Code, Tensor]:
    """The sibling of each photograph and the curve that gives it the photograph's mean and deviation."""
    pool = random_codes(model, settings.candidates, space, settings.seed, labels_of(model, label, settings.candidates))
    firsts = range(0, len(pool), _AT_ONCE)
    levels = torch.cat(
        [
            seen(
                _blurred(decode(model, pool.at(slice(first, first + _AT_ONCE))).clamp(-1, 1), settings.blur),
                settings.film,
            )
            for first in firsts
        ]
    )
    nearest = torch.cdist(_standard(target), _standard(levels)).argmin(1)
    own, given = levels[nearest].flatten(1), ((target + 1) / 2).flatten(1)
    gain = (given.std(1) / own.std(1).clamp_min(_LEAST)).clamp(0.1, 10)
    offset = given.mean(1) - gain * own.mean(1)
    return pool.at(nearest), torch.stack((offset, gain.log(), torch.zeros_like(gain)), 1)


def _standard(levels: Tensor) -> Tensor:
    """Small images as rows of mean 0 and length 1: what no curve of gain and offset changes."""
    by = max(1, levels.shape[-1] // 32)
    rows = F.avg_pool2d(levels, by).flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    return rows / rows.square().sum(1, keepdim=True).sqrt().clamp_min(_LEAST)


@torch.no_grad()
def _printed(model: Model, code: Code, ageing: Ageing) -> tuple[Tensor, Tensor]:
    images, aged = [], []
    for first in range(0, len(code), _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        image = decode(model, code.at(rows)).clamp(-1, 1)
        own = replace(ageing, offset=ageing.offset[rows], gain=ageing.gain[rows], gamma=ageing.gamma[rows])
        images.append(image.cpu())
        aged.append(own(image).clamp(-1, 1).cpu())
    return torch.cat(images), torch.cat(aged)
