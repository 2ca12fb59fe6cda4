"""Trackers send figures and grids to programs of others: stand-ins record what those would get."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pictures import grid
from saddlepoint.report.history import figure, table
from saddlepoint.report.mlflow_run import MLflow
from saddlepoint.report.weights_and_biases import WeightsAndBiases


class Calls(list[tuple[str, Any, Any]]):
    """A stand-in for a package: every function that is called on it is noted, and gives the same again."""

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            self.append((name, given, named))
            return self

        return call


def test_weights_and_biases_gets_figures_pictures_and_the_same_name_again(
    tmp_path: Path, trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls()
    monkeypatch.setitem(
        sys.modules, "wandb", types.SimpleNamespace(init=calls.init, Image=lambda path: Path(path).name)
    )
    (tmp_path / "run.json").write_text('{"method": "tiny"}')
    (tmp_path / "samples").mkdir()
    grid(np_images()).save(tmp_path / "samples" / "step-00000000.png")
    run = trainer(tmp_path, [WeightsAndBiases(project="faces")])
    run.fit()
    (_, _, first), *sent, (last, _, how) = calls
    assert (first["project"], first["config"]) == ("faces", {"method": "tiny"})
    assert sent[0] == ("log", ({"samples": "step-00000000.png"},), {"step": 0})
    assert {named["step"] for _, _, named in sent} == {0, 1, *range(5, 61, 5)}
    assert (last, how) == ("finish", {"exit_code": 0})
    again = WeightsAndBiases()
    again.restore(run.state()[1]["hooks"]["WeightsAndBiases"])
    assert again.identity == first["id"]


def np_images() -> Any:
    import torch

    return torch.zeros(4, 1, 8, 8)


def test_mlflow_gets_settings_once_and_every_figure(
    tmp_path: Path, trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls()
    monkeypatch.setitem(sys.modules, "mlflow", types.SimpleNamespace(MlflowClient=lambda: calls))
    monkeypatch.setattr(Calls, "info", types.SimpleNamespace(run_id="r1"), raising=False)
    monkeypatch.setattr(Calls, "experiment_id", "7", raising=False)
    (tmp_path / "run.json").write_text('{"method": "tiny", "run": {"batch": 4}, "data": {}, "options": {}}')
    trainer(tmp_path, [MLflow()]).fit()
    names = [name for name, _, _ in calls]
    assert ("log_param", ("r1", "batch", 4), {}) in calls
    assert names.count("log_metric") == 5 * 13
    assert calls[-1][:2] == ("set_terminated", ("r1", "FINISHED"))


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match="pip install wandb"):
        WeightsAndBiases()


def test_history_has_a_column_for_each_figure_and_nan_where_one_is_missing(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"step": 1, "examples": 4, "examples_per_s": 2.0, "critic/real": 0.5}\n'
        '{"step": 1, "note": "words"}\n'
        '{"step": 5, "examples": 20, "examples_per_s": 2.0, "critic/real": 0.25, "score/kid": 0.1}\n'
    )
    history = table(log)
    assert history["examples"].tolist() == [4, 20]
    assert history["critic/real"].tolist() == [0.5, 0.25]
    assert np.isnan(history["score/kid"]).tolist() == [True, False]
    assert table(tmp_path / "none.jsonl")["step"].tolist() == []


def test_curves_are_drawn_where_matplotlib_is_and_it_is_named_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panels = [types.SimpleNamespace(plot=lambda *a, **k: None, set=lambda **k: None, legend=lambda: None)] * 2
    canvas = types.SimpleNamespace(subplots=lambda *a, **k: [panels], suptitle=lambda title: None)
    module = types.SimpleNamespace(Figure=lambda **k: canvas)
    monkeypatch.setitem(sys.modules, "matplotlib", types.SimpleNamespace(figure=module))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", module)
    history = {name: np.arange(3.0) for name in ("step", "examples", "critic/real", "score/kid")}
    assert figure(history, "run") is canvas
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match="pip install matplotlib"):
        figure(history, "run")
