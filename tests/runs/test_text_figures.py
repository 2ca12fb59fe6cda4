"""Figures of texts: BLEU, ROUGE-L and METEOR by hand, perplexity of a known law, and `evaluate` of models of texts."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from saddlepoint.checkpoint.model import load
from saddlepoint.cli import evaluate, train
from saddlepoint.errors import SaddlepointError
from saddlepoint.metrics.scores.measure_texts import measure_texts
from saddlepoint.metrics.scores.score import Protocol

RIGHT = "the small dog sees the old house"


def figure(metric: str, answer: str, truth: str = RIGHT) -> float:
    pytest.importorskip({"bleu": "sacrebleu", "rouge-l": "rouge_score", "meteor": "nltk"}[metric])
    return measure_texts([metric], [answer], [truth], Protocol("", 0, 0))[0].value


def test_the_right_text_has_the_highest_figure() -> None:
    assert figure("bleu", RIGHT) == pytest.approx(100)
    assert figure("rouge-l", RIGHT) == pytest.approx(1)
    assert figure("meteor", RIGHT) == pytest.approx(1, abs=0.01)
    assert figure("rouge-l", "nothing alike") == figure("meteor", "nothing alike") == 0


def test_figures_by_hand() -> None:
    answer = "the small dog sees a house"  # 5 of 6 words are right; in order the 5 of them
    recall, precision = 5 / 7, 5 / 6
    assert figure("rouge-l", answer) == pytest.approx(2 * recall * precision / (recall + precision))
    runs = [5 / 6, 3 / 5, 2 / 4, 1 / 3]
    brevity = math.exp(1 - 7 / 6)
    assert figure("bleu", answer) == pytest.approx(100 * brevity * math.prod(runs) ** 0.25, abs=0.01)
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    assert figure("meteor", answer, "the small dog sees an old house") == pytest.approx(mean * (1 - 0.5 * (2 / 5) ** 3))
    assert figure("meteor", "dogs", "dog") == pytest.approx(0.5)  # one stem in one piece


def test_unequal_numbers_of_texts_are_refused() -> None:
    with pytest.raises(SaddlepointError, match="1 texts cannot be compared with 2"):
        measure_texts(["bleu"], ["a"], ["a", "b"], Protocol("", 0, 0))


def run(folder: Path, method: str, data: str, *more: str) -> Path:
    words = [method, "--data", data, "--batch", "4", "--examples", "8", "--grid-size", "4", "--held-out", "0.01"]
    assert train.main([*words, *more, "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_a_language_model_has_a_perplexity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("ab cd\nä\nabc\n" * 40, "utf-8")
    path = run(
        tmp_path, "rnn", f"lines:{tmp_path}/a.txt", "--held-out", ".1", "--width", "4", "--cache", f"{tmp_path}/c"
    )
    assert evaluate.main([str(path)]) == 0
    assert "bits-per-byte" in capsys.readouterr().out
    values = json.loads((path / "evaluation.json").read_text("utf-8"))
    figures = {score["protocol"]["metric"]: score["value"] for score in values["scores"]}
    model = load(path)
    with torch.no_grad():  # a model that says nothing of anything: each of its pieces is as likely
        for weight in model.nets.parameters():
            weight.zero_()
    assert 1 < figures["perplexity"] < 4 * len(model.spec.main.pieces)  # type: ignore[attr-defined]
    with pytest.raises(SaddlepointError, match="bleu is no figure of rnn"):
        evaluate.main([str(path), "--metrics", "bleu"])


def test_a_translator_is_compared_with_the_right_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("sacrebleu", "rouge_score", "nltk"):
        pytest.importorskip(package)
    small = "--layers 1 --heads 2 --width 8 --hidden 8 --held-out .001"
    path = run(tmp_path, "transformer", "world:sentences", *small.split())
    assert evaluate.main([str(path), "-n", "6"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("bleu", "rouge-l", "meteor", "held out of training"))
    scores = json.loads((path / "evaluation.json").read_text("utf-8"))["scores"]
    assert all(score["protocol"]["fake"] == 6 for score in scores)
    assert "sacrebleu" in scores[0]["versions"]
    with pytest.raises(SaddlepointError, match="perplexity is no figure of transformer"):
        evaluate.main([str(path), "--metrics", "perplexity"])
