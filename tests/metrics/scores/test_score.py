"""Scores carry their protocol through JSON and refuse unlike company."""

import dataclasses
import json

import pytest

from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.extractors.features import Pixels
from saddlepoint.metrics.formulas.estimate import mean_of
from saddlepoint.metrics.scores.score import Protocol, Score, check_comparable, sentence, sentences

PROTOCOL = Protocol("fid", real=1000, fake=2000, extractor=Pixels().identity, reference="held-out", data="abc")
SCORE = Score(12.5, PROTOCOL, spread=0.25, over="3 sample seeds", seed=0)


def test_json_and_back_is_the_same_score():
    assert Score.read(json.dumps(SCORE.json())) == SCORE
    bare = Score(1.0, dataclasses.replace(PROTOCOL, extractor=None))
    assert Score.read(json.dumps(bare.json())) == bare


@pytest.mark.parametrize("text", ["{}", "[]", "no", '{"protocol": 3, "value": 1}'])
def test_other_json_is_refused(text):
    with pytest.raises(DataError, match="score"):
        Score.read(text)


def test_a_sentence_names_all_that_matters():
    line = sentence([SCORE])
    for part in (
        "fid 12.5 ± 0.25 (3 sample seeds)",
        "2,000 generated",
        "1,000 real",
        "held-out",
        "pixels[",
        "sample seed 0",
    ):
        assert part in line


def test_a_sentence_says_what_was_counted() -> None:
    clips = dataclasses.replace(SCORE, protocol=dataclasses.replace(PROTOCOL, things="clips"))
    assert "2,000 generated against 1,000 real clips (held-out)" in sentence([clips])
    assert "1,000 real images" in sentence([SCORE])


def test_figures_made_in_different_ways_have_sentences_of_their_own():
    other = dataclasses.replace(SCORE, protocol=dataclasses.replace(PROTOCOL, metric="psnr", extractor=None))
    kid = dataclasses.replace(SCORE, protocol=dataclasses.replace(PROTOCOL, metric="kid"), value=0.5)
    first, second = sentences([SCORE, other, kid])
    assert first.startswith("fid 12.5 ± 0.25, kid 0.5 ± 0.25 (3 sample seeds); 2,000 generated")
    assert second.startswith("psnr 12.5")


def test_few_images_bring_a_warning():
    assert "biased high" in SCORE.warnings()[0]
    assert not Score(1.0, dataclasses.replace(PROTOCOL, real=50_000, fake=50_000)).warnings()


def test_unlike_protocols_are_not_compared():
    check_comparable([SCORE, dataclasses.replace(SCORE, value=3.0, seed=1)])
    other = dataclasses.replace(SCORE, protocol=dataclasses.replace(PROTOCOL, fake=500, reference="train"))
    with pytest.raises(ConfigError, match=r"differ in fake: 2000 and 500; reference: held-out and train"):
        check_comparable([SCORE, other])


def test_one_value_has_no_spread():
    assert mean_of([3.0], "seeds").spread is None
    assert mean_of([1.0, 3.0], "seeds").spread == pytest.approx(2**0.5)
