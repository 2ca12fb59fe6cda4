"""The measures that proofs name: what is compared, against which naive baseline, and what else is printed beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.special import entr
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import labelled_rows
from saddlepoint.data.pixels import pixels, to_uint8
from saddlepoint.data.sources.world import in_both_styles
from saddlepoint.data.world.mixtures import mixture
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.methods.abilities import ByClass, Classifies
from saddlepoint.metrics.baseline import PixelGaussian
from saddlepoint.metrics.classifier import train_classifier
from saddlepoint.metrics.coverage import class_coverage, mixture_coverage
from saddlepoint.metrics.features import features
from saddlepoint.metrics.frechet import frechet_distance
from saddlepoint.metrics.naive_translation import ColourTable, mean_image, recoloured
from saddlepoint.metrics.statistics import gaussian

MOST_NAIVE = 2_000
"""training images that a naive translation is made from"""
LEAST_SHARE = 0.03
"""a class counts as drawn when at least this share of the images is of it"""


@dataclass(frozen=True)
class Measured:
    """The table that a proof ends with.

    rows: "generated", "real" and "baseline" figures by name, each with the figure `key`.
    key: the figure that is compared. higher: names of the figures of which more is better.
    protocol: how they were made, in a sentence.
    """

    rows: tuple[dict[str, Any], ...]
    key: str
    protocol: str
    higher: frozenset[str] = frozenset()

    def row(self, kind: str) -> dict[str, Any]:
        """The row of "generated", "real" or "baseline"."""
        return next(row for row in self.rows if row["kind"] == kind)

    def table(self) -> list[dict[str, Any]]:
        """The rows as they are printed."""
        return [{name: value for name, value in row.items() if name != "kind"} for row in self.rows]


Measure = Callable[[Model, Dataset, int], Measured]


def measure(name: str) -> Measure:
    """A measure by its name. Raises ConfigError for an unknown one."""
    known: dict[str, Measure] = {
        "frechet": frechet,
        "conditional": conditional,
        "mixture": partial(mixture_modes, n=10_000, radius=3.0, least=1),
        "grid": partial(mixture_modes, n=5_000, radius=4.0, least=20),
        "held-out-bound": held_out_bound,
        "translation": translation,
        "semi-supervised": semi_supervised,
    }
    if name not in known:
        raise ConfigError(f"no measure is called {name!r}{nearest(name, known)}")
    return known[name]


def frechet(model: Model, dataset: Dataset, seed: int) -> Measured:
    """Fréchet distance and class coverage in the features of a classifier trained on the real images.

    All sets have as many images as half of the real ones and are compared with the same half, so they share one bias.
    """
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to train a classifier on.")
    classifier = train_classifier(dataset.images, dataset.labels, seed=0)
    order = numpy_generator("halves", len(dataset)).permutation(len(dataset))
    half = len(dataset) // 2
    reference, other = np.sort(order[:half]), np.sort(order[half : 2 * half])
    known = gaussian(features(classifier, dataset.images[reference]))

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        seen = features(classifier, images)
        classes = class_coverage(classifier.labels(seen), dataset.labels[reference], len(dataset.classes), LEAST_SHARE)  # type: ignore[index]
        return {
            "kind": kind,
            "name": name,
            "frechet": frechet_distance(gaussian(seen), known),
            "classes": classes.modes,
            "least_share": min(classes.shares),
            "divergence": classes.divergence,
        }

    generated = to_uint8(model.sample(half, seed=seed)).numpy()
    naive = PixelGaussian(dataset.images).sample(half, seed)
    return Measured(
        rows=(
            row("generated", model.name + (", averaged weights" if model.method.ema() else ""), generated),
            row("real", "real against real", dataset.images[other]),
            row("baseline", "naive: a Gaussian over pixels", naive),
        ),
        key="frechet",
        protocol=(
            f"{half} images each against one half of the real ones, in the features of {classifier.identity}, trained"
            f" on the real images; it names {classifier.accuracy:.1%} of {classifier.held_out} held-out ones rightly."
            f" A class counts from {LEAST_SHARE:.0%} of the images."
        ),
        higher=frozenset({"classes", "least_share"}),
    )


def conditional(model: Model, dataset: Dataset, seed: int) -> Measured:
    """Whether images are of the class that was asked for, by a classifier trained on the real ones, and how near.

    The baseline is told the class too: a Gaussian over the pixels of each. One that is not told is right by chance.
    """
    if dataset.labels is None or not isinstance(model.method, ByClass):
        raise ConfigError(f"{model.name} on {dataset.source} makes no images of a chosen class.")
    real, labels, classes = dataset.images, dataset.labels, len(dataset.classes)
    classifier = train_classifier(real, labels, seed=0)
    order = numpy_generator("halves", len(dataset)).permutation(len(dataset))
    half = len(dataset) // 2
    reference, other = order[:half], order[half : 2 * half]
    known = gaussian(features(classifier, real[reference]))
    asked = np.arange(half) % classes

    def row(kind: str, name: str, images: np.ndarray, asked: np.ndarray) -> dict[str, Any]:
        seen = features(classifier, images)
        right = classifier.labels(seen) == asked
        least = min(float(right[asked == label].mean()) for label in range(classes))
        distance = frechet_distance(gaussian(seen), known)
        return {"kind": kind, "name": name, "frechet": distance, "accuracy": float(right.mean()), "least_class": least}

    made = to_uint8(model.sample(half, seed=seed)).numpy()  # classes in turn
    naive = np.empty_like(made)
    for label in range(classes):
        own = asked == label
        naive[own] = PixelGaussian(real[labels == label]).sample(int(own.sum()), seed)
    return Measured(
        rows=(
            row("generated", model.name + (", averaged weights" if model.method.ema() else ""), made, asked),
            row("real", "real against real", real[other], labels[other]),
            row("baseline", "naive: a Gaussian over the pixels of each class", naive, asked),
            row("other", "naive: one Gaussian, deaf to the class", PixelGaussian(real).sample(half, seed), asked),
        ),
        key="frechet",
        protocol=(
            f"{half} images, the classes in turn, named by {classifier.identity} trained on the real images; it names"
            f" {classifier.accuracy:.1%} of {classifier.held_out} held-out ones rightly. Fréchet distance in its"
            " features, each against one half of the real images."
        ),
        higher=frozenset({"accuracy", "least_class"}),
    )


def held_out_bound(model: Model, dataset: Dataset, seed: int) -> Measured:
    """Log-likelihood of held-out images in nats, where each pixel is black or white with its brightness as probability.

    The baseline knows how often each pixel is white in the training images and nothing more.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    draw, samples = numpy_generator(seed, "black or white"), 1000

    def black_or_white(rows: np.ndarray) -> np.ndarray:
        return np.where(draw.random(dataset.images[rows].shape) < dataset.images[rows] / 255, 255, 0).astype(np.uint8)

    shown = black_or_white(held_out)
    bounds = [model.log_likelihood(pixels(torch.from_numpy(shown)), samples=k, seed=seed) for k in (samples, 1)]
    # One image more of each colour, so that a pixel which was never white in training may be so here.
    white = (dataset.images[train].sum(0) / 255 + 1) / (len(train) + 2)
    naive = np.where(shown == 255, np.log(white), np.log(1 - white)).reshape(len(shown), -1).sum(1)
    grey = dataset.images[held_out] / 255  # no model can foresee what is drawn by chance from these
    chance = (entr(grey) + entr(1 - grey)).reshape(len(grey), -1).sum(1)
    return Measured(
        rows=(
            {"kind": "generated", "name": model.name, "nats": -bounds[0].mean().item()},
            {"kind": "other", "name": f"{model.name}, 1 sample", "nats": -bounds[1].mean().item()},
            {"kind": "baseline", "name": "naive: each pixel for itself", "nats": -float(naive.mean())},
            {"kind": "real", "name": "floor: each pixel's own chance", "nats": float(chance.mean())},
        ),
        key="nats",
        protocol=(
            f"Nats for an image of {shown[0].size} pixels, less is better: minus the importance-weighted bound on the"
            f" log-likelihood with {samples:,} samples, mean over {len(shown)} held-out images whose pixels were drawn"
            " black or white with their brightness as the probability of white."
        ),
    )


def translation(model: Model, dataset: Dataset, seed: int) -> Measured:
    """How far held-out images, translated, are from what they should be: of pairs, or of world:styles, which knows."""
    cases = _paired(model, dataset) if "source" in dataset.fields else _in_styles(model, dataset)

    def row(kind: str, name: str, made: list[np.ndarray]) -> dict[str, Any]:
        apart = [one.astype(np.float32) - case.truth for one, case in zip(made, cases)]
        each = {f"error_{case.origin}": float(np.abs(one).mean()) for case, one in zip(cases, apart)}
        psnr = float(np.mean([10 * np.log10(255**2 / max(np.square(one).mean(), 1e-9)) for one in apart]))
        found = {"kind": kind, "name": name, "error": float(np.mean(list(each.values()))), "psnr": psnr}
        return found | (each if len(cases) > 1 else {})

    made = [to_uint8(model.translate(pixels(torch.from_numpy(c.source)), c.origin, seed=seed)).numpy() for c in cases]
    naive = [row("other", name, [case.naive[name] for case in cases]) for name in cases[0].naive]
    best = min((found for found in naive if found["name"] not in cases[0].told), key=lambda found: found["error"])
    best["kind"] = "baseline"
    return Measured(
        rows=(row("generated", model.name, made), *naive),
        key="error",
        protocol=(
            f"Mean absolute difference to the true image in levels of 0 to 255, and peak signal-to-noise ratio in dB,"
            f" of {sum(len(case.source) for case in cases)} held-out images. The baseline is the best of the naive maps"
            f" that know no more than the method was shown: {best['name']}."
        ),
        higher=frozenset({"psnr"}),
    )


@dataclass(frozen=True)
class _Case:
    """Held-out images of one kind (`origin`), their truth, and what naive maps make of them, by name.

    told: the maps that were shown more than the method was.
    """

    origin: str
    source: np.ndarray
    truth: np.ndarray
    naive: dict[str, np.ndarray]
    told: tuple[str, ...] = ()


def _paired(model: Model, dataset: Dataset) -> list[_Case]:
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    seen, known = (dataset.fields[name][train[:MOST_NAIVE]] for name in ("source", "target"))
    source, truth = (dataset.fields[name][held_out] for name in ("source", "target"))
    naive = {
        "naive: the source itself": source,
        "naive: the mean target": mean_image(known, len(source)),
        "naive: each colour for itself": ColourTable(seen, known)(source),
    }
    return [_Case("source", source, truth, naive)]


def _in_styles(model: Model, dataset: Dataset) -> list[_Case]:
    if dataset.source != "world:styles":
        raise ConfigError(f"nobody knows the true translation of {dataset.source}; world:styles has one.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    side, cases = dataset.images.shape[-1], []
    for origin, name in enumerate(("a", "b")):
        source, truth = np.moveaxis(in_both_styles(held_out[held_out % 2 == origin], side), 1, 0)[[origin, 1 - origin]]
        own, other = (dataset.images[train[train % 2 == place][:MOST_NAIVE]] for place in (origin, 1 - origin))
        pairs = np.moveaxis(in_both_styles(train[:MOST_NAIVE], side), 1, 0)[[origin, 1 - origin]]
        naive = {
            "naive: the image itself": source,
            "naive: the mean of the other style": mean_image(other, len(source)),
            "naive: the colours of the other style": recoloured(source, own, other),
            "each colour for itself, learnt from true pairs": ColourTable(*pairs)(source),
        }
        cases.append(_Case(name, source, truth, naive, told=("each colour for itself, learnt from true pairs",)))
    return cases


def mixture_modes(model: Model, dataset: Dataset, seed: int, *, n: int, radius: float, least: int) -> Measured:
    """The ring and grid protocols: share of `n` points within `radius` deviations of a centre, and centres reached.

    A centre is reached by `least` such points.
    """
    world = mixture(dataset.source.removeprefix("world:"))
    if world is None:
        raise ConfigError(f"{dataset.source} is no mixture of known centres; use world:ring8 or world:grid25.")
    real = dataset.images
    draw = numpy_generator(seed, "mixture")

    def row(kind: str, name: str, points: np.ndarray) -> dict[str, Any]:
        found = mixture_coverage(points, world.centres, world.sd, radius, least)
        return {
            "kind": kind,
            "name": name,
            "high_quality": found.high_quality,
            "modes": found.modes,
            "divergence": found.divergence,
        }

    samples: Tensor = model.sample(n, seed=seed, batch=n)
    naive = draw.multivariate_normal(real.mean(0), np.atleast_2d(np.cov(real.T)), n).astype(np.float32)
    return Measured(
        rows=(
            row("generated", model.name, samples.numpy()),
            row("real", "real", real[draw.choice(len(real), min(n, len(real)), replace=False)]),
            row("baseline", "naive: one Gaussian", naive),
        ),
        key="high_quality",
        protocol=(
            f"{n:,} points; a point is of high quality within {radius:g} standard deviations ({world.sd:g}) of its"
            f" nearest of {len(world.centres)} centres; one is reached by {least} such point{'s' if least > 1 else ''}."
        ),
        higher=frozenset({"high_quality", "modes"}),
    )


def semi_supervised(model: Model, dataset: Dataset, seed: int) -> Measured:
    """Share of held-out images whose class is named wrongly.

    The baseline is the same network, new, that learns from the same few labels and nothing else.
    """
    if dataset.labels is None or not isinstance(model.method, Classifies):
        raise ConfigError(f"{model.name} on {dataset.source} names no classes.")
    labels, steps = torch.from_numpy(dataset.labels), 1000
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    few = labelled_rows(dataset, train, model.facts["data"]["labels_per_class"], model.facts["run"]["seed"])
    unseen = pixels(torch.from_numpy(dataset.images[held_out]))

    def row(kind: str, name: str, found: Model) -> dict[str, Any]:
        wrong = found.classify(unseen).argmax(1) != labels[held_out]
        return {"kind": kind, "name": name, "error": wrong.float().mean().item()}

    taught = {len(rows): _by_labels(model, dataset, rows, steps, seed) for rows in (few, train)}
    return Measured(
        rows=(
            row("generated", f"{model.name}, {len(few):,} labels", model),
            row("baseline", f"the same network by {len(few):,} labels alone", taught[len(few)]),
            row("real", f"the same network by all {len(train):,} labels", taught[len(train)]),
        ),
        key="error",
        protocol=(
            f"Share of {len(held_out):,} held-out images named wrongly. By labels alone: {steps:,} steps of up to 100"
            " images, Adam of rate .001 on the cross-entropy."
        ),
    )


def _by_labels(model: Model, dataset: Dataset, rows: np.ndarray, steps: int, seed: int) -> Model:
    """A new network of the model's kind that has learnt the labels of `rows` and nothing else."""
    method: Any = model.method
    draw = numpy_generator(seed, "by labels")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "by labels"))
        nets = method.networks(model.spec).train()
        optimiser = torch.optim.Adam(nets.parameters(), lr=1e-3)
        for _ in range(steps):
            shown = draw.choice(rows, min(len(rows), 100), replace=False)
            found = method.classify(nets, pixels(torch.from_numpy(dataset.images[shown])))
            loss = F.nll_loss(found.clamp_min(1e-12).log(), torch.from_numpy(dataset.labels[shown]))  # type: ignore[index]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return Model(method, nets.eval(), model.spec, model.facts, model.clock, model.path)
