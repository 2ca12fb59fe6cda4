"""Packed images against decoding in every epoch: the same JPEGs to the same batches, in one process, in turn.

    python benchmarks/load.py [--images 10000] [--rounds 3]

The JPEGs are coloured shapes of 256 pixels, shown at 64. A round is one epoch in shuffled batches of 64 to float32 in
[-1, 1], first decoded, then packed; packing itself is timed once. The files lie in the disk cache by then.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from saddlepoint.data.batches import ImageBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import open_data
from saddlepoint.data.order import rows_at
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import decode
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.data.world.shapes import factors, render
from saddlepoint.kinds.pixels import pixels

STORED, SHOWN, BATCH = 256, 64, 64


def main() -> None:
    """Makes the images, packs them, then times epochs of both ways in turn and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--images", type=int, default=10_000, help="how many JPEGs to make")
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each way; the median counts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        paths = make_jpegs(Path(place) / "images", asked.images)
        started = time.perf_counter()
        data = open_data(DataSettings(data=f"{place}/images", resolution=SHOWN, cache=Path(place) / "cache"))
        packing = asked.images / (time.perf_counter() - started)
        loader = Loader(data, ImageBatch, np.arange(len(data)))
        ways = {"decoded": lambda step: decoded(paths, step), "packed": lambda step: loader.read(step, BATCH)}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, read in ways.items():
                rates[name].append(epoch(read, asked.images))
    slow, fast = (statistics.median(rates[name]) for name in ways)
    print(f"{asked.images:,} JPEGs of {STORED} px shown at {SHOWN} px, median of {asked.rounds} epochs each")
    print(f"{'way':<28}{'images/s':>12}{'ratio':>8}")
    print(f"{'decoded in every epoch':<28}{slow:>12,.0f}{1:>8.1f}")
    print(f"{'packed, read by the loader':<28}{fast:>12,.0f}{fast / slow:>8.1f}")
    print(f"{'packing, once, all cores':<28}{packing:>12,.0f}{packing / slow:>8.1f}")


def make_jpegs(folder: Path, count: int) -> list[Path]:
    """`count` shapes of 256 pixels as JPEGs of quality 90."""
    folder.mkdir()
    paths = [folder / f"{number:06}.jpg" for number in range(count)]
    for start in range(0, count, 256):
        images = render(factors(np.arange(start, min(start + 256, count))), STORED)
        for path, image in zip(paths[start : start + 256], images):
            Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(path, quality=90)
    return paths


def decoded(paths: list[Path], step: int) -> torch.Tensor:
    """Batch number `step` of an epoch, decoded and brought to its shape now."""
    rows = []
    for row in rows_at(step, len(paths), BATCH, 0):
        with paths[row].open("rb") as stream:
            image, _ = decode(stream, least=SHOWN)
        rows.append(as_pixels(square(image.convert("RGB"), SHOWN, "crop")[0]))
    return pixels(torch.from_numpy(np.stack(rows)))


def epoch(read: Callable[[int], object], images: int) -> float:
    """Images a second of one epoch."""
    started = time.perf_counter()
    steps = images // BATCH
    for step in range(steps):
        read(step)
    return steps * BATCH / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
