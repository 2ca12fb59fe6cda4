"""Directions on the world of shapes, whose factors are known: does each raise what it is for, and leave the rest alone?

    python benchmarks/directions.py [--run RUN ...] [--images 500]

A run is a trained model of world:shapes; without one a small DCGAN is trained first, for at most four minutes.

Two networks, each trained on its own half of real images with their true factors, say what an image shows: the labeller
gives the labels that directions are sought with, the judge alone measures. Each direction moves held-out images of the
model from two deviations below to two above. The rise of an attribute is counted in the standard deviations that it has
over the model's own images; the other attributes should move less than a third as much as the one that is asked for.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from record import record
from torch import Tensor, nn
from torch.nn import functional as F

import saddlepoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, Factors, factors, render
from saddlepoint.kinds.pixels import pixels
from saddlepoint.latent.boundaries import boundaries
from saddlepoint.latent.codes import Code
from saddlepoint.latent.components import components
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.directions import Directions, described, directions_of, pool
from saddlepoint.latent.factorisation import factorise
from saddlepoint.report.tables import print_table

FAR, BAR = 2.0, 1 / 3
LABELLED, MATCHED, COUNT = 4000, 300, 10  # codes to label; codes to match unnamed directions on, and how many of these
REAL = 6000  # real images for each of the two networks
_UNSIGNED = (
    "The bar is on mean rises, in which what happens to one image and its opposite to another cancel out. The last"
    " column has the mean |change| instead, which counts these too, and the readers' own uncertainty with them."
)
SMALL: dict[str, Any] = {
    "resolution": 16, "images": 200_000, "minutes": 4.0, "batch": 64, "latent": 64, "generator_width": 32,
    "critic_width": 32, "threads": 1,
}  # fmt: skip


def truth(shown: Factors) -> dict[str, np.ndarray]:
    """What the networks learn to read off, each about as likely high as low."""
    front = np.array(list(COLOURS.values()), np.float32)[shown.colour] / 255  # [N, 3]
    back = np.array(list(BACKGROUNDS.values()), np.float32)[shown.background][:, 0] / 255
    return {
        "light background": back,
        "warm colour": front[:, 0] - front[:, 2],
        "green colour": front[:, 1] - (front[:, 0] + front[:, 2]) / 2,
        "size": shown.size.astype(np.float32),
        "to the right": shown.x.astype(np.float32),
        "further down": shown.y.astype(np.float32),
    }


class Reader(nn.Module):
    """Images [N, 3, S, S] in [-1, 1] -> [N, attributes], each with mean 0 and deviation 1 over real images."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        widths = (3, 32, 64, 64)
        layers = [
            part
            for inputs, wide in pairwise(widths)
            for part in (nn.Conv2d(inputs, wide, 3, 2, 1), nn.BatchNorm2d(wide), nn.ReLU())
        ]
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(256, 128), nn.ReLU())
        self.output = nn.Linear(128, outputs)

    def forward(self, images: Tensor) -> Tensor:
        read: Tensor = self.output(self.layers(images))
        return read


def train_reader(side: int, first: int, seed: int) -> tuple[Reader, list[float]]:
    """A reader trained on REAL real images from number `first` on, and its share of variance on 1,000 others."""
    rows = np.arange(first, first + REAL + 1000)
    shown = factors(rows)
    images = pixels(torch.from_numpy(render(shown, side)))
    wanted = torch.from_numpy(np.stack(list(truth(shown).values()), 1))
    wanted = (wanted - wanted.mean(0)) / wanted.std(0)
    torch.manual_seed(seed)
    reader, steps = Reader(wanted.shape[1]), 1500
    optimiser = torch.optim.Adam(reader.parameters(), lr=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(REAL, (64,))
        loss = F.mse_loss(reader(images[chosen]), wanted[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    reader.eval()
    with torch.no_grad():
        left = (reader(images[REAL:]) - wanted[REAL:]).square().mean(0) / wanted[REAL:].var(0)
    return reader, (1 - left).tolist()


@torch.no_grad()
def read(reader: Reader, model: Model, code: Code) -> Tensor:
    """What a reader says of the images of a code.  [n, attributes]"""
    return torch.cat([reader(part) for part in images_of(model, code).split(512)])


def rises(
    reader: Reader, model: Model, code: Code, made: Directions, name: str, scale: Tensor, off: tuple[str, ...] = ()
) -> Tensor:
    """How far each attribute rises in each image along a direction, in deviations.  [n, attributes]"""
    ends = [read(reader, model, made.moved(code, name, far, off=off)) for far in (-FAR, FAR)]
    return (ends[1] - ends[0]) / scale


def row(names: list[str], place: int, rise: Tensor) -> dict[str, object]:
    """What a direction that was meant for attribute number `place` did."""
    mean, change = rise.mean(0), rise.abs().mean(0)
    others = [other for other in range(len(names)) if other != place]
    worst = max(others, key=lambda other: abs(float(mean[other])))
    share = abs(float(mean[worst])) / abs(float(mean[place]))
    strays = max(float(change[other]) for other in others) / float(change[place])
    return {
        "rise": round(float(mean[place]), 2),
        "images in which it rises": f"{float((rise[:, place] > 0).float().mean()):.0%}",
        "most moved other": names[worst],
        "its rise": round(float(mean[worst]), 2),
        "as a share": round(share, 2),
        "under a third": "yes" if share < BAR and mean[place] > 0 else "no",
        "share by mean |change|": round(strays, 2),
    }


def measured(model: Model, images: int) -> tuple[list[dict[str, object]], str]:
    """The table of one model and a sentence on its readers."""
    side = model.spec.resolution
    (labeller, _), (judge, shares) = train_reader(side, 0, 1), train_reader(side, 20_000, 2)
    names = list(truth(factors(np.arange(2))))
    space, code = pool(model, LABELLED, 0)
    labels = read(labeller, model, code).numpy()
    parted, _ = boundaries(code.values.flatten(1), {name: labels[:, place] for place, name in enumerate(names)})
    vectors = torch.stack([each.vector for each in parted.values()])
    by_labels = directions_of(space, vectors, names, code.values.flatten(1), described(model))
    matched, held_out = pool(model, MATCHED, 1)[1], pool(model, images, 2)[1]
    scale, guess = read(judge, model, held_out).std(0), read(labeller, model, matched).std(0)
    unnamed = {"factorisation": factorise(model, COUNT), "main axes": components(model, COUNT)}
    moves = {  # [directions, attributes]
        way: torch.stack([rises(labeller, model, matched, made, each, guess).mean(0) for each in made.names])
        for way, made in unnamed.items()
    }
    rows: list[dict[str, object]] = []
    for place, name in enumerate(names):
        others = tuple(other for other in names if other != name)
        for way, off in (("labels", ()), ("labels, off the others", others)):
            rise = rises(judge, model, held_out, by_labels, name, scale, off)
            rows.append({"attribute": name, "found by": way, **row(names, place, rise)})
        for way, made in unnamed.items():
            alone = moves[way][:, place].abs() - moves[way][:, [names.index(other) for other in others]].abs().amax(1)
            best = int(alone.argmax())
            rise = rises(judge, model, held_out, made, made.names[best], scale) * moves[way][best, place].sign()
            rows.append({"attribute": name, "found by": f"{way}, {made.names[best]}", **row(names, place, rise)})
    explained = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares))
    return rows, f"{model.name}: on real images the judge explains of the variance of {explained}."


def main() -> None:
    """Measures each run and keeps the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--run", nargs="*", default=[], help="trained runs of world:shapes")
    parser.add_argument("--images", type=int, default=500, help="held-out images that are moved")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tables, notes = {}, []
    with tempfile.TemporaryDirectory() as place:
        runs = asked.run or [saddlepoint.train("dcgan", "world:shapes", out=f"{place}/run", **SMALL).folder]
        for path in runs:
            model = saddlepoint.load(path)
            rows, note = measured(model, asked.images)
            heading = f"{model.name} after {model.clock.examples:,} images"
            print_table(rows, heading)
            tables[heading] = rows
            by_labels = [line["under a third"] for line in rows if line["found by"] == "labels, off the others"]
            kept = f"{by_labels.count('yes')} of {len(by_labels)} directions"
            notes.append(f"{note} With labels, off the others, {kept} keep the bar.")
            command = re.sub(r" --out \S+", "", model.facts.get("command") or "this benchmark itself")
            notes.append(f"{model.name} was trained by `{command}`.")
    record(
        "directions",
        "Directions against known factors",
        f"World of shapes at {model.spec.resolution} pixels. {' '.join(__doc__.split(chr(10) * 2)[-1].split())}"
        f" {asked.images} held-out images; {LABELLED:,} labelled ones; of {COUNT} directions without labels the one"
        f" that moves the attribute most against the others, chosen by the labeller on {MATCHED} images.",
        tables,
        notes=[*notes, _UNSIGNED],
        command="python benchmarks/directions.py" + (" --run RUN ..." if asked.run else ""),
    )


if __name__ == "__main__":
    main()
