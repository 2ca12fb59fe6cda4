"""How near a translator that learnt from pairs comes to the targets of the pairs that were held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError, OfflineError
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.formulas.luma import BORDER, psnr_y, ssim_y
from saddlepoint.metrics.formulas.pairwise import psnr
from saddlepoint.metrics.formulas.regions import region_reader
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.formulas.translation_faults import colour_drift, cycle_errors, flicker_ratio
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.base import Comparison
from saddlepoint.metrics.scores.measure_pairs import comparison, measure_pairs
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.report.side_by_side import Columns, write_side_by_side
from saddlepoint.runs.evaluation import Evaluation

MOST, BATCH = 500, 16
"""held-out pairs that are looked at, and at once"""
FOLDER = "held-out"
"""of a run, with the page that shows them"""
METRICS = ("psnr", "ssim", "lpips")
"""that pairs are compared by unless others are named; lpips where its weights are"""
_WINDOW = 11
"""side of the images that ssim needs"""
_COMPRESSION = 5000  # mu of the logarithm in which linear light is compared


def learnt_from_pairs(model: Model) -> bool:
    """Whether it makes images or films of others that they belong to, and does nothing else."""
    source, target = (model.spec.fields.get(name) for name in ("source", "target"))
    image = isinstance(source, Image | Clip) and isinstance(target, type(source))
    return image and model.task("generate") is None and any(task.name.startswith("translate-s") for task in model.tasks)


def evaluate_pairs(model: Model, metrics: Sequence[str] | None, weights: Sequence[Path]) -> Evaluation:
    """The mean of each metric over the held-out pairs, and what else can be said of them.

    metrics: None for those of `METRICS` whose weights are there, and for images that become larger for the protocol of
    super-resolution too: brightness alone, a border as wide as the scale left out. Where sources are label maps, how
    well each class is where the map has it; where the model knows both ways, the error after there and back. All of
    them are shown in the folder `held-out` of the run.
    Raises ConfigError where fewer than two pairs were held out.
    """
    dataset, settings = data_of(model)
    train, held_out = dataset.split(settings.held_out)
    held_out = held_out[:MOST]
    if len(held_out) < 2:
        raise ConfigError("two pairs or more are needed that were held out of training: use a larger --held-out.")
    source, target = _shown(dataset, held_out)
    translated = _translated(model, source, "source", linear=target.dtype == np.float32)
    method: Any = model.method
    clips = isinstance(model.spec.fields["target"], Clip)
    true = _bytes(target)
    protocol = Protocol("", len(held_out), len(held_out), reference="held-out", data=dataset.fingerprint)

    def score(word: str, values: Doubles) -> Score:
        error = float(values.std() / len(values) ** 0.5)
        return Score(float(values.mean()), dataclasses.replace(protocol, metric=word), error=error)

    scale = target.shape[-1] // source.shape[-1] if target.shape[-1] > source.shape[-1] else 1
    comparisons, notes = _comparisons(metrics, weights, scale, true.shape[-3:])
    images = [each.reshape(-1, *each.shape[-3:]) for each in (true, translated)]
    scores = measure_pairs(list(comparisons), _parts(*images), protocol, list(comparisons.values()))
    scores.append(score("colour-drift", np.array([colour_drift(one[None], two[None]) for one, two in zip(*images)])))
    floor: list[Score] = []
    columns = {"given": source, "made of it": translated, "truth": true}
    if clips:
        scores.append(score("flicker", np.array([flicker_ratio(*each) for each in zip(true, translated)])))
        notes.append("flicker: how much films change from frame to frame, as a share of the true ones' change")
    elif method.directions().get("target") == "source":
        columns["there and back"] = back = _translated(model, translated, "target")
        scores.append(score("cycle-error", cycle_errors(source, back)))
        notes.append("cycle-error: levels that sources are from themselves after there and back")
    elif reader := region_reader(*_shown(dataset, train[:MOST])):
        for images_of, scores_of in ((translated, scores), (true, floor)):
            for word, values in zip(("region-accuracy", "region-overlap"), reader.figures(source, images_of)):
                scores_of.append(score(word, values))
        notes.append(
            f"region-accuracy: share of pixels whose class of the {len(reader.colours)} colours of the sources a reader"
            " finds where the source has it; it has learnt from true targets, and reads those too (real)"
        )
    notes += [
        f"compared with {len(held_out)} of {len(dataset)} pairs, drawn once at random and held out of training"
        " (--held-out); each figure is the mean over images, in whole levels of 0 to 255",
        *_as_given(source, true),
    ]
    if target.dtype == np.float32:
        notes.append(f"light is compared after mu-law compression ({_COMPRESSION})")
    name = f"{model.name} after {model.clock.examples:,} images"
    decibels = psnr(true.reshape(len(true), -1, *true.shape[-2:]), translated.reshape(len(true), -1, *true.shape[-2:]))
    table = Columns("", "", columns, [f"{value:.2f} dB" for value in decibels])
    notes.append(f"all of them side by side: {write_side_by_side(model.home / FOLDER, name, [table])}")
    return Evaluation(name, scores, floor, notes)


def _shown(dataset: Dataset, rows: np.ndarray) -> tuple[Bytes, Bytes]:
    """Sources and targets as they are stored."""
    source, target = (np.ascontiguousarray(dataset.fields[name][rows]) for name in ("source", "target"))
    return source, target


def _comparisons(
    metrics: Sequence[str] | None, weights: Sequence[Path], scale: int, shape: tuple[int, ...]
) -> tuple[dict[str, Comparison], list[str]]:
    """What compares pairs of images of this shape, by its word, and what was left out."""
    chosen: dict[str, Comparison] = {}
    notes: list[str] = []
    colour, small = shape[0] in (1, 3), min(shape[1:]) < _WINDOW
    for name in metrics or METRICS:
        if metrics is None and ((name == "ssim" and small) or (name == "lpips" and not colour)):
            continue
        try:
            chosen[name] = comparison(name, weights)
        except OfflineError as error:
            if metrics is not None:
                raise
            notes.append(f"{name} was left out: {error}")
    if scale > 1 and metrics is None and colour and min(shape[1:]) >= 2 * scale + _WINDOW:
        by_luma: dict[str, Callable[..., Doubles]] = {"psnr-y": psnr_y, "ssim-y": ssim_y}
        for name, figure in by_luma.items():
            word = name if scale == BORDER else f"{name}[border {scale}]"
            chosen[word] = (partial(figure, border=scale), None)
    return chosen, notes


def _translated(model: Model, images: Bytes, origin: str, *, linear: bool = False) -> Bytes:
    """What the model makes of images or films as they are stored, in whole levels."""
    parts = [torch.from_numpy(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    results = []
    for part in parts:
        values = pixels(part.reshape(-1, *part.shape[-3:]))
        result: Any = model.translate(values.contiguous().reshape(part.shape) if part.ndim == 5 else values, origin)
        results.append(_bytes(result.numpy()) if linear else to_uint8(result).cpu().numpy())
    return np.concatenate(results)


def _bytes(images: np.ndarray) -> Bytes:
    """Images as they are, and light in [0, 1] by its logarithm."""
    if images.dtype != np.float32:
        return np.asarray(images)
    squeezed = np.log1p(_COMPRESSION * images.clip(0, 1)) / np.log1p(_COMPRESSION)
    return np.asarray(np.rint(squeezed * 255).astype(np.uint8))


def _as_given(source: Bytes, true: Bytes) -> list[str]:
    """How near the sources are themselves, enlarged where that is what is learnt."""
    if source.ndim != 4 or source.shape[1] != true.shape[1]:
        return []
    large, how = source, "the sources as they are"
    if source.shape != true.shape:
        values = F.interpolate(torch.from_numpy(source).float(), true.shape[2:], mode="bicubic", antialias=True)
        large, how = values.round().clamp(0, 255).byte().numpy(), "the sources by bicubic interpolation"
    likeness = f", ssim {ssim(true, large).mean():.4g}" if min(true.shape[2:]) >= _WINDOW else ""
    return [f"{how}: psnr {psnr(true, large).mean():.4g}{likeness}"]


def _parts(true: Bytes, translated: Bytes) -> Iterator[tuple[Bytes, Bytes]]:
    for start in range(0, len(true), BATCH):
        yield true[start : start + BATCH], translated[start : start + BATCH]
