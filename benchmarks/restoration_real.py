"""Super-resolution, denoising and deblurring of photographs against the classical methods for each.

    python benchmarks/restoration_real.py --sets FOLDER [--minutes 20] [--threads 2] [--only srresnet dncnn nafnet]
        [--weights FILE ...]

FOLDER holds Set5/x4, Set14/x4 and BSD100/x4 with img_001_SRF_4_HR.png, img_001_SRF_4_LR.png and so on. Networks learn
from crops of Set14 and BSD100 and are judged by Set5, which none of them sees. --weights: published networks of
`saddle import`, which were trained on far more. A method has so many minutes on so many threads, by its own processor
time. A table of earlier calls with as many minutes and threads is kept, unless it is made again.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from record import FOLDER, record
from timed import trained
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.data.degrade import blur, lowres, noise
from saddlepoint.data.sources import arrays
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.classical import classical
from saddlepoint.metrics.formulas.luma import psnr_y, ssim_y
from saddlepoint.metrics.formulas.pairwise import psnr
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.report.tables import print_table

NAME = "restoration_real"
SCALE, CROP, CROPS, KNOWN = 4, 64, 8_000, 300
"""how many times smaller, pixels of a crop, how many, and how many of them classical methods are fitted to"""
SIDES = 8
"""pixels that divide the sides of what a network is given; images are padded with their edge to that"""

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Task:
    """One way of making photographs worse, the method that learns the way back, and how it is scored.

    word: of the degradation, for the classical methods. grey: whether it is done on brightness. aim: decibels that the
    method should reach within 20 minutes of two threads.
    """

    heading: str
    method: str
    settings: Mapping[str, Any]
    word: str
    grey: bool
    aim: float


TASKS = {
    "srresnet": Task(
        "four times larger",
        "srresnet",
        {"width": 48, "blocks": 8, "batch": 16, "lr": 4e-4},
        "lowres4:photographs",
        False,
        31.2,
    ),
    "dncnn": Task(
        "noise of deviation 25",
        "dncnn",
        {"layers": 9, "width": 64, "shuffle": 2, "batch": 16},
        "noise25:photographs",
        True,
        28.6,
    ),
    "nafnet": Task(
        "a camera that shook, kernels of 9 pixels",
        "nafnet",
        {"width": 16, "encoder": (1, 1), "middle": 4, "decoder": (1, 1), "batch": 16},
        "blur9:photographs",
        False,
        math.nan,
    ),
}


def main() -> None:
    """Trains, measures beside the classical methods, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sets", type=Path, required=True, help="folder with Set5, Set14 and BSD100")
    parser.add_argument("--minutes", type=float, default=20.0, help="minutes of training for each method")
    parser.add_argument("--threads", type=int, default=2, help="threads, each of which has so many minutes")
    parser.add_argument("--only", nargs="+", choices=tuple(TASKS), default=tuple(TASKS))
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="folders of imported networks for x4")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    photographs = [pair for name in ("Set14", "BSD100") for pair in read(asked.sets / name / "x4")]
    judged = read(asked.sets / "Set5" / "x4")
    tables, notes = kept(asked)
    for name in asked.only:
        task = TASKS[name]
        crops = degraded(task, cropped(photographs))
        word = arrays.word_of({"source": crops[0], "target": crops[1]})
        flat = {**task.settings, "data": word, "held_out": 0.0, "grid_size": 0}
        network = trained(task.method, flat, 60 * asked.minutes * asked.threads, scheduled=True)
        own = {task.method: partial(restored, network.model)}
        if name == "srresnet":
            own |= {path.name: partial(restored, load(path)) for path in asked.weights}
        rows = table(task, own, crops, judged)
        tables[task.heading] = rows
        print_table(rows, title=task.heading)
        reached = f"{network.images:,} crops"
        notes[name] = reached if math.isnan(task.aim) else f"{reached}; {task.aim:g} dB are the aim after 20 minutes"
        keep(asked, len(photographs), tables, notes)


def command(asked: argparse.Namespace) -> str:
    """What makes all tables again."""
    return f"python benchmarks/restoration_real.py --sets FOLDER --minutes {asked.minutes:g} --threads {asked.threads}"


def kept(asked: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """Tables by heading, and notes by method, of earlier calls with as many minutes and threads."""
    path = FOLDER / f"{NAME}.json"
    value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if value.get("command") != command(asked):
        return {}, {}
    tables = {each["heading"]: each["rows"] for each in value["tables"]}
    return tables, dict(note.split(": ", 1) for note in value["notes"])


def keep(asked: argparse.Namespace, photographs: int, tables: Mapping[str, Any], notes: Mapping[str, str]) -> None:
    """Records the tables that there are: each takes half an hour, and stays if the next one does not come."""
    record(
        NAME,
        "Restoration of photographs",
        f"Networks learnt from {CROPS:,} crops of {CROP} pixels, turned and mirrored, of the {photographs}"
        " photographs of Set14 and twelve of BSD100, and are judged by the five of Set5. Of enlarging, figures are"
        " those of papers: brightness alone, four pixels of border left out, small images as MATLAB makes them. Noise"
        f" is of brightness alone. {asked.minutes:g} minutes on {asked.threads} threads by the processor's own time,"
        " one seed. Published networks were trained on far more photographs.",
        tables,
        notes=[f"{name}: {note}" for name, note in notes.items()],
        command=command(asked),
    )


def read(folder: Path) -> list[Pair]:
    """Small and large images of one folder, uint8 [3, h, w] and [3, H, W]."""
    pairs = []
    for large in sorted(folder.glob("*_HR.png")):
        both = (Path(str(large).replace("_HR", "_LR")), large)
        small_pixels, large_pixels = (np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1) for path in both)
        pairs.append((small_pixels, large_pixels))
    if not pairs:
        raise SystemExit(f"{folder} holds no images such as img_001_SRF_4_HR.png")
    return pairs


def cropped(photographs: list[Pair]) -> np.ndarray:
    """Crops of large images, turned and mirrored by chance, uint8 [CROPS, 3, CROP, CROP]."""
    draw = np.random.default_rng(0)
    areas = np.array([large[0].size for _, large in photographs], float)
    crops = np.empty((CROPS, 3, CROP, CROP), np.uint8)
    for row, index in enumerate(draw.choice(len(photographs), CROPS, p=areas / areas.sum())):
        large = photographs[index][1]
        top, left = (int(draw.integers(0, length - CROP + 1)) for length in large.shape[1:])
        crop = np.rot90(large[:, top : top + CROP, left : left + CROP], int(draw.integers(4)), (1, 2))
        crops[row] = crop[:, :, ::-1] if draw.integers(2) else crop
    return crops


def degraded(task: Task, images: np.ndarray) -> Pair:
    """Sources and targets of true images, uint8 [n, 3, H, W]."""
    target = brightness(images) if task.grey else images
    if task.word.startswith("lowres"):
        return lowres.degrade(target, SCALE), target
    return (noise.degrade(target, 25) if task.word.startswith("noise") else blur.degrade(target, 9)), target


def brightness(images: np.ndarray) -> np.ndarray:
    """uint8 [n, 3, H, W] -> [n, 1, H, W], ITU-R 601 luma."""
    weighed = np.tensordot([0.299, 0.587, 0.114], images, ([0], [1]))[:, None]
    return np.asarray(np.rint(weighed).astype(np.uint8))


def table(
    task: Task, own: Mapping[str, Callable[[np.ndarray], np.ndarray]], crops: Pair, judged: list[Pair]
) -> list[dict[str, Any]]:
    """A row for each network and each classical method: means over the judged photographs."""
    known = crops[0][:KNOWN], crops[1][:KNOWN]
    scores: dict[str, list[tuple[float, float]]] = {}
    for small, large in judged:
        if task.word.startswith("lowres"):
            source, target = small[None], large[None]
            results = {"bicubic interpolation": lowres.resized(source, SCALE)}
        else:
            source, target = degraded(task, large[None])
            ways = classical(
                task.word, (mosaics(known[0], large.shape[1:]), mosaics(known[1], large.shape[1:])), source
            )
            results = {name: np.rint(255 * way).astype(np.uint8) for name, way in ways.items()}
        results |= {name: work(source) for name, work in own.items()}
        for name, result in results.items():
            scores.setdefault(name, []).append(figures(task, result, target))
    rows = [
        {"way": name, "psnr": round(means[0], 2), "ssim": round(means[1], 4)}
        for name, each in scores.items()
        for means in [np.mean(each, 0)]
    ]
    return sorted(rows, key=lambda row: -row["psnr"])


def mosaics(crops: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Crops [n, C, h, w] side by side as images of another size [m, C, H, W], which classical methods are fitted to."""
    _, channels, h, w = crops.shape
    down, across = -(-size[0] // h), -(-size[1] // w)
    count = len(crops) // (down * across)
    laid = crops[: count * down * across].reshape(count, down, across, channels, h, w)
    return laid.transpose(0, 3, 1, 4, 2, 5).reshape(count, channels, down * h, across * w)[:, :, : size[0], : size[1]]


def figures(task: Task, result: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM of one photograph."""
    a, b = (each.astype(np.float64) for each in (target, result))
    if task.word.startswith("lowres"):
        return float(psnr_y(a, b, SCALE)[0]), float(ssim_y(a, b, SCALE)[0])
    return float(psnr(a, b)[0]), float(ssim(a, b)[0])


@torch.no_grad()
def restored(model: Model, source: np.ndarray) -> np.ndarray:
    """What a network makes of a whole photograph, uint8 [1, C, H, W], padded to sides that it takes."""
    height, width = source.shape[2:]
    spare = (0, -width % SIDES, 0, -height % SIDES)
    whole = F.pad(pixels(torch.from_numpy(np.ascontiguousarray(source))), spare, mode="replicate")
    result = to_uint8(model.translate(whole).as_subclass(Tensor)).numpy()
    scale = result.shape[2] // whole.shape[2]
    return result[:, :, : scale * height, : scale * width]


if __name__ == "__main__":
    main()
