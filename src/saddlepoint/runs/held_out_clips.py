"""A model of clips beside real clips: what they show and how it moves, and how much changes from frame to frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from sklearn.decomposition import PCA

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.extractors.classifier import ABOVE_CHANCE, Labels
from saddlepoint.metrics.extractors.clip_classifier import LEAST, train_clip_classifier
from saddlepoint.metrics.extractors.features import Features, Identity
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.runs.evaluation import Evaluation
from saddlepoint.text import counted

MOST = 1000
"""real clips that are looked at, half of them to compare generated ones with and half to compare real ones with"""
_COMPONENTS = 32


def evaluate_clips(model: Model, n: int | None) -> Evaluation:
    """The Fréchet distance of generated clips from real ones, and how much both change from frame to frame.

    The features are those of a small network that has learnt the classes of the clips; of clips without classes the
    first principal components of their pixels. n: clips to generate; None for as many as the real ones. Beside them
    stand other real clips, and in the notes real frames that stand still and real frames of different clips in turn.
    Raises ConfigError for too few clips.
    """
    dataset, settings = data_of(model)
    train = dataset.split(settings.held_out)[0]
    rows = numpy_generator("clips", len(train)).permutation(train)[:MOST]
    if len(rows) < 8 or (n is not None and n < 2):
        raise ConfigError("eight clips or more must be trained on, and two be generated, to compare them.")
    clips = np.asarray(dataset.examples)
    real, other = (clips[np.sort(part)] for part in np.array_split(rows, 2))
    seed = 0
    generated = np.asarray(to_uint8(model.sample(n or len(real), seed=seed)).cpu().numpy())
    shown = np.sort(rows)
    labels = np.asarray(dataset.fields["label"])[shown] if len(dataset.classes) > 1 else None
    described, identity, note = _extractor(clips[shown], labels)
    notes = [note]
    wanted = gaussian(described(real))
    protocol = Protocol("", len(real), 0, identity, "train", wanted.mean.shape[0], dataset.fingerprint, things="clips")

    def distance(clips: Bytes) -> float:
        return frechet_distance(gaussian(described(clips)), wanted)

    def figures(shown: Bytes, of_seed: int | None) -> list[Score]:
        values = {"frechet-clips": distance(shown), "change": _change(shown)}
        return [
            Score(value, dataclasses.replace(protocol, metric=word, fake=len(shown)), seed=of_seed)
            for word, value in values.items()
        ]

    still = np.broadcast_to(other[:, :1], other.shape)
    mixed = np.stack([np.roll(other[:, time], time, 0) for time in range(other.shape[1])], 1)
    notes += [
        "frechet-clips: squared distance of two Gaussians in those features; real first frames that stand still have"
        f" {distance(still):.4g}, frames of different real clips in turn {distance(mixed):.4g}",
        "change: mean absolute change of a value from frame to frame, in levels of 0 to 255; far above that of real"
        f" clips is flicker (frames of different clips have {_change(mixed):.4g}), near 0 is a clip that stands still",
    ]
    return Evaluation(model.name, figures(generated, seed), figures(other, None), notes)


def _extractor(clips: Bytes, labels: Labels | None) -> tuple[Callable[[Bytes], Features], Identity, str]:
    """The features that clips are compared by, and a sentence that says what they are.

    A network that has learnt the classes, where there are any and it has come half-way from a guess to all of them.
    """
    why = "these clips have no classes to learn features from"
    if labels is not None and len(clips) >= LEAST:
        classifier = train_clip_classifier(clips, labels)
        result = (
            f"a network names the classes of {classifier.accuracy:.0%} of {counted(classifier.held_out, 'clip')} that"
            f" it has not seen, where the largest class alone gives {classifier.guess:.0%}"
        )
        if classifier.accuracy >= classifier.guess + ABOVE_CHANCE * (1 - classifier.guess):
            return classifier.features, classifier.identity, f"features: {result}"
        why = f"{result}: too few to measure by it"
    elif labels is not None:
        why = f"{len(clips)} clips are too few to learn their classes from"
    components = PCA(min(_COMPONENTS, len(clips) - 1), random_state=0).fit(_flat(clips))

    def described(clips: Bytes) -> Features:
        return np.asarray(components.transform(_flat(clips)))

    layer = f"{components.n_components_} principal components"
    return described, Identity("pixels", "none", layer, "none", "0..255"), f"features: {layer} of pixels, since {why}"


def _flat(clips: Bytes) -> Features:
    return clips.reshape(len(clips), -1).astype(np.float32)


def _change(clips: Bytes) -> float:
    return float(np.abs(np.diff(clips.astype(np.float32), axis=1)).mean())
