"""Memory and time of one training step of methods of scenes, each in a process of its own on one thread.

    python benchmarks/scene_memory.py

`gaussians` with 20,000 splats draws a view of 256 x 256 pixels; `hash_nerf`, as the paper has it, marches 4,096 rays.
Beside them a cloud of a million points, which is written to a .ply, read and drawn.
Writes evidence/benchmarks/scene_memory.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from record import record
from torch import Tensor

from saddlepoint import methods
from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.data.sources.shapes import read_shape
from saddlepoint.data.world.scene import cameras, view
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock, Update

SIDE = 256
ROWS: dict[str, tuple[str, Mapping[str, Any], int, int]] = {
    "gaussians, 20,000 splats, 256 px": ("gaussians", {"splats": 20_000, "capacity": 20_000, "degree": 3}, 1, 2048),
    "hash_nerf, 4,096 rays": ("hash_nerf", {"rays": 1024}, 4, 1536),
}
"""a row's method, settings, views a step, and the megabytes that it may take"""
CLOUD, POINTS, MOST = "a cloud of 1,000,000 points, read and drawn", 1_000_000, 1024


class Hand:
    """Random numbers and the same views at every draw."""

    def __init__(self, views: ViewBatch) -> None:
        self.views = views

    def __call__(self) -> ViewBatch:
        return self.views

    def noise(self, n: int, *shape: int) -> Tensor:
        return torch.randn(n, *shape)

    def uniform(self, n: int, *shape: int) -> Tensor:
        return torch.rand(n, *shape)


def measured(name: str) -> dict[str, float]:
    """Largest memory of the process in megabytes, with torch itself, and seconds of the second step."""
    torch.set_num_threads(1)
    kind, settings, count, _ = ROWS[name]
    method = methods.load(kind)(**settings)
    poses = cameras(SIDE)[: max(count, 12)]
    small = torch.stack([view(camera, SIDE // 8) for camera in cameras(SIDE // 8)[: len(poses)]])
    images = torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="nearest")
    views = ViewBatch(images * 2 - 1, poses)
    nets = method.networks(DataSpec({"image": Image(3, SIDE, SIDE), "camera": Camera()}))
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    draw = Hand(views.part(0, len(poses) // count))
    optimiser = torch.optim.Adam(nets.parameters(), lr=1e-4)
    seconds = 0.0
    for step in range(2):
        begin = time.process_time()
        for update in method.train_step(nets, draw, dataclasses.replace(Clock(), step=step)):
            assert isinstance(update, Update)
            optimiser.zero_grad()
            torch.stack(list(update.losses.values())).sum().backward()
            optimiser.step()
        seconds = time.process_time() - begin
    return {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "seconds a step": seconds}


def cloud_measured() -> dict[str, float]:
    """The same of a cloud in colour that is read from a .ply of its own and drawn."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cloud.ply"
        script = (
            "import sys, pathlib, torch; from saddlepoint.kinds.cloud import Cloud; kind = Cloud(int(sys.argv[2]), 3);"
            "kind.write(kind.example(1, 0)[0], pathlib.Path(sys.argv[1]), {})"
        )
        subprocess.run([sys.executable, "-c", script, str(path), str(POINTS)], check=True)
        begin = time.process_time()
        with path.open("rb") as stream:
            cloud = read_shape(path.name, stream, path.stat().st_size, POINTS)
        Cloud(POINTS).picture(torch.from_numpy(cloud)[None]).save(Path(folder) / "cloud.png")
        seconds = time.process_time() - begin
    return {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "seconds a step": seconds}


def main() -> None:
    """Measures each row in turn and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--row", choices=(*ROWS, CLOUD), default=None, help="measure one row and print it as JSON")
    options = parser.parse_args()
    if options.row is not None:
        print(json.dumps(cloud_measured() if options.row == CLOUD else measured(options.row)))
        return
    rows = []
    for name, most in [*((name, row[-1]) for name, row in ROWS.items()), (CLOUD, MOST)]:
        line = [sys.executable, __file__, "--row", name]
        figures = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        rows.append({"name": name, **figures, "limit in megabytes": most})
    path = record(
        "scene_memory",
        "Memory of a step on a scene",
        "Two steps with their gradients and Adam on views of `world:scene`, on one thread: the largest memory of the"
        " process, in which Python and torch take about 250 MB, and processor time of the second step. Beside them a"
        " cloud that is read from a .ply, centred and drawn, and the time of that.",
        {"": rows},
    )
    print(json.dumps(rows, indent=1), path, sep="\n")


if __name__ == "__main__":
    main()
