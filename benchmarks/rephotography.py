"""Old photographs of known scenes taken anew by a small StyleGAN2, beside projection that knows nothing of film.

    python benchmarks/rephotography.py [--minutes 4] [--scenes 32]

Trains on the world of shapes at 16 pixels in colour for so many minutes of one processor thread. Then scenes that
training did not see, and images of the generator itself, are aged by each film with a known curve, and sought again.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from record import record
from timed import trained
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.open import open_data
from saddlepoint.kinds.pixels import pixels
from saddlepoint.latent.codes import decode
from saddlepoint.latent.prior import random_codes
from saddlepoint.latent.project import Projection, project
from saddlepoint.latent.rephotograph import FILMS, Ageing, Film, Rephotography, rephotograph
from saddlepoint.report.tables import print_table

DATA = {"data": "world:shapes", "resolution": 16}
STYLEGAN2 = {
    "batch": 32, "latent": 64, "style": 64, "base": 512, "most": 32, "lr": 8e-3, "r1_weight": 1.0, "r1_every": 4,
    "path_weight": 0.0, "mixing": 0.0, "grid_size": 0,
}  # fmt: skip
CURVE = (0.2, 0.55, 1.2)
"""offset, gain and gamma of the old prints"""
STEPS = 200


def main() -> None:
    """Trains, ages, seeks, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=4.0, help="minutes of training, of one thread")
    parser.add_argument("--scenes", type=int, default=32, help="photographs of each kind")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    network = trained("stylegan2", {**DATA, **STYLEGAN2, "held_out": 0.1}, 60 * asked.minutes)
    model = network.model
    data = open_data(DATA["data"], resolution=16)
    held_out = data.split(0.1)[1][: asked.scenes]
    kinds = {
        "its own": decode(model, random_codes(model, asked.scenes, "z", seed=987_654_321)).clamp(-1, 1),
        "not seen": pixels(torch.from_numpy(data.examples[held_out].copy())),
    }
    rows = [row for kind, images in kinds.items() for film in FILMS for row in compare(model, kind, images, film)]
    print_table(rows, title="old photographs taken anew")
    record(
        "rephotography",
        "Old photographs taken anew",
        f"StyleGAN2 after {network.images:,} images of the world of shapes, 16 pixels in colour. {asked.scenes} images"
        " of each kind, the generator's own and scenes that training did not see, aged by a film with offset"
        f" {CURVE[0]}, gain {CURVE[1]} and gamma {CURVE[2]}, and sought in {STEPS} steps from the nearest of 256"
        " samples. Error: root mean square to the true image in colour; pixels go from -1 to 1. Projection knows"
        " nothing of film, and seeks the grey photograph itself. Rephotography knows the film, not its curve. It says"
        " nothing of photographs of people.",
        {"": rows},
    )


def compare(model: Model, kind: str, images: Tensor, film: Film) -> list[dict[str, Any]]:
    """Errors of the photograph as it is, of projection and of rephotography."""
    n = len(images)
    old = Ageing(film, 0.0, *(torch.full((n,), value) for value in CURVE))(images).clamp(-1, 1).expand(-1, 3, -1, -1)
    settings: dict[str, Any] = {"steps": STEPS, "candidates": 256, "noise": False}
    naive = project(model, old, settings=Projection(**settings), batch=n)
    anew = rephotograph(model, old, settings=Rephotography(film=film, **settings), batch=n)

    def error(results: Tensor) -> float:
        return float((results - images).square().mean((1, 2, 3)).sqrt().mean())

    curve = (anew.ageing.offset, anew.ageing.gain, anew.ageing.gamma)
    known = {"kind": kind, "film": film}
    return [
        {**known, "way": "as it is", "error": error(old)},
        {**known, "way": "projection", "error": error(naive.images)},
        {**known, "way": "rephotography", "error": error(anew.images)}
        | {name: float(values.mean()) for name, values in zip(("offset", "gain", "gamma"), curve)},
    ]


if __name__ == "__main__":
    main()
