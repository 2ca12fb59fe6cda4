"""`saddle serve` as a process of its own: it starts, stops in good order, and a kill loses nothing that was done."""

from __future__ import annotations

import base64
import json
import signal
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_parts import opened, photo, small
from service_process import Service

from saddlepoint import cli
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.store import Store

LONG = {"task": "project", "steps": 2000, "candidates": 4, "image": base64.b64encode(photo()).decode()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model."""
    place = tmp_path_factory.mktemp("models") / "faces"
    small("dcgan", (3, 16, 16), latent=8, generator_width=4).save_pretrained(place)
    return place


@pytest.fixture
def started(folder: Path, tmp_path: Path) -> Iterator[Any]:
    """Starts services of the model that share a folder of jobs."""
    services: list[Service] = []

    def start(*words: object) -> Service:
        log = tmp_path / f"log-{len(services)}"
        services.append(Service(f"faces={folder}", "--jobs", tmp_path / "jobs", *words, log=log))
        return services[-1]

    yield start
    for service in services:
        service.end()


def test_a_kill_during_a_job_loses_no_result_and_a_stop_is_in_good_order(started) -> None:
    service = started("--batch", 1)
    assert service.ask("/v1/models/faces/card").startswith(b"---")  # the card of a saved model
    done = service.ask("/v1/jobs", {"task": "sample", "seeds": [5]})["id"]
    service.until(done, "done")
    running = service.ask("/v1/jobs", {"task": "sample", "n": 1024})["id"]
    service.until(running, "running")
    service.process.send_signal(signal.SIGKILL)
    service.process.wait(30)

    service = started()
    assert opened(service.ask(f"/v1/jobs/{done}/result")).size == (16, 16)
    seen = service.ask(f"/v1/jobs/{running}")
    assert (seen["state"], seen["error"]["mend"]) == ("interrupted", "send it again")

    last = service.ask("/v1/jobs", {"task": "sample", "n": 200})["id"]
    service.until(last, "running", "done")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    lines = service.lines()
    assert lines[-1]["event"] == "stopped"
    states = {line["job"]: line["state"] for line in lines if line["event"] == "job"}
    assert states == {last: "done"}  # what ran was finished
    with pytest.raises(urllib.error.URLError):
        service.ask("/health")


def test_a_stop_is_told_while_it_lasts_and_a_second_one_ends_at_once(started) -> None:
    service = started("--grace-seconds", 60)
    running = service.ask("/v1/jobs", LONG)["id"]
    service.until(running, "running")
    service.process.send_signal(signal.SIGTERM)
    for _ in range(500):
        status, told = service.answer("/health")
        if status != 200:
            break
        time.sleep(0.02)
    assert (status, json.loads(told)["status"]) == (503, "stopping")
    refused, problem = service.answer("/v1/sample", {})
    assert (refused, json.loads(problem)["title"]) == (503, "stopping")
    assert service.ask(f"/v1/jobs/{running}")["state"] == "running"
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(5) == 128 + signal.SIGTERM


def test_a_stop_is_bounded_whatever_is_running(started) -> None:
    service = started("--grace-seconds", 0.3)
    running = service.ask("/v1/jobs", LONG)["id"]
    service.until(running, "running")
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(20) == 0
    states = {line["job"]: line["state"] for line in service.lines() if line["event"] == "job"}
    assert states == {running: "interrupted"}


def test_a_second_service_of_a_folder_is_refused_in_a_sentence(folder, capsys, tmp_path) -> None:
    held = Store(tmp_path, Limits())
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", str(folder), "--port", "0", "--jobs", str(tmp_path)])
    assert ended.value.code == 2
    said = f"saddle serve: another service keeps its jobs in {tmp_path}; use --jobs FOLDER."
    assert capsys.readouterr().err.splitlines()[-1] == said
    held.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: MODEL"),
        (["a/b=c"], "names no model"),
        (["nothing-there"], "there is no nothing-there"),
        (["{}", "{}"], "two models are called faces@stable"),
        (["{}", "--directions", "other=x.safetensors"], "no model has that name"),
        (["{}", "--most-pixels", "0"], "most_pixels cannot be 0"),
        (["{}", "--batch", "0"], "batch must be 1 or more"),
        (["{}", "--threads", "0"], "threads cannot be 0: it must be from 1 to 1,024"),
        (["{}", "--port", "65536"], "port must be 0 to 65535"),
        (["{}", "--wait-ms", "nan"], "wait_ms 0 or more"),
        (["{}", "--grace-seconds", "nan"], "grace_seconds cannot be nan"),
        (["{}", "--jobs", "{}/config.json"], "could not be written"),
        (["{}", "--api-key-file", "{}/bytes"], "it is no text"),
        (["{}", "--host", "203.0.113.1", "--port", "0"], "cannot listen on 203.0.113.1"),
        (["{}", "--api-key-file", "no-such-file"], "cannot be read"),
        (["{}", "--api-key-file", "{}/empty"], "holds no key"),
        (["{}", "--api-key-file", "{}/short"], "16 characters or more"),
    ],
)
def test_what_cannot_be_served_is_said(folder, capsys, tmp_path, words, said) -> None:
    (folder / "empty").write_text("\n")
    (folder / "short").write_text("secret\n")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", "--jobs", str(tmp_path), *(word.format(folder) for word in words)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error or not words


def test_versions_gates_comparisons_and_baselines_are_named_on_the_command_line(folder, tmp_path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(50):
        (tmp_path / "images" / f"{number}.png").write_bytes(photo(8 + number, 12))
    base = tmp_path / "base.json"
    with pytest.raises(SystemExit) as ended:
        cli.main(["drift", str(tmp_path / "images"), "--save", str(base), "--run", str(folder)])
    assert not ended.value.code
    files = {
        "gates": {"gates": [{"model": "faces@beta", "contrast": 0.9}]},
        "experiments": {"experiments": [{"name": "x", "arms": {"faces@stable": 1, "faces@beta": 1}, "units": 60}]},
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    words = ["--gates", tmp_path / "gates.json", "--experiments", tmp_path / "experiments.json"]
    words += ["--deprecated", "faces@legacy=2020-01-01", "--sunset", "faces@legacy=2020-02-01"]
    words += ["--baseline", f"faces={base}", "--store", f"sqlite:///{tmp_path / 'rows.sqlite'}"]
    models = [f"{name}={folder}" for name in ("faces", "faces@beta", "faces@legacy")]
    service = Service(*models, "--jobs", tmp_path / "jobs", *words, log=tmp_path / "log")
    try:
        status, content = service.answer("/v1/sample", {"model": "faces@legacy"})
        assert (status, json.loads(content)["mend"]) == (410, "use faces@stable")
        assert "## Lifetime" in service.ask("/v1/models/faces@legacy/card").decode()
        status, content = service.answer("/v1/sample", {"model": "faces@beta"})
        assert (status, json.loads(content)["state"]) == (202, "held")
        service.answer("/v1/sample", {"model": "faces", "seeds": [3], "unit": "somebody"})
        (report,) = service.ask("/v1/operator/experiments")["experiments"]
        assert sum(arm["exposed"] for arm in report["arms"]) == 1
        assert set(service.ask("/v1/operator/drift")["filling"]) == {"faces@stable inputs", "faces@stable outputs"}
        assert service.ask("/ready")["status"] == "ready"
        notes = [line for line in service.lines() if line["event"] == "note" and line["model"] == "faces@legacy"]
        assert any("it ended on 2020-02-01" in line["text"] for line in notes)
        assert (tmp_path / "rows.sqlite").is_file()
    finally:
        service.end()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--keep-nothing", "--store", "sqlite:///x"), "leaves no use for --store"),
        (("--drift-window", "5"), "--drift-window must be 20 or more"),
        (("--sunset", "faces=soon"), "'soon' is no day"),
        (("--baseline", "maps=x.json"), "maps is not served"),
        (("--gates", "none.json"), "none.json cannot be read"),
        (("--store", "mysql://x"), "knows no 'mysql'"),
        (("--face-detector", "none.onnx"), "is no detector in ONNX"),
        (("--operator-key-file", "none.txt"), "none.txt cannot be read"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(folder, tmp_path, monkeypatch, capsys, words, said) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", f"faces={folder}", "--port", "0", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
