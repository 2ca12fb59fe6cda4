"""A trained encoder: a network that names an image's code at once, learnt from the generator's own samples.

The codes of samples are known, so no real image is needed: the encoder learns to give back the code, and a code whose
image is the one it saw. Zhu et al. 2016, arXiv:1609.03552, section 4.1 (the image term, with a fixed generator).
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, DataError, DivergedError
from saddlepoint.keyed import generator, key
from saddlepoint.latent.codes import Code, Space, check_space, decode, read_tensors, spaces, write_tensors
from saddlepoint.latent.descend import Progress, Stop
from saddlepoint.latent.perceptual import Kind, distance
from saddlepoint.latent.prior import labels_of, prior, random_codes
from saddlepoint.latent.project import Projected, checked, described
from saddlepoint.methods.abilities import classes_of
from saddlepoint.methods.tasks import knows
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

_AT_ONCE = 64
"""images that are encoded at once"""
_HELD = 256
"""samples that no step sees, on which the error is measured"""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How an encoder is trained."""

    images: int = 60_000
    """samples to show it"""
    seconds: float | None = None
    """stop after so many seconds if they come first; the rate falls with them"""
    batch: int = 32
    """samples in a step"""
    lr: float = 1e-3
    """learning rate at first (Adam); it falls to nothing along a half cosine"""
    width: int = 32
    """maps of the first layer; each halving doubles them, up to eight times as many"""
    code: float = 0.1
    """weight of the mean squared distance from the true code, in deviations of a coordinate"""
    pixel: float = 1.0
    """weight of the mean squared difference of the pixels"""
    perceptual: float = 1.0
    """weight of the perceptual distance"""
    mixed: float = 0.5
    """in w+, share of the samples whose finer layers have the style of another latent, from a random layer on"""
    seed: int = 0
    """of weights and samples"""

    def __post_init__(self) -> None:
        for name in ("images", "batch", "width"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be 1 or more.")
        for name in ("lr", "seconds"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be more than 0.")


@final
class Encoder(nn.Module):
    """Images [n, C, S, S] in [-1, 1] -> codes of one space; in evaluation mode but while it is trained.

    space: of the codes. shape: of one code's values. classes: 0, or how many the model makes. facts: what is kept of
    its training, with the version of the model that it is for.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, space: Space, image: tuple[int, ...], shape: tuple[int, ...], classes: int = 0, width: int = 32
    ) -> None:
        super().__init__()
        self.space, self.image, self.shape, self.classes, self.width = space, image, shape, classes, width
        self.facts: dict[str, Any] = {}
        (channels, side, _), layers, maps = image, [], width
        while side >= 8:
            layers += [nn.Conv2d(channels, maps, 4, 2, 1), nn.GroupNorm(8, maps), nn.LeakyReLU(0.2)]
            channels, side, maps = maps, side // 2, min(2 * maps, 8 * width)
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Linear(channels * side**2, 16 * width)
        self.output = nn.Linear(16 * width, math.prod(shape) + classes)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Values of the codes, [n, *shape], and logits of the classes, [n, classes]."""
        outputs = self.output(F.leaky_relu(self.hidden(self.layers(images)), 0.2))
        values, logits = outputs.split([math.prod(self.shape), self.classes], 1)
        return self.mean + self.deviation * values.view(-1, *self.shape), logits

    @torch.no_grad()
    def encode(self, images: Tensor) -> Code:
        """The codes of images, without noise maps of their own."""
        outputs = [self(part) for part in images.split(_AT_ONCE)]
        values, logits = (torch.cat(part) for part in zip(*outputs))
        return Code(self.space, values, None, logits.argmax(1) if self.classes else None)


def train_encoder(
    model: Model,
    *,
    space: Space | None = None,
    settings: Training | None = None,
    kind: Kind = "auto",
    progress: Progress = lambda images, share, loss: None,
    stop: Stop = lambda: False,
) -> Encoder:
    """An encoder of a model's images into a space; None takes w+ where there are styles, else z.

    progress: told after each step how many samples were shown. stop: asked before each; the encoder is then what it is.
    Raises CapabilityError for a model without such a space, DivergedError when a loss is no longer finite.
    """
    began, settings = time.perf_counter(), settings or Training()
    space = check_space(model, space or spaces(model)[-1])
    measure, middle = distance(kind, model.spec, model.device), prior(model, space)
    encoder = _fresh(model, space, settings).to(model.device)
    encoder.mean.copy_(middle.mean.expand(encoder.shape))
    encoder.deviation.copy_(middle.deviation.expand(encoder.shape))
    optimiser = torch.optim.Adam(encoder.parameters(), lr=settings.lr, betas=(0.9, 0.99))
    shown, share = 0, 0.0
    while share < 1 and not stop():
        code, target = _samples(model, space, settings.batch, key("samples", settings.seed, shown), settings.mixed)
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * (0.5 + 0.5 * math.cos(math.pi * share))
        with torch.enable_grad():
            values, logits = encoder(target)
            loss = settings.code * ((values - code.values) / encoder.deviation).square().mean()
            if code.label is not None:
                loss = loss + F.cross_entropy(logits, code.label)
            if settings.pixel or settings.perceptual:
                decoded = decode(model, Code(space, values, None, code.label))
                loss = loss + settings.pixel * F.mse_loss(decoded, target)
                loss = loss + settings.perceptual * measure(decoded, target).mean()
            optimiser.zero_grad()
            loss.backward()
        optimiser.step()
        shown += settings.batch
        share = shown / settings.images
        if settings.seconds is not None:
            share = max(share, (time.perf_counter() - began) / settings.seconds)
        mean = float(loss.detach())
        if not math.isfinite(mean):
            raise DivergedError(f"the encoder's loss was no longer finite after {shown:,} samples; try a lower --lr.")
        progress(shown, min(share, 1.0), mean)
    encoder.eval().requires_grad_(False)
    encoder.facts = _facts(model, encoder, kind, settings, shown, time.perf_counter() - began)
    return encoder


def encode(
    model: Model, encoder: Encoder, images: Tensor, *, label: int | None = None, kind: Kind = "auto"
) -> Projected:
    """The codes that an encoder names for `images`, [n, C, H, W] in [-1, 1], and how near their images come.

    label: the class of all, where the model makes a chosen one; by default the one that the encoder names.
    Raises ShapeError and DataError for images that do not fit, CapabilityError for an unknown class.
    """
    began = time.perf_counter()
    images = checked(model, images)
    code = named(model, encoder, images, label)
    return described(model, code, images, distance(kind, model.spec, model.device), 0, time.perf_counter() - began)


def named(model: Model, encoder: Encoder, images: Tensor, label: int | None) -> Code:
    """The codes of `checked` images, of the class `label` where one is given. Raises CapabilityError."""
    code, labels = encoder.encode(images), labels_of(model, label, len(images))
    return code if labels is None else replace(code, label=labels)


def default_path(model: Model, space: Space) -> Path:
    """Where a run keeps its encoder of a space."""
    return model.home / "encoders" / f"{space}.safetensors"


def save_encoder(encoder: Encoder, path: Path) -> None:
    """Write an encoder as safetensors with its facts in the head, in one piece. Raises RunError."""
    tensors = {name: part.detach().cpu().contiguous() for name, part in encoder.state_dict().items()}
    facts = {
        "space": encoder.space,
        "image": encoder.image,
        "shape": encoder.shape,
        "classes": encoder.classes,
        "width": encoder.width,
        **encoder.facts,
    }
    write_tensors(path, tensors, {"encoder": json.dumps(facts)})


def load_encoder(path: Path, model: Model) -> Encoder:
    """What `save_encoder` wrote, for the model that it was trained for.

    Raises DataError for a file that is missing, holds something else or was trained for another model or state of it.
    """
    again = f"train it again: saddle edit encode {model.home}"
    if not path.is_file():
        raise DataError(f"there is no encoder {path}; {again.replace(' again', '')}")
    tensors, head = read_tensors(path)
    try:
        facts = documents.as_table(head["encoder"], path.name)
        own = {name: facts.pop(name) for name in ("space", "image", "shape", "classes", "width")}
        own["image"], own["shape"] = tuple(own["image"]), tuple(own["shape"])
        encoder = Encoder(**own)
        encoder.load_state_dict(tensors)
    except (Unfit, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise DataError(f"{path} holds no encoder that can be used; {again}") from error
    if facts.get("version") != model.version:
        raise DataError(f"{path} was trained for other weights of {model.name}; {again}")
    encoder.facts = facts
    return encoder.to(model.device).eval().requires_grad_(False)


def _shape(model: Model, space: Space) -> tuple[int, ...]:
    return tuple(random_codes(model, 1, space).values.shape[1:])


def _fresh(model: Model, space: Space, settings: Training) -> Encoder:
    classes = classes_of(model.method, model.nets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key("encoder", settings.seed))
        return Encoder(space, model.spec.shape, _shape(model, space), classes, settings.width)


@torch.no_grad()
def _samples(model: Model, space: Space, n: int, seed: int, mixed: float = 0.0) -> tuple[Code, Tensor]:
    """Codes of `n` latents and their images with noise of their own, [n, C, H, W] in [-1, 1]."""
    code = random_codes(model, n, space, seed)
    draw, noise = generator(seed, "samples"), None
    method: Any = model.method
    if knows(method, "styles"):
        places = sum(side**2 for side in method.noise_sides(model.nets))
        noise = torch.randn(n, places, generator=draw).to(model.device) if places else None
    if space == "w+" and mixed:
        layers = code.values.shape[1]
        first = torch.randint(1, layers, (n,), generator=draw)
        first[torch.rand(n, generator=draw) >= mixed] = layers
        coarse = torch.arange(layers) < first[:, None]  # [n, L]
        other = code.values.roll(1, 0)
        if code.label is not None:  # of the same class, as in training
            other = random_codes(model, n, space, key("mixed", seed), code.label).values
        values = torch.where(coarse[..., None].to(model.device), code.values, other)
        code = Code(space, values, None, code.label)
    images = decode(model, Code(space, code.values, noise, code.label)).clamp(-1, 1)
    return code, images


def _facts(
    model: Model, encoder: Encoder, kind: Kind, settings: Training, shown: int, seconds: float
) -> dict[str, Any]:
    """What is kept of a training: on what, how long, and the errors on samples that no step saw."""
    code, images = _samples(model, encoder.space, _HELD, key("held out", settings.seed))
    result = encode(model, encoder, images, kind=kind)
    apart = ((result.code.values - code.values) / encoder.deviation).square().mean().sqrt()
    return {
        "method": model.name,
        "version": model.version,
        "images": shown,
        "seconds": round(seconds, 1),
        "error": float(result.error.mean()),
        "perceptual": float(result.perceptual.mean()),
        "distance": result.distance,
        "code_error": float(apart),
    }
