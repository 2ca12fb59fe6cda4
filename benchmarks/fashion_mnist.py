"""Fréchet distance on Fashion-MNIST after the same time for every method that makes images from noise.

    python benchmarks/fashion_mnist.py [--data-path FOLDER] [--minutes 5] [--only NAME ...]

Each method is trained for so many minutes of one processor thread's own time, so that other work on the machine takes
nothing from it, at 32 pixels and in a size that suits a processor. A finished method is kept in the evidence and not
trained again; another --minutes begins anew. Samples, real images and the naive baseline are seen by one classifier.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import FOLDER, record
from timed import trained

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import Classifier, train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import Gaussian, gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.report.grids import save_png
from saddlepoint.report.tables import print_table

NAME, SIDE, COUNT, SHOWN = "fashion_mnist", 32, 10_000, 16
STYLED = {"latent": 64, "style": 64, "base": 512, "most": 64, "batch": 32, "mixing": 0.0}
R3GAN = {"width": 64, "full_width_to": 8, "blocks": 1}
GROWN = {"first_side": 8, "last_side": SIDE, "fade_images": 8_000, "steady_images": 8_000}
SETTINGS: dict[str, dict[str, Any]] = {
    "gan": {},
    "mnist_gan": {},
    "dcgan": {"generator_width": 32, "critic_width": 32},
    "wgan": {"width": 16, "lr": 1e-4},
    "wgan_gp": {"width": 16, "layers": "dcgan", "beta1": 0.5},
    "progan": {"latent": 64, "base": 512, "most": 64, "batch": 32, **GROWN, "lr": 3e-3},
    "stylegan": {**STYLED, "mapping_layers": 4, "r1_weight": 1.0, **GROWN, "lr": 5e-3},
    "stylegan2": {**STYLED, "path_weight": 0.0, "augment_target": 0.0, "r1_weight": 1.0, "lr": 8e-3},
    "stylegan2, its own rate": {**STYLED, "path_weight": 0.0, "augment_target": 0.0, "r1_weight": 1.0},
    "r3gan": {**R3GAN, "lr": 1e-3},
    "r3gan, its own rate": R3GAN,
    "vae": {},
}
"""row -> what differs from the method's defaults: sizes for one thread of a processor, and the rate of its proof, where
that is raised for a short run"""
SCHEDULED = ("r3gan",)
"""methods whose rates follow the whole run"""


class Judge:
    """What all are compared with: a classifier of the real images, and the features of some of them."""

    def __init__(self, data: Dataset) -> None:
        assert data.labels is not None
        self.classifier: Classifier = train_classifier(data.images, data.labels, seed=0)
        order = numpy_generator("halves", len(data)).permutation(len(data))
        self.known: Gaussian = self._seen(data.images[np.sort(order[:COUNT])])
        self.real = self.distance(data.images[np.sort(order[COUNT : 2 * COUNT])])
        self.naive = self.distance(PixelGaussian(data.images).sample(COUNT, 0))

    def distance(self, images: Bytes) -> float:
        """Of uint8 images [n, C, H, W] to the real ones."""
        return frechet_distance(self._seen(images), self.known)

    def _seen(self, images: Bytes) -> Gaussian:
        return gaussian(features(self.classifier, images))


def main() -> None:
    """Trains what is missing, one method after another, and records the table after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data-path", type=Path, help="folder that holds Fashion-MNIST already")
    parser.add_argument("--minutes", type=float, default=5.0, help="minutes of training, of one thread's own time")
    parser.add_argument("--only", nargs="+", choices=sorted(SETTINGS), help="rows to make; by default all")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = open_data(DataSettings(data="fashion-mnist", resolution=SIDE, data_path=asked.data_path))
    source = {"data": "fashion-mnist", "resolution": SIDE, "data_path": asked.data_path and str(asked.data_path)}
    judge, rows = Judge(data), kept(asked.minutes)
    for name in asked.only or SETTINGS:
        told = words(SETTINGS[name])
        if rows.get(name, {}).get("settings") != told:
            rows[name] = {**measured(name, source, asked.minutes, judge), "settings": told}
            keep(judge, rows, asked.minutes)
    print_table(ranked(rows), title=f"Fashion-MNIST, {asked.minutes:g} minutes each")


def measured(name: str, source: Mapping[str, Any], minutes: float, judge: Judge) -> dict[str, Any]:
    """Train one method and measure it: its row, but for the settings; and a strip of its samples as a file."""
    method, strip = name.split(",")[0], name.replace(",", "").replace(" ", "-") + ".png"
    found = trained(method, {**source, **SETTINGS[name]}, 60 * minutes, scheduled=method in SCHEDULED)
    made = to_uint8(found.model.sample(COUNT, seed=0))
    save_png(grid(made[:SHOWN], columns=SHOWN, enlarge=1), FOLDER / NAME / strip)
    return {
        "method": name,
        "Fréchet distance": round(judge.distance(made.numpy()), 2),
        "images seen": found.images,
        "images/s": round(found.rate),
        "minutes": round(found.seconds / 60, 2),
        "parameters": sum(weights.numel() for weights in found.model.nets.parameters()),
        "samples": f"![{name}](../evidence/benchmarks/{NAME}/{strip})",
    }


def words(settings: Mapping[str, Any]) -> str:
    """Settings as a row tells them."""
    return ", ".join(f"{key} {value}" for key, value in settings.items()) or "the defaults"


def ranked(rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The nearest to real images first."""
    return sorted(rows.values(), key=lambda row: row["Fréchet distance"])


def kept(minutes: float) -> dict[str, dict[str, Any]]:
    """The rows of earlier calls with as many minutes, by method."""
    path = FOLDER / f"{NAME}.json"
    value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    same = value.get("command") == command(minutes)
    return {row["method"]: row for row in value["tables"][0]["rows"] if row["method"] in SETTINGS} if same else {}


def command(minutes: float) -> str:
    """What makes the figures again."""
    return f"python benchmarks/{NAME}.py --minutes {minutes:g}"


def keep(judge: Judge, rows: Mapping[str, dict[str, Any]], minutes: float) -> None:
    """Record what there is."""
    record(
        NAME,
        "Fashion-MNIST after the same time for every method",
        f"The 60,000 training images of Fashion-MNIST at {SIDE} pixels, {minutes:g} minutes of one processor thread's"
        " own time for each method, one seed. Every method has a size that suits a processor, and where its proof on"
        " digits raises a learning rate for a short run, that rate; nothing was tuned on these images. The"
        f" Fréchet distance is that of {COUNT:,} samples to {COUNT:,} real images in the {judge.classifier.identity}"
        f" features, 64 numbers of a network trained on the real images, which names {judge.classifier.accuracy:.1%} of"
        " held-out ones rightly; it can be compared within this table only. Parameters are those of all players. Other"
        " work ran on the machine, which takes no time from a method but slows the memory it shares.",
        {
            "": ranked(rows),
            "For comparison": [
                {"images": "real against real", "Fréchet distance": round(judge.real, 3)},
                {"images": "naive: a Gaussian over pixels", "Fréchet distance": round(judge.naive, 2)},
            ],
        },
        notes=answer(rows),
        command=command(minutes),
    )


def answer(rows: Mapping[str, dict[str, Any]]) -> list[str]:
    """Whether r3gan is better than stylegan2 in the same time, once both are measured."""
    if not {"r3gan", "stylegan2"} <= rows.keys():
        return []
    figure, new, old = "Fréchet distance", rows["r3gan"], rows["stylegan2"]
    said = "it is" if new[figure] < old[figure] else "it is not"
    return [
        f"Is r3gan better than stylegan2 in the same time? Here {said}: {new[figure]} against {old[figure]}, after"
        f" {new['images seen']:,} images against {old['images seen']:,}; its two penalties make every step dear."
        " `saddle recommend` follows this order. On a GPU it has not been measured."
    ]


if __name__ == "__main__":
    main()
