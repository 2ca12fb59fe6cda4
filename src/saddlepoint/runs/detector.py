"""A detector of generated content: a classifier of real images against those of one model, with its stated error.

It knows one model. Of images of others it may say anything, and whoever wants to can train against it: it is a help for
reviewers, never a proof. Wang et al. 2020, arXiv:1912.11035, for why it is shown spoilt images too: without JPEG and
resizing in training, a detector is lost by them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.stats import beta
from torch import nn

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.metrics.extractors.classifier import SmallClassifier
from saddlepoint.metrics.formulas.separation import order
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.sets import Generated
from saddlepoint.storage import documents, tensors
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import write_json
from saddlepoint.text import counted

WEIGHTS, FACTS = "detector.safetensors", "detector.json"
SIDE = 64
"""pixels of the square that is looked at, at most; of larger images several"""
SHOWN = 40_000
_BATCH, _SPOILT, _LEAST = 64, 0.5, 40
_MOST = 10_000


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert(image.mode)


def _resized(image: Image.Image, share: float) -> Image.Image:
    width, height = (max(int(side * share), 4) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BILINEAR)
    return small.resize(image.size, Image.Resampling.BICUBIC)


WAYS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "as they are": lambda image: image,
    "JPEG of quality 75": lambda image: _jpeg(image, 75),
    "JPEG of quality 40": lambda image: _jpeg(image, 40),
    "halved and enlarged again": lambda image: _resized(image, 0.5),
}
"""how images may have been spoilt before they are looked at"""


@dataclass(frozen=True)
class Detector:
    """A trained detector. threshold: of the score from which on an image is called generated. facts: as in its file."""

    network: nn.Module
    channels: int
    side: int
    threshold: float
    facts: dict[str, Any] = field(default_factory=dict)

    @torch.inference_mode()
    def scores(self, images: Bytes) -> np.ndarray:
        """uint8 [n, C, H, W] -> [n]: log odds that each is generated; of a larger image the mean over some squares."""
        if images.shape[1] != self.channels:
            images = (
                images[:, :1].repeat(3, 1) if self.channels == 3 else images.mean(1, keepdims=True).astype(np.uint8)
            )
        values = []
        for start in range(0, len(images), _BATCH):
            batch = torch.from_numpy(images[start : start + _BATCH].astype(np.float32)) / 127.5 - 1
            if min(batch.shape[2:]) < self.side:
                scale = self.side / min(batch.shape[2:])
                size = [max(round(side * scale), self.side) for side in batch.shape[2:]]
                batch = F.interpolate(batch, size=size, mode="bilinear")
            odds = [self.network(square) for square in _squares(batch, self.side)]
            values.append(torch.stack([each[:, 1] - each[:, 0] for each in odds]).mean(0))
        return np.asarray(torch.cat(values).double().numpy())


def learn(model: Model, *, false_alarms: float = 0.01, shown: int = SHOWN, seed: int = 0) -> Detector:
    """Train a detector of what `model` makes, and state its error on images that neither has been trained on.

    false_alarms: share of real images that may be called generated; the threshold is set on one half of the held-out
    images and the error stated on the other. Raises CapabilityError for a model of something else than images,
    ConfigError where too few images were held out.
    """
    dataset, settings = data_of(model)
    if dataset.images.ndim != 4 or model.task("generate") is None:
        raise CapabilityError(f"{model.name} makes no images from latents: there is nothing to detect.")
    if dataset.images.shape[1] not in (1, 3):
        raise CapabilityError("a detector looks at grey images or images in colour.")
    if not 0 < false_alarms < 0.5:
        raise ConfigError(f"--false-alarms cannot be {false_alarms:g}: it is a share between 0 and .5.")
    train, held_out = dataset.split(settings.held_out)
    if len(held_out) < 2 * _LEAST:
        raise ConfigError(
            f"{counted(len(held_out), 'image')} held out of training, and {2 * _LEAST} are needed to state an error:"
            " train with a larger --held-out."
        )
    rows = np.sort(numpy_generator(0, "detector").permutation(train)[:_MOST])
    real = np.ascontiguousarray(dataset.images[rows])
    fake = Generated(model.method, model.nets, len(real), 2 * seed + 1_000_001, device=model.device).spread(len(real))
    side = min(SIDE, *real.shape[2:])
    network = fit(real, fake, side, shown, seed)
    detector = Detector(network, real.shape[1], side, 0.0)
    unseen = np.ascontiguousarray(dataset.images[held_out[:_MOST]])
    fresh = Generated(model.method, model.nets, len(unseen), 2 * seed + 1_000_002, device=model.device)
    anew = fresh.spread(len(unseen))
    half = len(unseen) // 2
    mixed = numpy_generator(seed, "detector halves").permutation(len(unseen))
    setting, testing = np.sort(mixed[:half]), np.sort(mixed[half:])
    threshold = float(np.quantile(detector.scores(unseen[setting]), 1 - false_alarms, method="higher"))
    facts = {
        "model": model.name,
        "version": model.version,
        "false_alarms_wanted": false_alarms,
        "errors": errors_of(detector, threshold, unseen[testing], anew[testing]),
        "knows": f"images of {model.name}, version {model.version}, alone; of other models it may say anything",
    }
    return Detector(network, real.shape[1], side, threshold, facts)


def fit(real: Bytes, fake: Bytes, side: int, shown: int, seed: int) -> nn.Module:
    """A small classifier of both sets, half of each batch; some of the images spoilt in one of the `WAYS`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "detector weights"))
        network = SmallClassifier(real.shape[1], side, 2)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    steps = max(shown // _BATCH, 1)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    draw, ways = numpy_generator(seed, "detector batches"), list(WAYS.values())
    target = torch.arange(2).repeat_interleave(_BATCH // 2)
    network.train()
    for _ in range(steps):
        parts = [images[draw.integers(len(images), size=_BATCH // 2)] for images in (real, fake)]
        images = np.concatenate(parts).copy()
        for row in np.flatnonzero(draw.random(_BATCH) < _SPOILT):
            images[row] = as_pixels(ways[int(draw.integers(1, len(ways)))](as_picture(images[row])))
        top, left = (int(draw.integers(images.shape[axis] - side + 1)) for axis in (2, 3))
        values = torch.from_numpy(images[:, :, top : top + side, left : left + side].astype(np.float32)) / 127.5 - 1
        values = values.flip(3) if draw.random() < 0.5 else values
        loss = F.cross_entropy(network(values), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return network.eval()


def errors_of(detector: Detector, threshold: float, real: Bytes, fake: Bytes) -> list[dict[str, Any]]:
    """For each of `WAYS`: the area under the ROC curve, and both errors at the threshold with their worst cases.

    The worst case is the upper end of the one-sided 95 % interval of Clopper and Pearson.
    """
    rows = []
    for name, way in WAYS.items():
        scores = [
            detector.scores(np.stack([as_pixels(way(as_picture(image))) for image in images]))
            for images in (real, fake)
        ]
        area, error = order(scores[1], scores[0])
        row: dict[str, Any] = {"name": name, "area": area, "area_error": error}
        for word, wrong in (
            ("real_called_generated", scores[0] >= threshold),
            ("generated_missed", scores[1] < threshold),
        ):
            count = int(wrong.sum())
            row |= {word: count / len(wrong), f"{word}_at_most": _at_most(count, len(wrong))}
        rows.append(row | {"images": len(real)})
    return rows


def save(detector: Detector, folder: Path) -> None:
    """Write the weights and what is known of them into `folder`, which is there."""
    state = {name: value.contiguous() for name, value in detector.network.state_dict().items()}
    tensors.save(folder / WEIGHTS, state)
    facts = {"channels": detector.channels, "side": detector.side, "threshold": detector.threshold, **detector.facts}
    write_json(folder / FACTS, facts)


def opened(folder: Path) -> Detector:
    """The detector in a folder; nothing in it is executed. Raises DataError for one that is none or damaged."""
    if not (folder / FACTS).is_file():
        raise DataError(f"{folder} is not the folder of a detector: `saddle detect learn RUN` makes one.")
    with judged(folder / FACTS, DataError):
        facts = documents.table(folder / FACTS)
        channels, side, threshold = (facts.pop(name, None) for name in ("channels", "side", "threshold"))
        if channels not in (1, 3) or not isinstance(side, int) or not 4 <= side <= SIDE:
            raise DataError(f"{folder / FACTS} is not of a detector: learn it again.")
        if not isinstance(threshold, int | float):
            raise DataError(f"{folder / FACTS} states no threshold: learn it again.")
    network = SmallClassifier(channels, side, 2)
    with judged(folder / WEIGHTS, DataError):
        network.load_state_dict(tensors.tensors(folder / WEIGHTS))
    return Detector(network.eval(), channels, side, float(threshold), facts)


def _squares(batch: torch.Tensor, side: int) -> list[torch.Tensor]:
    """The middle and the corners of images, as squares; images of that size as they are."""
    height, width = batch.shape[2:]
    if (height, width) == (side, side):
        return [batch]
    places = [((height - side) // 2, (width - side) // 2), (0, 0), (0, width - side), (height - side, 0)]
    places.append((height - side, width - side))
    return [batch[:, :, top : top + side, left : left + side] for top, left in dict.fromkeys(places)]


def _at_most(wrong: int, count: int) -> float:
    return 1.0 if wrong == count else float(beta.ppf(0.95, wrong + 1, count - wrong))
