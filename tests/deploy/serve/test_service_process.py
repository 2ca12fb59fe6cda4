"""`saddle serve` as a process of its own: it starts, stops in good order, and a kill loses nothing that was done."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_parts import opened, small

from saddlepoint import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model."""
    place = tmp_path_factory.mktemp("models") / "faces"
    small("dcgan", (3, 16, 16), latent=8, generator_width=4).save_pretrained(place)
    return place


class Service:
    """A running `saddle serve`."""

    def __init__(self, *words: object) -> None:
        run = [sys.executable, "-c", "from saddlepoint.cli import main; main()", "serve", *map(str, words)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SADDLEPOINT_API_KEY": ""}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([*run, "--port", "0"], text=True, env=environment, **pipes)  # type: ignore[call-overload]
        assert self.process.stdout is not None
        found = re.search(r"http://127.0.0.1:\d+", self.process.stdout.readline())
        assert found, self.process.communicate()
        self.address = found[0]

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """The content of an answer, of JSON as values."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
            return json.loads(content) if answer.headers["Content-Type"] == "application/json" else content

    def until(self, job: str, *states: str) -> None:
        for _ in range(3000):
            if self.ask(f"/v1/jobs/{job}")["state"] in states:
                return
            time.sleep(0.02)
        raise AssertionError(job)


@pytest.fixture
def started(folder: Path, tmp_path: Path) -> Iterator[Any]:
    """Starts services of the model that share a folder of jobs."""
    services: list[Service] = []

    def start(*words: object) -> Service:
        services.append(Service(f"faces={folder}", "--jobs", tmp_path / "jobs", *words))
        return services[-1]

    yield start
    for service in services:
        service.process.kill()
        service.process.communicate()


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
    service.process.send_signal(signal.SIGTERM)
    _, log = service.process.communicate(timeout=60)
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["event"] == "stopped"
    states = {line["job"]: line["state"] for line in lines if line["event"] == "job"}
    assert states == {last: "done"}  # what ran was finished
    with pytest.raises(urllib.error.URLError):
        service.ask("/health")


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
        (["{}", "--host", "203.0.113.1", "--port", "0"], "cannot listen on 203.0.113.1"),
        (["{}", "--api-key-file", "no-such-file"], "cannot be read"),
        (["{}", "--api-key-file", "{}/empty"], "holds no key"),
        (["{}", "--api-key-file", "{}/short"], "16 characters or more"),
    ],
)
def test_what_cannot_be_served_is_said(folder, capsys, tmp_path, words, said) -> None:
    (folder / "empty").write_text("\n")
    (folder / "short").write_text("secret\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", *(word.format(folder) for word in words), "--jobs", str(tmp_path)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error or not words
