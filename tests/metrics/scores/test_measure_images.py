"""Figures of two sets of images, level by level."""

from metric_inputs import made_images, noisy

from saddlepoint.metrics.extractors.features import Pixels, statistics
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.scores.measure_images import measure_images
from saddlepoint.metrics.scores.score import Protocol
from saddlepoint.metrics.sets import Rows

MADE = Protocol("", 0, 0, reference="train", data="abc")
REAL = made_images(60, 1, 32, 32, "real")
FAKE = noisy(made_images(50, 1, 32, 32, "fake"), 60)


def test_each_level_is_a_score_of_its_own():
    scores = measure_images(
        ["sliced-wasserstein", "fid-by-resolution"], Pixels, Rows(REAL), Rows(FAKE), MADE, seed=2, most=30
    )
    assert [score.protocol.metric for score in scores] == [
        "sliced-wasserstein[32 pixels]", "sliced-wasserstein[16 pixels]",
        "fid[32 pixels]", "fid[16 pixels]", "fid[8 pixels]", "fid[4 pixels]",
    ]  # fmt: skip
    assert {(score.protocol.real, score.protocol.fake) for score in scores} == {(30, 30), (60, 50)}
    assert all(score.seed == 2 and score.protocol.data == "abc" for score in scores)
    assert "biased high" in scores[2].warnings()[0]


def test_the_first_side_is_the_plain_distance():
    whole = measure_images(["fid-by-resolution"], Pixels, Rows(REAL), Rows(FAKE), MADE)[0]
    assert whole.value == frechet_distance(statistics(Pixels(), REAL), statistics(Pixels(), FAKE))


def test_no_extractor_is_made_for_a_metric_that_needs_none():
    def none() -> Pixels:
        raise AssertionError

    assert measure_images(["sliced-wasserstein"], none, Rows(REAL), Rows(FAKE), MADE)[0].protocol.extractor is None
