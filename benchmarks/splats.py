"""Drawing Gaussians by the list of pairs against the readable dense form: time and memory of a training step's picture.

    python benchmarks/splats.py [--splats 2000] [--side 100] [--rounds 5]

Each way runs in a process of its own on one thread: processor time of a picture with its backward pass, the median of
several, and the largest memory of the process above that before. Then views a second without gradients at 256 pixels.
Writes evidence/benchmarks/splats.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from record import record
from torch import Tensor

from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.nn.kernels.splat import dense, draw, project

WAYS: dict[str, Callable[..., tuple[Tensor, ...]]] = {"list of pairs": draw, "dense": dense}


def scene(count: int) -> list[Tensor]:
    """Places in a ball, sizes about 3 % of it, turns, colours and opacities of trained scenes' spread."""
    stream = torch.Generator().manual_seed(0)
    place = torch.randn(count, 3, generator=stream) * 0.5
    scale = (torch.randn(count, 3, generator=stream) * 0.4 - 3.5).exp()
    turn = torch.randn(count, 4, generator=stream)
    colour, opacity = torch.rand(count, 3, generator=stream), torch.rand(count, generator=stream)
    return [part.requires_grad_() for part in (place, scale, turn, colour, opacity)]


def picture(way: Callable[..., tuple[Tensor, ...]], parts: list[Tensor], side: int) -> tuple[Tensor, ...]:
    """A view of the scene by one way."""
    place, scale, turn, colour, opacity = parts
    camera = orbit(torch.tensor([0.3]), torch.tensor([0.4]), 4.0, 1.25 * side, side)[0]
    splats = project(place, scale, turn, pose_of(camera), camera[16:])
    return way(splats, colour, opacity, torch.ones(3), side, side)


def measured(name: str, count: int, side: int, rounds: int) -> dict[str, float]:
    """Milliseconds of processor time of a picture and its backward pass, and megabytes beyond those of the scene."""
    torch.set_num_threads(1)
    way, parts, times = WAYS[name], scene(count), []
    picture(draw, [part[:10] for part in parts], 16)  # what is loaded once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(rounds):
        begin = time.process_time()
        image = picture(way, parts, side)[0]
        image.square().mean().backward()
        times.append(1000 * (time.process_time() - begin))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"milliseconds": statistics.median(times), "megabytes": (after - before) / 1024}


@torch.no_grad()
def views_a_second(count: int, side: int, rounds: int) -> float:
    """Views without gradients by the list of pairs, in a second of processor time."""
    parts = scene(count)
    begin = time.process_time()
    for _ in range(rounds):
        picture(draw, parts, side)
    return rounds / (time.process_time() - begin)


def main() -> None:
    """Measures both ways in turn and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--splats", type=int, default=2000)
    parser.add_argument("--side", type=int, default=100, help="pixels of the picture that both ways draw")
    parser.add_argument("--rounds", type=int, default=5, help="pictures of each way; the median counts")
    parser.add_argument("--way", choices=tuple(WAYS), default=None, help="measure one way and print it as JSON")
    options = parser.parse_args()
    if options.way is not None:
        print(json.dumps(measured(options.way, options.splats, options.side, options.rounds)))
        return
    torch.set_num_threads(1)
    rows = []
    for name in WAYS:
        words = ["--way", name, "--splats", options.splats, "--side", options.side, "--rounds", options.rounds]
        line = [sys.executable, __file__, *map(str, words)]
        figures = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
        rows.append({"name": name, **figures})
    rows[0]["times faster"] = rows[1]["milliseconds"] / rows[0]["milliseconds"]
    rows[0]["times less memory"] = rows[1]["megabytes"] / max(rows[0]["megabytes"], 1.0)
    speeds = [
        {"splats": count, "side": 256, "views a second": views_a_second(count, 256, options.rounds)}
        for count in (500, options.splats, 10_000)
    ]
    path = record(
        "splats",
        "Drawing Gaussians on a processor",
        f"{options.splats:,} random splats, a picture of {options.side} x {options.side} pixels with its backward pass:"
        " processor time of one thread (median) and the largest memory of the process beyond the scene. Views a second"
        " are without gradients. Scenes with larger splats take longer.",
        {"a picture with its gradients": rows, "views of 256 x 256 pixels": speeds},
    )
    print(json.dumps([rows, speeds], indent=1), path, sep="\n")


if __name__ == "__main__":
    main()
