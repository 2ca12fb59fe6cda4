import json
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint import cli
from saddlepoint.metrics.score import Score


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two tiny runs that differ in their seed."""
    made = []
    for seed in (0, 1):
        out = tmp_path_factory.mktemp("runs") / str(seed)
        settings = {"images": 320, "batch": 32, "generator_width": 8, "critic_width": 8, "samples": 0}
        made.append(saddlepoint.train("dcgan", seed=seed, out=out, **settings).folder)
    return made


def saddle(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return int(str(ended.value.code))


def test_a_run_is_measured_with_real_against_real_beside_it(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle("evaluate", runs[0], "--extractor", "pixels", "-n", "200", "--seeds", "2") == 0
    said = capsys.readouterr().out
    assert "real against real" in said
    assert "biased high" in said
    assert "for a paper: fid" in said
    kept = json.loads((runs[0] / "evaluation.json").read_text())
    score = Score.read(json.dumps(kept["scores"][0]))
    assert (score.protocol.metric, score.protocol.fake, score.over) == ("fid", 200, "2 sample seeds")
    assert score.protocol.extractor is not None
    assert score.protocol.extractor.name == "pixels"
    assert kept["real against real"][0]["value"] < score.value


def test_runs_are_compared_under_one_protocol_or_not_at_all(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for run in runs:
        saddle("evaluate", run, "--extractor", "pixels", "-n", "100", "--metrics", "fid", "kid")
    assert saddle("compare", *runs) == 0
    said = capsys.readouterr().out
    assert all(run.name in said for run in runs)
    saddle("evaluate", runs[1], "--extractor", "pixels", "-n", "50", "--metrics", "fid", "kid")
    assert saddle("compare", *runs) == 2
    assert "differ in fake: 100 and 50" in capsys.readouterr().err


def test_two_plain_folders_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for name in ("real", "fake"):
        (tmp_path / name).mkdir()
        for index in range(12):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / name / f"{index}.png")
    words = ["--real", tmp_path / "real", "--fake", tmp_path / "fake", "--extractor", "pixels"]
    assert saddle("evaluate", *words, "--metrics", "fid", "kid", "--out", tmp_path / "figures.json") == 0
    assert "cannot have full rank" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "figures.json").read_text())["scores"]) == 2


def test_weights_that_cannot_be_had_give_one_sentence(
    runs: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*rest: object, **more: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    assert saddle("evaluate", runs[0], "--extractor", "inception-2015") == 2
    said = capsys.readouterr().err
    assert "--weights" in said
    assert "Traceback" not in said


def test_neither_a_run_nor_two_folders_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert saddle("evaluate") == 2
    assert "give the folder of a run" in capsys.readouterr().err


def test_scores_are_logged_while_training_and_the_best_is_kept(tmp_path: Path) -> None:
    run = saddlepoint.train(
        "dcgan", out=tmp_path / "run", images=1280, batch=32, generator_width=8, critic_width=8, samples=0,
        score=("fid", "kid"), score_every=320, score_images=100, log_every=5, keep=1, checkpoint_every=1280,
    )  # fmt: skip
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    scores = {line["step"]: line["score/fid"] for line in lines if "score/fid" in line}
    assert list(scores) == [10, 20, 30, 40]
    best = min(scores, key=lambda step: scores[step])
    kept = {path.name for path in (run.folder / "checkpoints").iterdir()}
    assert kept == {f"step-{best:08d}", "step-00000040"}


def test_a_run_that_no_longer_improves_ends_early(tmp_path: Path) -> None:
    run = saddlepoint.train(
        "dcgan", out=tmp_path / "run", images=6400, batch=32, generator_width=8, critic_width=8, samples=0,
        generator_lr=1e-12, critic_lr=1e-12, ema_images=0.0,
        score=("kid",), score_every=320, score_images=50, log_every=5, patience=640,
    )  # fmt: skip
    assert run.ended == "no longer improving"
    assert run.images < 6400
    assert (
        "ends early" in (run.folder / "log.jsonl").read_text()
        or "stops early" in (run.folder / "log.jsonl").read_text()
    )
