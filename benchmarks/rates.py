"""What the commands cost beside the network they run: sampling, translating a folder and a photograph, starting.

    python benchmarks/rates.py [--rounds 5] [--samples 512]

A round runs the command's own function, a bare loop of the same network over as many batches, and that loop in a script
that reads and writes the same files with Pillow, by turns, in one process of one thread; medians of the rounds count.
What the commands do more is theirs: noise by (seed, row), windows that overlap, checks of the model, disclosures. The
aim is .95 of the bare network, for a photograph in windows .9: where PNG files take more than that, the script says so.
Starting is timed as whole processes, from their call to their end, files in the disk cache; beside it stands one that
imports torch and moves one weight with Adam, which any training has to do.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line does, for all three

import numpy as np
import torch
from PIL import Image
from record import record

import saddlepoint
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.sample import main as sample
from saddlepoint.cli.translate import main as translate
from saddlepoint.deploy.tile import starts
from saddlepoint.report.tables import print_table

SIDE, FOLDER_SIDE, FILES, PHOTOGRAPH = 64, 256, 8, (2048, 2048)
BARS = {"sample": 0.95, "translate a folder": 0.95, "translate a photograph": 0.9}
SAMPLED: dict[str, dict[str, Any]] = {"dcgan": {}, "stylegan2": {"base": 512, "most": 64, "latent": 64, "style": 64}}
"""method -> what differs from its own sizes"""
TRANSLATOR = {"resolution": 16, "batch": 1, "images": 1, "blocks": 3, "halvings": 1, "generator_width": 32}
SECONDS = {"first image": 3.0, "first step": 5.0}
ALONE = "import torch; w = torch.ones(1, requires_grad=True); w.sum().backward(); torch.optim.Adam([w]).step()"
Way = Callable[[], object]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=512)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            *[sampling(method, folder, options) for method in SAMPLED],
            *translating(folder, options.rounds),
        ]
        begun = starting(folder)
    print_table(rows)
    print_table(begun)
    record(
        "rates",
        "What commands cost beside their networks",
        f"Medians of {options.rounds} rounds; a round is the command, a bare loop of its network over as many batches,"
        " and that loop in a script that reads and writes the same files with Pillow, by turns, in one process of one"
        " thread, processor time. Untrained networks: DCGAN and a narrow"
        f" StyleGAN2 of {SIDE} pixels, {options.samples} images written as one sheet; a ResNet translator (3"
        f" blocks, 32 channels), {FILES} PNG files of {FOLDER_SIDE} pixels, and one photograph of"
        f" {PHOTOGRAPH[0]} x {PHOTOGRAPH[1]} in windows of {FOLDER_SIDE} pixels, where the bare loop runs as many"
        " windows. Starting is whole processes, wall seconds, the least of three; the first packs the images.",
        {"Rates": rows, "Starting": begun},
    )


def run_of(method: str, folder: Path, **settings: Any) -> Path:
    """A run that has seen one batch."""
    result = saddlepoint.train(method, out=folder / method, grid_size=0, held_out=0.0, **settings)
    return Path(result.folder)


def compared(name: str, command: Way, bare: Way, script: Way, count: int, rounds: int) -> dict[str, Any]:
    """A row: images a second of all three, and the median ratios."""
    times: list[list[float]] = []
    for _ in range(rounds + 1):  # the first warms up
        times.append([])
        for way in (command, bare, script):
            begun = time.process_time()
            with torch.inference_mode(way is not command):
                way()
            times[-1].append(time.process_time() - begun)
    times = times[1:]
    ours, plain, scripted = (round(count / statistics.median(column), 2) for column in zip(*times))
    ratios = [statistics.median(row[other] / row[0] for row in times) for other in (1, 2)]
    return {
        "what": name, "images/s": ours, "bare network": plain, "ratio": round(ratios[0], 3),
        "a script": scripted, "ratio to it": round(ratios[1], 3),
    }  # fmt: skip


def sampling(method: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """`saddle sample` against the network alone."""
    run, n = (
        run_of(method, folder, data="world:shapes", resolution=SIDE, batch=16, images=16, **SAMPLED[method]),
        options.samples,
    )
    model, size = load(run), 64
    player: Any = model.method

    def command() -> None:
        sample([str(run), "-n", str(n), "--out", str(folder / f"{method}.png"), "--device", "cpu"])
        (folder / f"{method}.png").unlink()

    def bare() -> torch.Tensor:
        return torch.cat([player.generate(model.nets, torch.randn(size, player.latent)) for _ in range(n // size)])

    def script() -> None:
        sheet = bare().view(n // 16, 16, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2).reshape(n // 16 * SIDE, 16 * SIDE, 3)
        as_picture(sheet).save(folder / f"{method} of a script.png")

    return compared(f"sample, {method}", command, bare, script, n, options.rounds)


def as_picture(values: torch.Tensor) -> Image.Image:
    """[H, W, 3] in [-1, 1] as a picture."""
    return Image.fromarray(values.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).numpy())


def read(path: Path) -> torch.Tensor:
    """A picture as [H, W, 3] in [-1, 1]."""
    return torch.from_numpy(np.asarray(Image.open(path), np.float32)) / 127.5 - 1


def translating(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """`saddle translate` of a folder and of one photograph against the network alone."""
    draw = np.random.default_rng(0)
    model = load(run_of("cycle_gan", folder, data="world:colours", **TRANSLATOR))
    originals, answers = folder / "originals", folder / "answers"
    originals.mkdir()
    for index in range(FILES):
        pixels = draw.integers(0, 256, (FOLDER_SIDE // 8, FOLDER_SIDE // 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((FOLDER_SIDE, FOLDER_SIDE), Image.Resampling.BICUBIC).save(
            originals / f"{index}.png"
        )
    large = folder / "photograph.png"
    Image.fromarray(draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)).resize(PHOTOGRAPH).save(large)
    overlap = FOLDER_SIDE // 8
    windows = len(starts(PHOTOGRAPH[0], FOLDER_SIDE, overlap)) * len(starts(PHOTOGRAPH[1], FOLDER_SIDE, overlap))
    common = ["--window", str(FOLDER_SIDE), "--overlap", str(overlap), "--from", "a", "--device", "cpu"]
    home = str(model.home)

    def network(count: int, size: int) -> Way:
        return lambda: [translated(model, blank(size)) for _ in range(count // size)]

    def script() -> None:
        for path in originals.iterdir():
            answer = translated(model, read(path).permute(2, 0, 1)[None])
            as_picture(answer[0].permute(1, 2, 0)).save(folder / f"{path.stem} of a script.png")

    def script_of_windows() -> None:
        photograph = read(large)
        for _ in range(windows):
            translated(model, blank(1))
        as_picture(photograph).save(folder / "answer of a script.png")

    many = compared(
        "translate a folder",
        lambda: translate([home, str(originals), str(answers), *common]),
        network(FILES, FILES),
        script,
        FILES,
        rounds,
    )

    def photograph() -> None:
        translate([home, str(large), str(folder / "answer.png"), *common])
        (folder / "answer.png").unlink()

    one = compared(
        "translate a photograph",
        photograph,
        network(windows, 1),
        script_of_windows,
        1,
        rounds,
    )
    return [many, one]


def translated(model: Model, images: torch.Tensor) -> torch.Tensor:
    """What the bare network makes of images [n, 3, H, W]."""
    player: Any = model.method
    result: torch.Tensor = player.translate(model.nets, images, "a")
    return result


def blank(size: int) -> torch.Tensor:
    """So many windows."""
    return torch.zeros(size, 3, FOLDER_SIDE, FOLDER_SIDE)


def starting(folder: Path) -> list[dict[str, Any]]:
    """Seconds of whole processes, each with a place of its own for what it writes."""
    saddle, originals = str(Path(sys.executable).with_name("saddle")), str(folder / "originals")
    training = ["train", "dcgan", "--data", originals, "--resolution", "32", "--batch", "8", "--images", "8"]
    ways = {
        "first image": [saddle, "sample", str(folder / "dcgan"), "-n", "1", "--device", "cpu", "--out"],
        "first step": [saddle, *training, "--grid-size", "0", "--out"],
        "torch alone": [sys.executable, "-c", ALONE],
    }
    rows = []
    for name, arguments in ways.items():
        least = min(seconds([*arguments, str(folder / f"{name} {turn}.png")]) for turn in range(3))
        rows.append({"what": name, "seconds": round(least, 2), "bar": SECONDS.get(name)})
    return rows


def seconds(arguments: list[str]) -> float:
    """From call to end."""
    begun = time.perf_counter()
    subprocess.run(
        arguments,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
