"""Scores images of a folder by how likely a trained model finds them: what the command line calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.deploy.originals import originals
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.load_image import load_image
from saddlepoint.losses.likelihood import bits_per_dim
from saddlepoint.metrics.formulas.anomaly import Figures, auroc, complexity, corrected
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.likelihoods import nats_of, of_likelihood, protocol_of, stored_for

_MOST = 10_000
"""images of one call"""
_REFERENCE = 2_000
"""held-out images that quantiles are taken from"""
HELD_OUT = "held-out images"


@final
@dataclass(frozen=True, eq=False)
class Likelihoods:
    """What the scores of some images are, each [N]."""

    nats: Figures
    bits: Figures
    """per dimension"""
    complexity: Figures
    """bits per dimension of a compressor"""

    @property
    def corrected(self) -> Figures:
        """Bits per dimension more than the compressor needs."""
        return corrected(self.bits, self.complexity)

    def at(self, rows: np.ndarray) -> Likelihoods:
        """Those of some rows."""
        return Likelihoods(self.nats[rows], self.bits[rows], self.complexity[rows])


@final
@dataclass(frozen=True)
class Scores:
    """The table of a folder.

    rows: one an image. compared: how well each label is told from the usual images. protocol: how nats were made.
    notes: what must be known beside the figures.
    """

    rows: Sequence[Mapping[str, Any]]
    compared: Sequence[Mapping[str, Any]]
    protocol: str
    notes: Sequence[str] = field(default_factory=list)


def score_folder(
    model: Model,
    folder: Path,
    *,
    usual: Sequence[str] = (),
    tail: float = 0.01,
    samples: int | None = None,
    seed: int = 0,
) -> Scores:
    """Scores every image of a folder, or one image.

    usual: names of subfolders with images of the kind that the model was trained on, which the others are compared
        with; none to compare with held-out images. tail: share of held-out images that would count as outliers.
    Raises CapabilityError for a model without likelihood, ConfigError for a subfolder that is not there.
    """
    method = of_likelihood(model)
    paths = originals(folder, None, lambda disclosure: False) if folder.is_dir() else [folder]
    if len(paths) > _MOST:
        raise ConfigError(f"{folder} has {len(paths):,} images; at most {_MOST:,} are read in one call.")
    names = [path.relative_to(folder).as_posix() if folder.is_dir() else path.name for path in paths]
    labels = np.array([name.split("/")[0] if "/" in name else "" for name in names])
    for name in usual:
        if name not in labels:
            known = ", ".join(sorted({*labels} - {""})) or "none"
            raise ConfigError(f"{folder} has no subfolder {name!r} with images; it has {known}.")
    images = to_uint8(torch.stack([load_image(model, path)[0] for path in paths])).numpy()
    reference = reference_images(model)
    stored, protocol = stored_for(method, images, seed)
    notes = []
    if reference is None:
        scores, held_out = likelihoods(model, stored, samples, seed), None
        notes.append("The data that the model was trained on cannot be opened: no image is marked as an outlier.")
    else:
        references, references_as = stored_for(method, reference, seed)
        every = np.concatenate((stored, references))
        both = likelihoods(model, every, samples, seed)  # in one call: a partition function is sought once
        scores, held_out = both.at(np.arange(len(stored))), both.at(np.arange(len(stored), len(both.nats)))
        if references_as != protocol:
            notes.append(f"The images were scored by {protocol}, the held-out ones by {references_as}: beware.")
    reasons = ["" for _ in paths] if held_out is None else outliers(scores, held_out, tail)
    ranks = np.argsort(np.argsort(-scores.corrected, kind="stable"), kind="stable") + 1
    rows = [
        {
            "image": name,
            **({"label": label} if labels.any() else {}),
            "log_likelihood": round(float(scores.nats[number]), 4),
            "bits_per_dim": round(float(scores.bits[number]), 5),
            "complexity": round(float(scores.complexity[number]), 5),
            "corrected": round(float(scores.corrected[number]), 5),
            "rank": int(ranks[number]),
            "outlier": reasons[number],
        }
        for number, (name, label) in enumerate(zip(names, labels))
    ]
    compared = _compared(scores, labels, held_out, usual)
    notes += [
        f"{row['images']} is rated likelier than {row['against']} more often than not: densities rate simple images"
        " high, so a low likelihood alone does not find these; the corrected score may."
        for row in compared
        if row["AUROC of a low likelihood"] < 0.5
    ]
    return Scores(rows, compared, f"nats ({protocol_of(method, protocol)})", notes)


def likelihoods(model: Model, stored: Bytes, samples: int | None = None, seed: int = 0) -> Likelihoods:
    """Scores of images as `stored_for` gave them."""
    numbers = stored[0].size
    nats = nats_of(model, stored, samples=samples, seed=seed).double()
    return Likelihoods(nats.numpy(), bits_per_dim(nats, numbers).numpy(), complexity(stored) / numbers)


def reference_images(model: Model) -> Bytes | None:
    """At most 2,000 images held out of training, or of those trained on where none were; None where none are there."""
    try:
        dataset, settings = data_of(model)
    except CheckpointError:
        return None
    train, held_out = dataset.split(settings.held_out)
    rows = held_out if len(held_out) else train
    chosen = numpy_generator("scored", len(rows)).permutation(len(rows))[:_REFERENCE]
    images: Bytes = np.asarray(dataset.images)[np.sort(rows[chosen])]
    return images


def outliers(scores: Likelihoods, held_out: Likelihoods, tail: float) -> list[str]:
    """Why each image is one, in words; an empty text for those that are none.

    Unlikely and too likely are beyond the quantiles `tail` and 1 - `tail` of held-out log-likelihoods: the typical
    images of a distribution are neither. Strange are those beyond the 1 - `tail` quantile of the corrected score.
    """
    low, high = np.quantile(held_out.nats, (tail, 1 - tail))
    most = np.quantile(held_out.corrected, 1 - tail)
    so = {"unlikely": scores.nats < low, "too likely": scores.nats > high, "strange": scores.corrected > most}
    return ["; ".join(word for word, rows in so.items() if rows[number]) for number in range(len(scores.nats))]


def _compared(
    scores: Likelihoods, labels: np.ndarray, held_out: Likelihoods | None, usual: Sequence[str]
) -> list[dict[str, Any]]:
    """How well each label, or all images where there are none, is told from the usual images or the held-out ones."""
    against = scores.at(np.isin(labels, usual)) if usual else held_out
    if against is None:
        return []
    rows = []
    for label in sorted({*labels} - {*usual}):
        strange = scores.at(labels == label)
        rows.append(
            {
                "images": label or "the rest",
                "count": len(strange.nats),
                "against": ", ".join(usual) or HELD_OUT,
                "AUROC of a low likelihood": round(auroc(-against.nats, -strange.nats), 4),
                "AUROC of the corrected score": round(auroc(against.corrected, strange.corrected), 4),
            }
        )
    return rows
