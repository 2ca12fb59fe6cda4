"""`saddle evaluate` of models of tables: what rows that are known to be good or bad come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import saddlepoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.runs.evaluate import evaluate
from saddlepoint.runs.held_out_records import evaluate_records

SMALL = {"generator_widths": (8,), "critic_widths": (8,), "latent": 4, "batch": 100, "examples": 200, "held_out": 0.2}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saddlepoint.train("ctgan", "world:register", out=tmp_path_factory.mktemp("run") / "run", **SMALL).folder


def figures(run: Path, rows: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Of rows [N, D] as networks see them that stand for what a model makes."""
    monkeypatch.setattr(Model, "sample", lambda self, n, seed: torch.as_tensor(rows[:n]))
    return {score.protocol.metric: score.value for score in evaluate_records(saddlepoint.load(run), None).scores}


def test_copies_are_found_and_columns_that_do_not_go_together(run, monkeypatch):
    dataset, settings = data_of(saddlepoint.load(run))
    train, held_out = dataset.split(settings.held_out)
    shown = dataset.main.shown(torch.from_numpy(np.asarray(dataset.examples)), PLAIN).numpy()
    copied = figures(run, shown[train], monkeypatch)
    assert (copied["closest"], copied["copies"]) == (0, 1)
    true = figures(run, shown[held_out], monkeypatch)
    assert true["marginals"] == true["pairs"] == true["correlations"] == 0
    assert true["closest"] == pytest.approx(1)
    draw = np.random.default_rng(0)
    alone = figures(run, np.stack([draw.permutation(column) for column in shown[train].T], 1), monkeypatch)
    assert alone["marginals"] < 0.1 < 3 * copied["pairs"] < alone["pairs"]
    assert alone["taught"] < 0.6 < copied["taught"]


def test_a_model_of_tables_is_evaluated_beside_real_rows(run):
    scores = evaluate(run, n=50)["scores"]
    words = [score["protocol"]["metric"] for score in scores]
    assert words == ["marginals", "pairs", "correlations", "taught", "closest", "copies"]
    with pytest.raises(ConfigError, match="is of images"):
        evaluate(run, metrics=("kid",))
