"""What the critic says, from the command: an order that is .5 where it cannot tell, and a picture in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

import saddlepoint
from saddlepoint.errors import CapabilityError
from saddlepoint.metrics.formulas.separation import order


def test_the_order_is_that_of_the_rank_test_and_its_error_that_of_fresh_draws() -> None:
    draw = np.random.default_rng(0)
    upper, lower = draw.normal(0.5, 1, 80).round(1), draw.normal(0, 1, 120).round(1)
    area, error = order(upper, lower)
    assert area == pytest.approx(mannwhitneyu(upper, lower).statistic / (80 * 120))
    fresh = [order(draw.normal(0.5, 1, 80), draw.normal(0, 1, 120))[0] for _ in range(300)]
    assert error == pytest.approx(np.std(fresh), rel=0.2)
    assert order(np.zeros(5), np.zeros(3))[0] == 0.5
    assert order(np.ones(5), np.zeros(3)) == (1.0, 0.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = {"examples": 640, "grid_size": 0, "device": "cpu", "generator_widths": (64,), "critic_widths": (64,)}
    return saddlepoint.train("gan", "digits", out=tmp_path_factory.mktemp("runs") / "gan", **settings).folder


def test_the_report_shows_what_the_critic_says_of_real_and_of_generated_images(run: Path) -> None:
    scores = saddlepoint.evaluate(run, metrics=["critic"], n=200, extractor="pixels")["scores"]
    figures = {score["protocol"]["metric"]: score["value"] for score in scores}
    assert figures.keys() == {"critic-order[train]", "critic-order[held-out]", "critic-accuracy[above 0]"}
    assert all(0 <= value <= 1 for value in figures.values())
    assert all(score["error"] is not None for score in scores)
    assert (run / "critic.png").exists()
    page = (run / "report.html").read_text()
    assert "Outputs of the critic, as in training" in page


def test_a_model_that_was_saved_without_its_critic_says_so(run: Path, tmp_path: Path) -> None:
    saddlepoint.load(run).save_pretrained(tmp_path / "saved")
    with pytest.raises(CapabilityError, match="give the folder of its run"):
        saddlepoint.evaluate(
            tmp_path / "saved", metrics=["critic"], n=50, extractor="pixels", out=tmp_path / "out.json"
        )
