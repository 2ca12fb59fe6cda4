"""Several figures from one set of features."""

import dataclasses
from typing import get_args

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.engine.run import DISTANCES
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Identity, Pixels
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.scores import metric, names
from saddlepoint.metrics.scores.bands import band
from saddlepoint.metrics.scores.measure import at_equal_counts, direction_of, measure
from saddlepoint.metrics.scores.reference import Metric
from saddlepoint.metrics.scores.score import Protocol, Score

MADE = Protocol("", 0, 0, reference="held-out", data="abc")
REAL, FAKE = made_features(300, 16, "a"), made_features(280, 16, "b", 0.2, 1.1)
OTHERS = ("is", "modes", "class-divergence", "kid-subsets")
OF_FEATURES = [name for name in names("FeatureMetric") if name not in OTHERS]


def test_each_score_knows_how_it_was_made():
    scores = measure(OF_FEATURES, Pixels(), REAL, FAKE, MADE, seed=3)
    assert [score.protocol.metric for score in scores] == OF_FEATURES
    assert scores[OF_FEATURES.index("fid")].value == frechet_distance(gaussian(REAL), gaussian(FAKE))
    for score in scores:
        made = score.protocol
        assert (made.real, made.fake, made.width, made.reference, made.data) == (300, 280, 16, "held-out", "abc")
        assert made.extractor == Pixels().identity
        assert score.seed == 3


def test_halves_of_one_set_are_near_one_another():
    far, near = at_equal_counts(["kid"], Pixels(), REAL, FAKE, MADE)
    assert abs(near[0].value) < 0.3 * far[0].value
    for score in (far[0], near[0]):
        assert score.protocol.real == score.protocol.fake == 150


def test_real_against_real_stands_beside_figures_of_the_same_counts():
    """Images of the very distribution: at 120 and 60 images the real ones seemed further from themselves."""
    real, fake = made_features(120, 64, "real"), made_features(120, 64, "fake")
    generated, floor = at_equal_counts(["fid", "coverage"], Pixels(), real, fake, MADE)
    whole = measure(["fid"], Pixels(), real, fake, MADE)[0]
    assert floor[0].value > 1.5 * whole.value  # what the two columns used to hold
    assert generated[0].value == pytest.approx(floor[0].value, rel=0.15)
    assert [score.protocol.fake for score in (*generated, *floor)] == [60] * 4


def test_every_figure_has_an_interval():
    for score in measure(OF_FEATURES, Pixels(), REAL, FAKE, MADE, errors=True):
        assert score.interval is not None, score.protocol.metric
        assert score.interval[0] <= score.value <= score.interval[1]
    assert all(score.error is None for score in measure(["fid", "precision"], Pixels(), REAL, FAKE, MADE))


def test_unknown_and_unfit_metrics_are_refused():
    with pytest.raises(ConfigError, match="fod is not a metric"):
        measure(["fod"], Pixels(), REAL, FAKE, MADE)
    with pytest.raises(CapabilityError, match="names classes; pixels does not"):
        measure(["is"], Pixels(), REAL, FAKE, MADE)


def test_a_floor_that_half_the_images_are_too_few_for_is_left_out():
    few = made_features(30, 16, "a")
    assert measure(["fid-infinity"], Pixels(), few, few, MADE)
    for scores in at_equal_counts(["fid-infinity", "kid"], Pixels(), few, few, MADE):
        assert [score.protocol.metric for score in scores] == ["kid"]


def test_classes_are_those_that_the_extractor_names():
    class Naming(ClassifyingExtractor):
        identity = Pixels().identity

        def batch(self, images):
            raise AssertionError

        def probabilities(self, features):
            return features

    real = np.eye(4, dtype=np.float32)[np.arange(40) % 4]
    fake = real[real.argmax(1) < 2]
    modes, divergence = measure(["modes", "class-divergence"], Naming(), real, fake, MADE)
    assert modes.value == 2
    assert divergence.value == pytest.approx(np.log(2))


def test_a_rank_that_cannot_be_full_brings_a_warning():
    few = measure(["fid"], Pixels(), made_features(12, 16, "a"), FAKE, MADE)[0]
    assert "cannot have full rank" in few.warnings()[1]
    assert len(measure(["fid"], Pixels(), REAL, FAKE, MADE)[0].warnings()) == 1


@pytest.mark.parametrize(("value", "word"), [(3.0, "excellent"), (20.0, "good"), (40.0, "fair"), (80.0, "poor")])
def test_only_the_published_protocol_has_words(value, word):
    standard = Identity("inception-2015", "0", "2048", "tensorflow-1 bilinear 299", "(x-128)/128")
    score = Score(value, dataclasses.replace(MADE, metric="fid", extractor=standard))
    assert band(score) == word
    for change in ({"precision": "bfloat16"}, {"layer": "64"}, {"values": "2x/255-1"}, {"name": "pixels"}):
        other = dataclasses.replace(score.protocol, extractor=dataclasses.replace(standard, **change))
        assert band(dataclasses.replace(score, protocol=other)) is None
    assert band(dataclasses.replace(score, protocol=dataclasses.replace(score.protocol, metric="kid"))) is None


def test_kid_over_subsets_is_near_kid_over_all_rows_and_states_its_subsets() -> None:
    draw = np.random.default_rng(0)
    real, fake = (draw.normal(shift, 1, (1200, 4)).astype(np.float32) for shift in (0, 0.5))
    whole, subsets = measure(["kid", "kid-subsets"], Pixels(), real, fake, MADE)
    assert subsets.value == pytest.approx(whole.value, rel=0.1)
    assert subsets.over == "100 subsets of 1000"


def test_a_metric_is_one_file_that_says_which_way_it_is_better() -> None:
    assert set(names("PairMetric")) == {"lpips", "mae", "ms-ssim", "psnr", "psnr-y", "ssim", "ssim-y"}
    assert all(metric(name).direction in ("less", "more", "one") for name in names("FeatureMetric"))
    assert [direction_of(name) for name in ("fid", "recall", "psnr", "lpips")] == ["less", "more", "more", "less"]
    assert all(direction_of(name) == "less" for name in DISTANCES)
    assert {*names("FeatureMetric"), "path-length", "sliced-wasserstein", "mae"} <= {*get_args(Metric)}
