"""Stores for tests: a file of SQLite, and a PostgreSQL of its own on loopback where Debian's package is there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), reverse=True)
PG_CTL = _PLACES[0] if _PLACES else shutil.which("pg_ctl")
WHY = "no PostgreSQL here: apt-get install postgresql"


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server that is started for this and stopped after it."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: pip install 'saddlepoint[postgresql]'")
    if PG_CTL is None:
        pytest.skip(WHY)
    binaries, data = Path(PG_CTL).parent, Path(tempfile.mkdtemp(prefix="saddlepoint-"))
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root, and another account does not see pytest's folders
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(data, "postgres", "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(name: str, *words: str) -> None:
        done = subprocess.run([binaries / name, "-D", data, *words], capture_output=True, text=True, cwd="/", **user)
        assert done.returncode == 0, done.stdout + done.stderr

    run("initdb", "-U", "saddle", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    options = f"-h 127.0.0.1 -p {port} -k '' -F"
    run("pg_ctl", "-w", "-l", str(data / "log"), "-o", options, "start")
    try:
        yield f"postgresql://saddle@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(data, ignore_errors=True)
