"""Every command with the three sorts of model, a run, a saved model and an imported one: a result, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import saddlepoint
from ports import example_generator
from saddlepoint import cli
from saddlepoint.checkpoint.model import Model
from saddlepoint.cli import compress as compressing
from saddlepoint.deploy import export as graphs
from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.compress.judge import Verdict
from saddlepoint.deploy.compress.prune import pruned
from saddlepoint.deploy.parts import Part

SORTS = ("run", "bundle", "import")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("models")
    settings: dict[str, Any] = {"images": 32, "batch": 16, "grid_size": 0, "generator_width": 4, "critic_width": 4}
    run = saddlepoint.train("dcgan", out=home / "run", **settings).folder
    saddlepoint.load(run).save_pretrained(home / "bundle")
    torch.save(example_generator().eval().state_dict(), home / "net.pth")
    assert saddle("import", home / "net.pth", "--out", home / "import") == 0
    return {sort: home / sort for sort in SORTS}


def saddle(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


WORKS = {
    "sample": ("sample", "{}", "-n", "2", "--out", "{out}"),
    "export a bundle": ("export", "{}", "--to", "bundle", "--out", "{out}"),
    "edit interpolate": ("edit", "interpolate", "{}", "0,1", "--out", "{out}.png"),
}
REFUSED = {
    "translate": ("translate", "{}", "{out}", "{out}"),
    "sample a class": ("sample", "{}", "-n", "2", "--label", "99", "--out", "{out}"),
}
OF_A_RUN = {
    "resume": ("resume", "{}"),
    "report": ("report", "{}"),
    "resume anew": ("resume", "{}", "--from-start"),
}
OF_KNOWN_DATA = {
    "evaluate": ("evaluate", "{}", "--metrics", "kid", "--extractor", "pixels", "-n", "50", "--out", "{out}.json"),
    "compress": ("compress", "{}", "--by", "prune", "--out", "{out}"),
}


def asked(words: tuple[str, ...], model: Path, out: Path) -> list[str]:
    return [word.replace("{out}", str(out)).replace("{}", str(model)) for word in words]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("what", WORKS)
def test_what_needs_no_data_works_with_all(models: dict[str, Path], sort: str, what: str, tmp_path: Path) -> None:
    assert saddle(*asked(WORKS[what], models[sort], tmp_path / "out")) == 0


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("form", ["onnx", "torch"])
def test_all_become_graphs(
    models: dict[str, Path], sort: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(part: Part, *rest: object) -> bytes:  # the graph itself takes seconds, and is tested elsewhere
        values = part.truth(*part.example())
        assert torch.isfinite(values).all()
        return b"graph"

    monkeypatch.setattr(graphs, "program_of", lambda part: part)
    monkeypatch.setattr(graphs, "onnx_of", written)
    monkeypatch.setattr(graphs, "pt2_of", written)
    monkeypatch.setattr(graphs, "session_of", lambda content: None)
    monkeypatch.setattr(graphs, "by_session", lambda part, session: None)
    monkeypatch.setattr(graphs, "_by_torch", lambda content: None)
    monkeypatch.setattr(graphs, "check", lambda *values: 0.0)
    assert saddle("export", models[sort], "--to", form, "--out", tmp_path / "out") == 0
    facts = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (facts["model"], len(facts["files"])) == ("dcgan", 1)


def test_all_are_served_side_by_side(models: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from saddlepoint.cli import serve
    from saddlepoint.deploy.serve.journal import Journal

    names = tuple(f"{sort}={path}" for sort, path in models.items())
    options = serve.Serve(models=names, jobs=tmp_path / "jobs", device="cpu")
    with TestClient(serve._application(options, Journal()), base_url="http://localhost") as client:
        for sort in SORTS:
            answer = client.post("/v1/sample", json={"model": sort, "seeds": [1, 2]})
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("sort", ["run", "bundle"])
def test_a_run_and_a_saved_model_are_compressed_alike(
    models: dict[str, Path], sort: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The road from the data to a smaller folder; what a graph of it costs is left out."""

    def tried(model: Model, options: compressing.Compress) -> compressing.Outcome:
        dataset, held_out = compressing._data(model)
        feed = Feed.of(model, dataset, held_out)
        small = pruned(model, 0.5, model, feed, steps=1, batch=2, lr=1e-3)
        candidate = compressing.Candidate("half", Verdict(None, None, 0.0, True), 10, {}, small)
        return compressing.Outcome([{"name": "half"}], "", [candidate])

    monkeypatch.setattr(compressing, "compress", tried)
    assert saddle(*asked(OF_KNOWN_DATA["compress"], models[sort], tmp_path / "out")) == 0
    assert saddlepoint.load(tmp_path / "out").facts["made_from"]["version"] == saddlepoint.load(models[sort]).version


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("what", REFUSED)
def test_what_the_model_cannot_do_is_said_of_all(
    models: dict[str, Path], sort: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle(*asked(REFUSED[what], models[sort], tmp_path / "out")) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("sort", ["bundle", "import"])
@pytest.mark.parametrize("what", OF_A_RUN)
def test_what_needs_a_run_says_so_of_the_others(
    models: dict[str, Path], sort: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle(*asked(OF_A_RUN[what], models[sort], tmp_path)) == 2
    assert "is not the folder of a run" in capsys.readouterr().err


@pytest.mark.parametrize("what", OF_KNOWN_DATA)
def test_what_needs_the_data_says_that_an_imported_model_does_not_know_it(
    models: dict[str, Path], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saddle(*asked(OF_KNOWN_DATA[what], models["import"], tmp_path / "out")) == 2
    said = capsys.readouterr().err
    assert "nothing is known of the data that" in said
    assert "saddle evaluate --real DIR --fake DIR" in said


@pytest.mark.parametrize("sort", ["run", "bundle"])
def test_a_run_and_a_saved_model_are_evaluated_alike(models: dict[str, Path], sort: str, tmp_path: Path) -> None:
    assert saddle(*asked(OF_KNOWN_DATA["evaluate"], models[sort], tmp_path / "out")) == 0
    assert json.loads((tmp_path / "out.json").read_text())["scores"]
