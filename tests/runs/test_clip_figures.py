"""`saddle evaluate` of models of clips, and the network whose features it compares."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.extractors.clip_classifier import train_clip_classifier
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.runs.evaluate import evaluate

SMALL = {"images": 8, "batch": 4, "grid_size": 4, "resolution": 16, "width": 2, "latent": 3}


def test_features_of_clips_know_motion() -> None:
    data = open_data("world:clips", resolution=8, window=8)
    clips, labels = np.asarray(data.examples)[:400], data.fields["label"][:400]
    classifier = train_clip_classifier(clips, labels)
    assert classifier.accuracy > 0.8 > classifier.guess
    wanted = gaussian(classifier.features(clips[:200]))
    other, still = clips[200:], np.repeat(clips[200:, :1], 8, 1)
    near, far = (frechet_distance(gaussian(classifier.features(shown)), wanted) for shown in (other, still))
    assert near < 0.5 * far
    again = train_clip_classifier(clips, labels)
    assert again.identity == classifier.identity
    with pytest.raises(DataError, match="two classes"):
        train_clip_classifier(clips, np.zeros(400, np.int64))


def test_a_model_of_clips_is_evaluated_beside_real_ones(tmp_path: Path) -> None:
    run = saddlepoint.train("vgan", "world:clips", out=tmp_path / "run", **SMALL)
    figures = evaluate(run.folder, n=20)
    words = [score["protocol"]["metric"] for score in figures["scores"]]
    assert words == ["frechet-clips", "change"]
    assert figures["scores"][0]["value"] > 0
    assert json.loads((run.folder / "evaluation.json").read_text())["scores"][0]["protocol"]["fake"] == 20
    with pytest.raises(ConfigError, match="is of images"):
        evaluate(run.folder, metrics=("kid",))
