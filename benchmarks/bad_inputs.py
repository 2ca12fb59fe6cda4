"""What the service answers to bad input: uploads, names and sizes, each tried and named.

    python benchmarks/bad_inputs.py

The inputs are those of tests/deploy/serve/bad_uploads.py. After each one the service must still be healthy.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import torch
from PIL import Image
from record import record
from starlette.testclient import TestClient

from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.report.tables import print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "deploy" / "serve"))

from bad_uploads import JOBS, MODELS, NAMES, REFUSED, TAKEN
from service_parts import photo, small


def main() -> None:
    """Try all of it, print it, keep it."""
    argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]).parse_args()
    torch.set_num_threads(1)
    model = small("pix2pix", (3, 16, 16), generator_width=4, halvings=1)
    with tempfile.TemporaryDirectory() as place:
        service = Service(jobs=Path(place), limits=Limits(rate=0), journal=Journal(None))
        app = build(Shelf((Served("maps", "stable", model),)), service)
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            rows = [tried(client, name, ask) for name, ask in asks(client).items()]
    print_table(rows)
    failed = [row["name"] for row in rows if row["status"] >= 500 or row["then"] != "healthy"]
    print(f"{len(rows)} inputs, {len(failed)} with a fault")
    record(
        "bad_inputs",
        "Bad inputs",
        "Each input is sent once to a service of a small translator in one process; `status` and `problem` are its"
        " answer, `ms` its time, `MiB` what the process took more after it, `then` whether the service answers on.",
        {"": rows},
        notes=[f"{len(rows)} inputs, {len(failed)} answered with a fault of the service."],
    )


def asks(client: TestClient) -> dict[str, Callable[[], Any]]:
    """What is sent, by name."""

    def upload(content: bytes, name: str = "a.png") -> Callable[[], Any]:
        return lambda: client.post("/v1/translate", files={"image": (name, content)})

    found = {name: upload(content) for name, (content, _, _) in TAKEN.items()}
    found |= {name: upload(content) for name, (content, _, _) in REFUSED.items()}
    found["100 megapixels, a whole JPEG"] = upload(huge())
    found["more bytes than are taken"] = upload(b"\xff\xd8\xff" + bytes(21_000_000))
    found |= {f"file called {shown(name)}": upload(photo(), name) for name in NAMES}
    found |= {f"model called {shown(name)}": partial(client.get, f"/v1/models/{name}") for name in MODELS}
    found |= {f"job called {shown(name)}": partial(client.get, f"/v1/jobs/{name}/result") for name in JOBS}
    found["a field that nothing has"] = lambda: client.post("/v1/sample", json={"sedes": [1]})
    found["a number that is none"] = lambda: client.post(
        "/v1/sample", content=b'{"truncation": NaN}', headers={"Content-Type": "application/json"}
    )
    found["JSON 100,000 deep"] = lambda: client.post(
        "/v1/sample", content=b"[" * 100_000, headers={"Content-Type": "application/json"}
    )
    found["a job whose image is no base64"] = lambda: client.post(
        "/v1/jobs", json={"task": "translate", "image": "\u2603"}
    )
    return found


def huge() -> bytes:
    """10,000 times 10,000 pixels of grey."""
    content = io.BytesIO()
    Image.new("L", (10_000, 10_000), 127).save(content, "JPEG")
    return content.getvalue()


def shown(name: str) -> str:
    """A name as it can be printed."""
    return repr(name if len(name) < 40 else f"{name[:3]}... ({len(name)} letters)")


def tried(client: TestClient, name: str, ask: Callable[[], Any]) -> dict[str, Any]:
    """One row of the table."""
    process, begun = psutil.Process(), time.perf_counter()
    before = process.memory_info().rss
    answer = ask()
    spent, taken = time.perf_counter() - begun, process.memory_info().rss - before
    problem = answer.json()["title"] if "problem" in answer.headers["content-type"] else "none"
    healthy = client.get("/health").status_code == 200
    return {
        "name": name,
        "status": answer.status_code,
        "problem": problem,
        "remarks": answer.headers.get("x-remarks", ""),
        "ms": round(1000 * spent, 1),
        "MiB": round(taken / 2**20, 1),
        "then": "healthy" if healthy else "NOT healthy",
    }


if __name__ == "__main__":
    main()
