import json
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint import cli
from saddlepoint.errors import ConfigError, DataError, OfflineError
from saddlepoint.metrics.extractors.features import Pixels
from saddlepoint.metrics.scores.base import ModelMetric
from saddlepoint.metrics.scores.score import Score


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two tiny runs that differ in their seed."""
    made = []
    for seed in (0, 1):
        out = tmp_path_factory.mktemp("runs") / str(seed)
        settings = {"images": 320, "batch": 32, "generator_width": 8, "critic_width": 8, "grid_size": 0}
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
    own, real = kept["generated at the counts of real against real"][0], kept["real against real"][0]
    assert real["value"] < own["value"]
    for count in ("real", "fake"):
        assert own["protocol"][count] == real["protocol"][count] == 200
    assert score.interval is not None
    assert score.interval[0] < score.value < score.interval[1]


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


def folders(root: Path, names: list[str], other: list[str], channels: int = 3) -> list[object]:
    rng = np.random.default_rng(0)
    for word, files, shape in (("real", names, (16, 16, 3)), ("fake", other, (16, 16, channels))):
        (root / word).mkdir()
        for name in files:
            Image.fromarray(rng.integers(0, 256, shape, np.uint8).squeeze()).save(root / word / name)
    return ["--real", root / "real", "--fake", root / "fake", "--out", root / "figures.json"]


def test_folders_with_the_same_names_are_compared_pair_by_pair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = folders(tmp_path, ["a.png", "b.png"], ["a.bmp", "b.bmp"], channels=1)
    assert saddle("evaluate", *words, "--metrics", "psnr", "ssim", "mae") == 0
    assert "2 pairs" in capsys.readouterr().out
    kept = [Score.read(json.dumps(score)) for score in json.loads((tmp_path / "figures.json").read_text())["scores"]]
    assert [score.protocol.metric for score in kept] == ["psnr", "ssim", "mae"]
    assert all(score.protocol.extractor is None for score in kept)


@pytest.mark.parametrize(
    ("names", "other", "metric", "said"),
    [
        (["a.png", "b.png"], ["a.png", "c.png"], "psnr", "b.png has no partner in"),
        (["a.png"], ["a.png"], "copying", "copying needs a model"),
    ],
)
def test_folders_that_do_not_fit_a_metric_are_refused(
    names: list[str], other: list[str], metric: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle("evaluate", *folders(tmp_path, names, other), "--metrics", metric) == 2
    assert said in capsys.readouterr().err


def test_copies_are_looked_for_and_drawn(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--metrics", "copying", "sliced-wasserstein", "path-length", "--extractor", "pixels", "-n", "60"]
    assert saddle("evaluate", runs[0], *words) == 0
    assert "neighbours.png" in capsys.readouterr().out
    with Image.open(runs[0] / "neighbours.png") as picture:
        assert "nearest to it in pixels" in picture.info["Description"]
    kept = json.loads((runs[0] / "evaluation.json").read_text())
    figures = {score["protocol"]["metric"]: score["value"] for score in kept["scores"]}
    assert figures.keys() >= {"copying-ratio[pixels]", "copying-share[features]", "path-length[z]"}
    assert all(np.isfinite(value) for value in figures.values())
    assert {score["protocol"]["metric"] for score in kept["real against real"]} == figures.keys() - {"path-length[z]"}


@pytest.mark.parametrize(
    ("metric", "said"),
    [("train-on-synthetic", "trained without labels"), ("psnr", "give --real DIR and --fake DIR"), ("fod", "'fid'")],
)
def test_a_metric_that_a_run_has_not_is_refused(
    metric: str, said: str, runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle("evaluate", runs[0], "--extractor", "pixels", "--metrics", metric) == 2
    assert said in capsys.readouterr().err


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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores from pixels, instead of a classifier that is trained first."""
    monkeypatch.setattr("saddlepoint.metrics.extractors.selection.extractor_for", lambda dataset, **rest: Pixels())


def test_scores_are_logged_while_training_and_the_best_is_kept(tmp_path: Path, quick: None) -> None:
    run = saddlepoint.train(
        "dcgan", out=tmp_path / "run", images=1280, batch=32, generator_width=8, critic_width=8, grid_size=0,
        score=("fid", "kid"), score_every=320, score_images=100, log_every=5, keep_checkpoints=1, checkpoint_every=1280,
    )  # fmt: skip
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    scores = {line["step"]: line["score/fid"] for line in lines if "score/fid" in line}
    assert list(scores) == [10, 20, 30, 40]
    assert "fid: from" in run.report.read_text()  # the curve in words
    best = min(scores, key=lambda step: scores[step])
    kept = {path.name for path in (run.folder / "checkpoints").iterdir()}
    assert kept == {f"step-{best:08d}", "step-00000040"}


def test_a_resumed_run_scores_as_one_that_never_stopped(tmp_path: Path, quick: None) -> None:
    settings = {
        "batch": 32, "generator_width": 4, "critic_width": 4, "grid_size": 0, "score": ("kid",), "score_every": 160,
        "score_images": 50, "log_every": 5, "patience": 100_000,
    }  # fmt: skip
    whole = saddlepoint.train("dcgan", out=tmp_path / "whole", images=640, **settings).folder
    halves = saddlepoint.train("dcgan", out=tmp_path / "halves", images=320, **settings).folder
    saddlepoint.resume(halves, images=640)
    told = [
        [(line["step"], line["score/kid"]) for line in map(json.loads, log) if "score/kid" in line]
        for log in ((folder / "log.jsonl").read_text().splitlines() for folder in (whole, halves))
    ]
    assert len(told[0]) == 4
    assert told[0] == told[1]
    states = [folder / "checkpoints" / "step-00000020" for folder in (whole, halves)]
    for name in sorted(path.name for path in states[0].glob("*.safetensors")):
        assert (states[0] / name).read_bytes() == (states[1] / name).read_bytes()


def test_a_run_that_no_longer_improves_ends_early(tmp_path: Path, quick: None) -> None:
    run = saddlepoint.train(
        "dcgan", out=tmp_path / "run", images=6400, batch=32, generator_width=8, critic_width=8, grid_size=0,
        generator_lr=1e-12, critic_lr=1e-12, ema_images=0.0,
        score=("kid",), score_every=320, score_images=50, log_every=5, patience=640,
    )  # fmt: skip
    assert run.ended == "no longer improving"
    assert run.images < 6400
    assert "stops early" in (run.folder / "log.jsonl").read_text()


@pytest.mark.parametrize(
    ("images", "share", "words"),
    [
        (24, None, "1 image was held out of this run, and 4 are needed; use --reference train"),
        (24, 0.0, "0 images were held out of this run, and 4 are needed"),
        (24, 0.15, "3 images were held out of this run, and 4 are needed"),
    ],
)
def test_how_many_images_were_held_out_is_said_rightly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], images: int, share: float | None, words: str
) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for index in range(images):
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(tmp_path / "photos" / f"{index}.png")
    settings = {"images": 4, "batch": 4, "generator_width": 4, "critic_width": 4, "grid_size": 0}
    run = saddlepoint.train("dcgan", tmp_path / "photos", out=tmp_path / "run", held_out=share, **settings).folder
    assert saddle("evaluate", run, "--extractor", "pixels", "--reference", "held-out") == 2
    assert words in capsys.readouterr().err


def test_what_is_needed_is_missed_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(metric: str, weights: object) -> None:
        raise OfflineError("lpips-v0.1-alex.pth cannot be fetched.")

    monkeypatch.setattr("saddlepoint.runs.evaluate.comparison", offline)
    monkeypatch.setattr("saddlepoint.runs.evaluate._sets", lambda *_: pytest.fail("figures were made first"))
    words = (*folders(tmp_path, ["a.png"], ["a.png"]), "--extractor", "pixels", "--metrics", "fid", "lpips")
    assert saddle("evaluate", *words) == 2
    assert "lpips-v0.1-alex.pth cannot be fetched" in capsys.readouterr().err


def test_figures_that_were_made_are_kept_when_a_later_one_fails(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise DataError("the disk is gone.")

    monkeypatch.setattr("saddlepoint.metrics.scores.copying.METRIC", ModelMetric(fails, "one"))
    out = tmp_path / "figures.json"
    words = ("--extractor", "pixels", "-n", "50", "--metrics", "kid", "copying", "--out", out)
    assert saddle("evaluate", runs[0], *words) != 0
    said = capsys.readouterr()
    assert "kid" in said.out
    assert "the disk is gone" in said.err
    kept = json.loads(out.read_text())
    assert [score["protocol"]["metric"] for score in kept["scores"]] == ["kid"]
    assert kept["unfinished"] == "the disk is gone."


def test_modes_are_counted_where_they_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = saddlepoint.train("gan", out=tmp_path / "run", data="world:ring8", examples=640, batch=64)
    capsys.readouterr()
    assert saddle("evaluate", run.folder) == 0
    said = capsys.readouterr().out
    assert "modes" in said
    assert "reached by 125 such points" in said


def test_python_gets_the_figures_as_plain_data(runs: list[Path]) -> None:
    for run in runs[:2]:
        figures = saddlepoint.evaluate(run, metrics=["kid"], extractor="pixels", n=50)
        assert figures == json.loads((run / "evaluation.json").read_text())
        assert figures["scores"][0]["value"] is not None
    rows = saddlepoint.compare(*runs[:2])
    assert [row["run"] for row in rows] == [str(run) for run in runs[:2]]
    assert all(isinstance(row["kid"], float) for row in rows)
    (together,) = saddlepoint.compare(*runs[:2], by_seed=True)
    assert (together["name"], together["n"]) == ("all runs", 2)
    assert together["kid"] == pytest.approx((rows[0]["kid"] + rows[1]["kid"]) / 2)
    with pytest.raises(ConfigError, match="no setting is called 'seed'"):
        saddlepoint.evaluate(runs[0], seed=3)
