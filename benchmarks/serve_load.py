"""How a service holds under load: 32 clients at once, for a minute, with batches and one by one.

    python benchmarks/serve_load.py [--conditions "nothing else ran"]

Two services of the same untrained DCGAN of 32 pixels run side by side, one that makes up to 32 images at once and one
that makes each alone; the clients turn from the one to the other every few seconds, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import psutil
import torch
from PIL import Image
from record import record

from saddlepoint import methods
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.base import Clock
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.report.tables import print_table

CLIENTS = 32
SECONDS = 60.0
TURN = 6.0
BAR = 1.8


@dataclass
class Seen:
    """What the clients saw of one service."""

    name: str
    process: subprocess.Popen
    port: int
    times: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    kept: dict[int, bytes] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)


def main() -> None:
    """Run it, print it, keep it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--conditions", default="", help="a sentence on the machine, kept with the figures")
    conditions = parser.parse_args().conditions
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        untrained().save_pretrained(folder)
        both = [start(folder, Path(scratch), name, batch) for name, batch in (("batches of 32", 32), ("one by one", 1))]
        try:
            asyncio.run(drive(both))
            share = batch_share(both[0].port)
        finally:
            for one in both:
                one.process.terminate()
            for one in both:
                one.process.wait(60)
        differ = compared(load(folder), both)
        alone = network_alone(load(folder))
    report(both, alone, share, differ, conditions)


def untrained() -> Model:
    """A DCGAN of 32 pixels in colour, as its method makes it."""
    torch.manual_seed(0)
    method = methods.load("dcgan")()
    spec = DataSpec.of((3, 32, 32), (), 1)
    facts = {
        "method": "dcgan",
        "options": {},
        "dataset": {"shape": [3, 32, 32], "classes": [], "images": 1, "source": "none"},
    }
    nets = method.networks(spec).eval().requires_grad_(False)
    return Model(method, nets, spec, facts, Clock(), Path("untrained/checkpoints/step-00000000"))


def start(folder: Path, scratch: Path, name: str, batch: int) -> Seen:
    """A service in a process of its own, with one thread for its network."""
    words = ["serve", f"model={folder}", "--port", "0", "--batch", str(batch), "--rate", "0", "--threads", "1"]
    words += ["--jobs", str(scratch / f"jobs-{batch}")]
    log = (scratch / f"log-{batch}").open("w")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = [sys.executable, "-c", "from saddlepoint.cli import main; main()", *words]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    port = int(part(r":(\d+)/", process.stdout.readline()))
    seen = Seen(name, process, port)
    asyncio.run(until_ready(port))
    return seen


async def until_ready(port: int) -> None:
    """Wait for the service."""
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if (await asked(reader, writer, b"", path="/health", method="GET"))[0] == 200:
                return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the service did not start")


def part(pattern: str, text: str) -> str:
    """What the first group of a pattern is in a text that has it."""
    match = re.search(pattern, text)
    assert match is not None, f"no {pattern} in {text!r}"
    return match[1]


async def asked(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    body: bytes,
    path: str = "/v1/sample",
    method: str = "POST",
) -> tuple[int, bytes]:
    """One request on an open connection: its status and its content. As little work as can be: the cores are shared."""
    writer.write(
        b"%b %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (method.encode(), path.encode(), len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(part(r"content-length: (\d+)", head.decode("latin-1")))
    return int(head[9:12]), await reader.readexactly(length)


async def client(seen: Seen, first: int, until: float) -> None:
    """Ask for one image after another; every seed is asked for once."""
    seed = first
    reader, writer = await asyncio.open_connection("127.0.0.1", seen.port)
    while time.monotonic() < until:
        begun = time.perf_counter()
        try:
            status, content = await asked(reader, writer, b'{"seeds":[%d]}' % seed)
        except (OSError, asyncio.IncompleteReadError):
            seen.lost += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", seen.port)
            continue
        seen.times.append(time.perf_counter() - begun)
        whole = status == 200 and content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")
        seen.lost += not whole
        if seed % 200 == 0:
            seen.kept[seed] = content
        seed += CLIENTS
    writer.close()


async def drive(both: list[Seen]) -> None:
    """Turn from the one to the other until each has had its time."""
    first = {one.name: 0 for one in both}
    for one in both:  # so that neither is measured while it warms up
        await asyncio.gather(*(client(one, 10**9 + i, time.monotonic() + 2) for i in range(CLIENTS)))
        one.times.clear()
    for _ in range(round(SECONDS / TURN)):
        for one in both:
            begun, before = time.monotonic(), len(one.times)
            seeds = range(first[one.name], first[one.name] + CLIENTS)
            await asyncio.gather(*(client(one, seed, begun + TURN) for seed in seeds))
            spent = time.monotonic() - begun
            one.seconds += spent
            one.rates.append((len(one.times) - before) / spent)
            first[one.name] += 10**6
            one.memory.append((one.seconds, psutil.Process(one.process.pid).memory_info().rss / 2**20))


def batch_share(port: int) -> float:
    """The mean size of a batch, as /metrics tells it."""

    async def read() -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return (await asked(reader, writer, b"", path="/metrics", method="GET"))[1].decode()

    text = asyncio.run(read())
    total, count = (float(part(rf"batch_size_{name}{{.*}} (.*)", text)) for name in ("sum", "count"))
    return total / count


def compared(model: Model, both: list[Seen]) -> tuple[int, int, int]:
    """Served images against those that the model makes alone: how many, bytes that differ, and by how much at most."""
    import io

    images = differing = most = 0
    for one in both:
        for seed, content in one.kept.items():
            served = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
            own = to_uint8(model.sample(1, seed=seed))[0].permute(1, 2, 0).numpy().astype(int)
            apart = np.abs(served - own)
            images, differing, most = images + 1, differing + int((apart > 0).sum()), max(most, int(apart.max()))
    return images, differing, most


def network_alone(model: Model) -> tuple[float, float]:
    """Seconds an image: alone, and in a batch of 32; medians of interleaved turns."""
    import time as clock

    spent: dict[int, list[float]] = {1: [], 32: []}
    method = model.method
    assert isinstance(method, Unconditional)
    latents = method.latents(model.nets, 32, 0)
    with torch.inference_mode():
        for turn in range(40):
            for n in spent:
                begun = clock.perf_counter()
                method.generate(model.nets, latents[:n])
                if turn > 4:
                    spent[n].append((clock.perf_counter() - begun) / n)
    return statistics.median(spent[1]), statistics.median(spent[32])


def report(
    both: list[Seen], alone: tuple[float, float], share: float, differ: tuple[int, int, int], conditions: str
) -> None:
    """Print and keep the tables."""
    rows = []
    for one in both:
        p50, p95, p99 = (1000 * float(np.percentile(one.times, q)) for q in (50, 95, 99))
        rows.append(
            {
                "service": one.name,
                "images": len(one.times),
                "lost": one.lost,
                "images a second": round(len(one.times) / one.seconds, 1),
                "p50 ms": round(p50, 1),
                "p95 ms": round(p95, 1),
                "p99 ms": round(p99, 1),
            }
        )
    ratios = [fast / slow for fast, slow in zip(both[0].rates, both[1].rates)]
    ratio = statistics.median(ratios)
    figures: list[dict[str, Any]] = [
        {"figure": "images a second, batches of 32 over one by one (median of turns)", "value": round(ratio, 2)},
        {"figure": "it must reach", "value": BAR},
        {"figure": "least and most of the turns", "value": f"{min(ratios):.2f} to {max(ratios):.2f}"},
        {"figure": "mean size of a batch", "value": round(share, 1)},
        {"figure": "the network alone, batch 32 over batch 1", "value": round(alone[0] / alone[1], 2)},
        {
            "figure": "the network alone, ms an image at batch 1 and 32",
            "value": f"{1e3 * alone[0]:.2f}, {1e3 * alone[1]:.2f}",
        },
        {"figure": "served images compared with `Model.sample`", "value": differ[0]},
        {"figure": "their bytes that differ, and by how much at most", "value": f"{differ[1]}, {differ[2]}"},
    ]
    memory = [
        {"after s": round(at), **{one.name: round(one.memory[i][1], 1) for one in both}}
        for i, (at, _) in enumerate(both[0].memory)
    ]
    print_table(rows)
    print_table(figures)
    print_table(memory, "resident memory, MiB")
    lost = sum(one.lost for one in both)
    print("passed" if ratio >= BAR and not lost else "FAILED")
    record(
        "serve_load",
        "Serving under load",
        f"{CLIENTS} clients, each on a connection of its own, ask for one new image after another, for {SECONDS:g} s of"
        f" each service in turns of {TURN:g} s; clients and services share the cores. The generator is an untrained"
        " DCGAN of 32x32 in colour, with one thread. Every image is a PNG with its disclosure.",
        {"": rows, "Ratios": figures, "Resident memory, MiB": memory},
        notes=[
            f"The bar of {BAR} was {'reached' if ratio >= BAR else 'NOT reached'}; requests lost: {lost}.",
            *([conditions] if conditions else []),
        ],
    )


if __name__ == "__main__":
    main()
