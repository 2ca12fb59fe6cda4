"""`saddle serve` as a process of its own, for tests that stop it, kill it or attack it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

KEY = "a-key-of-sixteen-letters"


class Service:
    """A running `saddle serve`. key: that it asks for, and that is sent to it. log: the file of its standard error."""

    def __init__(self, *words: object, key: str = "", log: Path) -> None:
        run = [sys.executable, "-c", "from saddlepoint.cli import main; main()", "serve", *map(str, words)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SADDLEPOINT_API_KEY": key}
        self.log, self._key = log, key
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [*run, "--port", "0"], text=True, env=environment, stdout=subprocess.PIPE, stderr=errors
            )
        assert self.process.stdout is not None
        found = re.search(r"http://127.0.0.1:(\d+)", self.process.stdout.readline())
        assert found, log.read_text()
        self.address, self.place = found[0], ("127.0.0.1", int(found[1]))

    def ask(self, path: str, body: Any = None) -> Any:
        """The content of an answer, of JSON as values. Raises HTTPError for a refusal."""
        with self._sent(path, body) as answer:
            content = answer.read()
            return json.loads(content) if answer.headers["Content-Type"] == "application/json" else content

    def answer(self, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and content, also of a refusal."""
        try:
            with self._sent(path, body) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _sent(self, path: str, body: Any) -> Any:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **({"X-API-Key": self._key} if self._key else {})}
        return urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers), timeout=60)

    def until(self, job: str, *states: str) -> None:
        """Wait for a state of a job."""
        for _ in range(3000):
            state = self.ask(f"/v1/jobs/{job}")["state"]
            if state in states:
                return
            assert state in ("waiting", "running"), state
            time.sleep(0.02)
        raise AssertionError(job)

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()
