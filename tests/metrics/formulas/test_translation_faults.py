"""Faults of translations: each at a value worked by hand, and `evaluate` of a translator that leaves all as it is."""

from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.formulas.translation_faults import (
    colour_drift,
    copies,
    cycle_errors,
    entanglement,
    flicker_ratio,
    seams,
)


def grey(*levels: int, side: int = 4) -> np.ndarray:
    return np.array(levels, np.uint8)[:, None, None, None].repeat(side, 2).repeat(side, 3)


def test_there_and_back_copies_and_drift() -> None:
    assert cycle_errors(grey(10, 20), grey(13, 18)).tolist() == [3, 2]
    assert copies(grey(0, 0), grey(9, 11), grey(100, 100)) == 0.5  # a tenth of 100 is 10
    assert colour_drift(grey(10, 20), grey(12, 24)) == 3


def test_a_seam_is_steeper_than_the_rest_and_an_even_slope_has_none() -> None:
    slope = np.arange(8, dtype=np.uint8)[None, None, None, :].repeat(8, 2)
    both = (slope + slope.swapaxes(2, 3)).astype(np.uint8)
    assert seams(both, 4) == pytest.approx(1)
    jump = both.copy()
    jump[..., 4:] += 9
    assert seams(jump, 4) == pytest.approx((10 + 1) / 2)
    with pytest.raises(ValueError, match="no borders"):
        seams(both, 8)


def test_a_film_that_flickers_changes_more_than_its_source() -> None:
    assert flicker_ratio(grey(0, 1, 2), grey(0, 5, 0)) == pytest.approx(5)


def test_attributes_that_move_with_another_are_entangled() -> None:
    before = np.zeros((4, 3))
    after = np.stack([before.copy() for _ in range(3)])
    after[0, :, 0] = 1  # moves alone
    after[1, :, 1], after[1, :, 2] = 1, 0.5  # takes the third along
    shares = entanglement(before, after)
    assert shares.tolist() == [0, 0.25, np.inf]  # the third does not move itself


def test_evaluate_says_of_a_translator_what_can_be_said_without_pairs(tmp_path: Path) -> None:
    run = saddlepoint.train(
        "cycle_gan", data="world:styles", resolution=8, images=8, batch=4, blocks=1, generator_width=2, critic_width=2,
        halvings=1, out=tmp_path / "run",
    )  # fmt: skip
    result = saddlepoint.evaluate(run.folder)
    names = [score["protocol"]["metric"] for score in result["scores"]]
    assert names == [f"{word}[{kind}]" for kind in "ab" for word in ("cycle-error", "copied-share", "colour-drift")]
    page = (run.folder / "held-out/index.html").read_text()
    assert "from a to b" in page
    assert "b-0001-there-and-back.png" in page
    with pytest.raises(ConfigError, match="without --metrics"):
        saddlepoint.evaluate(run.folder, metrics=["kid"])
