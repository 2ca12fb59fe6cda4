"""Trains the models of the zoo anew, each by one command, and packs them into the package.

    python benchmarks/zoo.py [NAME ...] [--data-path FOLDER of Fashion-MNIST]

All data may be shared: digits of scikit-learn (CC BY 4.0), Fashion-MNIST (MIT), worlds that are drawn here.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import saddlepoint
from saddlepoint import methods
from saddlepoint.checkpoint import zoo

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "digits": ("stylegan2", {"data": "digits", "images": 120_000, "batch": 32, "latent": 64, "style": 64, "base": 512,
        "most": 32, "lr": 8e-3, "r1_weight": 1.0, "r1_every": 4, "path_weight": 0.0, "mixing": 0.0}),
    "fashion": ("stylegan2_conditional", {"data": "fashion-mnist", "resolution": 32, "images": 250_000,
        **methods.presets("stylegan2_conditional")["small"], "augment_target": 0.0}),
    "sentences": ("transformer", {"data": "world:sentences", "examples": 40_000, "batch": 64, "layers": 2, "heads": 4,
        "width": 64, "hidden": 128, "dropout": 0.0, "scale": 0.5, "warmup": 300}),
    "edges": ("pix2pix", {"data": "world:edges", "images": 40_000, "batch": 16, "statistics": "trained",
        "generator_width": 16, "critic_width": 32, "halvings": 2, "decay_after": 0.5}),
    "scene": ("gaussians", {"data": "world:scene", "resolution": 48, "examples": 600, "held_out": 0.15,
        "capacity": 3_000, "splats": 1_200, "degree": 1, "place_lr": 4e-4, "scale_lr": 1e-2, "tint_lr": 1e-2,
        "grow_after": 100, "reset_every": 0}),
}  # fmt: skip
"""method and settings by name"""


def main() -> None:
    """Train and pack what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data-path", type=Path)
    options = parser.parse_args()
    for name in options.names or MODELS:
        method, settings = MODELS[name]
        path = {"data_path": options.data_path} if settings["data"] == "fashion-mnist" and options.data_path else {}
        with tempfile.TemporaryDirectory() as folder:
            run = saddlepoint.train(method, out=Path(folder) / name, threads=1, device="cpu", **settings, **path)
            saddlepoint.evaluate(run.folder, device="cpu")
            shutil.rmtree(zoo.HOME / name, ignore_errors=True)
            run.model().save_pretrained(zoo.HOME / name)
        size = sum(file.stat().st_size for file in (zoo.HOME / name).iterdir())
        print(f"{name}: {method}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
