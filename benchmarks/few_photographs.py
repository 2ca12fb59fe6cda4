"""A few hundred photographs on a processor: does augmentation help, and is anything learnt by heart?

    python benchmarks/few_photographs.py NAME --data WORD --resolution 64 [--count 300] [--weights squeezenet.pth]
        [--minutes 40] [--only ROW ...]

NAME is of the table. Only so many images of WORD are trained on; the others are the fresh photographs that every
model's images are compared with, and tell how near to the training images one comes without having seen them. Each row
is trained for so many minutes of one processor thread's own time. A finished row is kept in the evidence and not made
again; another --count or --minutes begins anew.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from real_images import METHODS, Judge, alone, kept, ranked, same, show, strip, worded
from record import record
from timed import trained

from saddlepoint import methods
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.arrays import dataset_of, word_of
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.metrics.formulas.memorisation import copying, nearest
from saddlepoint.metrics.images import Bytes

ROWS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "stylegan2, augmented": ("stylegan2", methods.presets("stylegan2")["small"]),
    "stylegan2": ("stylegan2", METHODS["stylegan2"]),
    "dcgan": ("dcgan", METHODS["dcgan"]),
    "fastgan": ("fastgan", METHODS["fastgan"]),
}
"""row -> method and what differs from its defaults; the first is what `saddle recommend` proposes"""


def main() -> None:
    """Trains what is missing, each row in a process of its own, and records the table after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("name", help="of the table")
    parser.add_argument("--data", required=True, help="data word, as of saddle train")
    parser.add_argument("--resolution", type=int, default=64, help="side of the images")
    parser.add_argument("--count", type=int, default=300, help="images to train on")
    parser.add_argument(
        "--weights", type=Path, help="file of SqueezeNet's weights, for features instead of a classifier's"
    )
    parser.add_argument("--minutes", type=float, default=40.0, help="minutes of training, of one thread's own time")
    parser.add_argument("--only", nargs="+", choices=ROWS, help="rows to make; by default all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = open_data(DataSettings(data=options.data, resolution=options.resolution))
    order = numpy_generator("few", len(data)).permutation(len(data))
    few, rest = (np.ascontiguousarray(data.images[np.sort(part)]) for part in np.split(order, [options.count]))
    labels = None if data.labels is None else data.labels[np.sort(order[options.count :])]
    judge = Judge(dataset_of(rest if labels is None else (rest, labels)), options.weights)
    pixels = features(Pixels(16), few)
    unseen = nearest(pixels, features(Pixels(16), rest))
    table = f"few_photographs_{options.name}"
    rows = kept(table, f" --count {options.count} --minutes {options.minutes:g}")
    for name in options.only or ROWS:
        if not same(rows.get(name, {}).get("settings", ""), worded(ROWS[name][1])):
            facts, images = alone(row, name, few, options.minutes, judge.count)
            found = copying(unseen, nearest(pixels, features(Pixels(16), images)))
            copies = {"copying ratio": round(found.ratio, 2), "copies": round(found.share, 3)}
            picture = strip(table, name, images)
            rows[name] = {"method": name, **judge.figures(images), **copies, **facts, **picture}
            rows[name]["settings"] = worded(ROWS[name][1])
            keep(table, judge, rows, options)
    show(table, rows)


def row(name: str, few: Bytes, minutes: float, count: int) -> tuple[dict[str, Any], Bytes]:
    """Train one row on these images: what it took, and so many images uint8 of it."""
    torch.set_num_threads(1)
    method, settings = ROWS[name]
    with tempfile.TemporaryDirectory() as cache:
        word = word_of(few, Path(cache))
        flat = {**settings, "data": word, "cache": cache, "resolution": few.shape[-1], "held_out": 0.0, "grid_size": 0}
        result = trained(method, flat, 60 * minutes)
        images = to_uint8(result.model.sample(count, seed=0)).numpy()
    return {"images seen": result.images, "images/s": round(result.rate, 1)}, images


def keep(table: str, judge: Judge, rows: Mapping[str, dict[str, Any]], options: argparse.Namespace) -> None:
    """Record what there is."""
    name, side = options.name, options.resolution
    record(
        table,
        f"{options.count} photographs on a processor: {name.replace('_', ' ')}, {side} pixels",
        f"{options.count} images to train on, {options.minutes:g} minutes of one processor thread's own time for each"
        " row, one seed, float32, in the sizes of the table of all images; nothing was tuned here. Distances are those"
        f" of {judge.count:,} samples to as many fresh images in the {judge.extractor.identity} features, and can be"
        " compared within this table only. Copying ratio: distance in pixels to the nearest image trained on, against"
        " that of fresh images, well below 1 where images are learnt by heart; copies: share of samples that are nearer"
        " to one than nearly all fresh images are. Nothing here says how it is on a GPU.",
        {
            "": ranked(rows),
            "For comparison": [
                {"images": "fresh against fresh", **judge.real},
                {"images": "naive: a Gaussian over pixels", **judge.naive},
            ],
        },
        command=f"python benchmarks/few_photographs.py {name} --data WORD --resolution {side} --count {options.count}"
        f" --minutes {options.minutes:g}",
    )


if __name__ == "__main__":
    main()
