"""Images from noise after the same time for every method that people train on photographs, and the loops they copy.

    python benchmarks/real_images.py NAME --data WORD --resolution 64 [--weights squeezenet.pth] [--minutes 40]
        [--only ROW ...]

NAME is of the table: faces, fashion_mnist, cifar or one of your own. WORD is what `--data` of `saddle train` takes.
Every row is trained for so many minutes of one processor thread's own time (40 are what two threads do in 20), so that
other work on the machine takes nothing from it, in a size that suits a processor; the loops that people copy have their
own sizes. A finished row is kept in the evidence and not made again; another --minutes begins anew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loops import Loop, dcgan_of_tutorials, vae_of_pythae
from record import FOLDER, record
from timed import trained
from torch import Tensor, nn

from saddlepoint import methods
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import Extractor, Features, ModuleExtractor, features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.kernel import kid
from saddlepoint.metrics.formulas.manifold import precision_recall
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.nn.backbones.squeezenet import SqueezeNet
from saddlepoint.nn.backbones.weights import load_weights
from saddlepoint.report.grids import save_png
from saddlepoint.report.tables import print_table

MOST, SHOWN, DISTANCE = 10_000, 16, "Fréchet distance"
GROWN = {"first_side": 8, "fade_images": 8_000, "steady_images": 8_000}
METHODS: dict[str, Mapping[str, Any]] = {
    "dcgan": methods.presets("dcgan")["small"],
    "stylegan2": {**methods.presets("stylegan2")["small"], "augment_target": 0.0},
    "r3gan": {"width": 64, "full_width_to": 8, "blocks": 1, "lr": 1e-3},
    "wgan_gp": {"width": 16, "layers": "dcgan", "beta1": 0.5},
    "vae": {},
    "wgan": {"width": 16, "lr": 1e-4},
    "progan": {"latent": 64, "base": 512, "most": 64, "batch": 32, **GROWN, "lr": 3e-3},
    "stylegan": {
        "latent": 64,
        "style": 64,
        "base": 512,
        "most": 64,
        "batch": 32,
        "mixing": 0.0,
        "mapping_layers": 4,
        "r1_weight": 1.0,
        **GROWN,
        "lr": 5e-3,
    },
    **{name: methods.presets(name)["small"] for name in ("lsgan", "sagan", "fastgan", "stylegan3")},
}
"""row -> what differs from the method's defaults: sizes for one thread of a processor, and the rate of its proof, where
that is raised for a short run; of the first two and the last ones the preset `small`, stylegan2 without augmentation"""
SCHEDULED = ("r3gan",)
"""methods whose rates follow the whole run"""
LOOPS: dict[str, Callable[[np.ndarray], Loop]] = {
    "the tutorials' DCGAN loop": dcgan_of_tutorials,
    "a VAE as pythae's": vae_of_pythae,
}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""of ImageNet's red, green and blue, which SqueezeNet's weights were trained with"""


class Taps(nn.Module):
    """The last layer of a trunk."""

    def __init__(self, trunk: SqueezeNet) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, 512, h, w]"""
        maps: list[Tensor] = self.trunk(images)
        return maps[-1]


class Judge:
    """What all rows are compared with: half of the real images in the features of one network."""

    def __init__(self, data: Dataset, weights: Path | None) -> None:
        self.extractor = extractor(data, weights)
        self.count = min(MOST, len(data) // 2)
        order = numpy_generator("halves", len(data)).permutation(len(data))
        halves = [np.sort(order[part * self.count : (part + 1) * self.count]) for part in range(2)]
        self.known: Features = features(self.extractor, data.images[halves[0]])
        self.real = self.figures(data.images[halves[1]])
        self.naive = self.figures(PixelGaussian(data.images).sample(self.count, 0))

    def figures(self, images: Bytes) -> dict[str, float]:
        """Of uint8 images [n, C, H, W] against the real ones."""
        values = features(self.extractor, images)
        manifold = precision_recall(self.known, values)
        return {
            DISTANCE: float(f"{frechet_distance(gaussian(values), gaussian(self.known)):.4g}"),
            "KID": float(f"{kid(self.known, values).value:.3g}"),
            "precision": round(manifold.precision, 3),
            "recall": round(manifold.recall, 3),
        }


def extractor(data: Dataset, weights: Path | None) -> Extractor:
    """SqueezeNet with the given weights or the published ones; for labelled images a classifier of them, unless given.

    Both see images of any side as they are or enlarged to 64 pixels.
    """
    if weights is None and data.labels is not None:
        return train_classifier(data.images, data.labels, seed=0)
    trunk = SqueezeNet()
    trunk.load(load_weights(SqueezeNet.published, weights))
    side = max(64, data.images.shape[-1])
    layer = "features.12, mean"
    return ModuleExtractor(Taps(trunk), mean=MEAN, deviation=DEVIATION, side=side, layer=layer, name="SqueezeNet-1.1")


def main() -> None:
    """Trains what is missing, each row in a process of its own, and records the table after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("name", help="of the table")
    parser.add_argument("--data", required=True, help="data word, as of saddle train")
    parser.add_argument("--data-path", type=Path, help="folder that holds the word's data set already")
    parser.add_argument("--resolution", type=int, default=64, help="side of the images, 32 or 64")
    parser.add_argument(
        "--weights", type=Path, help="file of SqueezeNet's weights, for features instead of a classifier's"
    )
    parser.add_argument("--minutes", type=float, default=40.0, help="minutes of training, of one thread's own time")
    parser.add_argument("--only", nargs="+", choices=[*METHODS, *LOOPS], help="rows to make; by default all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    source = {"data": options.data, "resolution": options.resolution}
    source |= {"data_path": options.data_path} if options.data_path else {}
    judge = Judge(open_data(DataSettings(**source)), options.weights)
    table = f"real_images_{options.name}"
    rows = kept(table, f" --minutes {options.minutes:g}")
    for name in options.only or [*METHODS, *LOOPS]:
        if not same(rows.get(name, {}).get("settings", ""), told(name)):
            try:
                facts, images = alone(row, name, source, options.minutes, judge.count)
            except ConfigError as error:  # of a row that asks for labels, where there are none
                print(f"{name} is left out: {error}")
                continue
            picture = strip(table, name, images)
            rows[name] = {"method": name, **judge.figures(images), **facts, **picture, "settings": told(name)}
            keep(table, judge, rows, options)
    show(table, rows)


def alone(make: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives in a process of its own, whose memory is that of nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(make, arguments)


def strip(table: str, name: str, images: Bytes) -> dict[str, str]:
    """Save the first images of a row beside its table: the column that shows them."""
    word = "".join(letter if letter.isalnum() else "-" for letter in name.replace(", ", " "))
    path = FOLDER / table / f"{word}.png"
    save_png(grid(torch.from_numpy(images[:SHOWN]), columns=SHOWN, enlarge=1), path)
    return {"samples": f"![{name}](../evidence/benchmarks/{table}/{path.name})"}


def show(table: str, rows: Mapping[str, dict[str, Any]]) -> None:
    """Print the rows without their pictures."""
    print_table([{key: value for key, value in each.items() if key != "samples"} for each in ranked(rows)], title=table)


def row(name: str, source: Mapping[str, Any], minutes: float, count: int) -> tuple[dict[str, Any], Bytes]:
    """Train one row: what it took, and so many images uint8 of it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if name in LOOPS:
        images, facts = looped(LOOPS[name], np.asarray(open_data(DataSettings(**source)).images), minutes, count)
    else:
        grown = {"last_side": source["resolution"]} if "first_side" in METHODS[name] else {}
        flat = {**source, **METHODS[name], **grown, "grid_size": 0}
        result = trained(name, flat, 60 * minutes, scheduled=name in SCHEDULED)
        images = to_uint8(result.model.sample(count, seed=0)).numpy()
        weights = sum(each.numel() for each in result.model.nets.parameters())
        facts = {"images seen": result.images, "images/s": round(result.rate, 1), "parameters": weights}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**facts, "peak MB": round(most)}, images


def looped(make: Callable[[np.ndarray], Loop], pixels: np.ndarray, minutes: float, count: int) -> tuple[Bytes, Any]:
    """Run a loop for the time: its images, and what it took."""
    loop, steps, begun = make(pixels), 0, time.process_time()
    while (taken := time.process_time() - begun) < 60 * minutes:
        loop.step()
        steps += 1
    shown = steps * loop.batch
    facts = {"images seen": shown, "images/s": round(shown / taken, 1), "parameters": loop.weights}
    return to_uint8(loop.sample(count)).numpy(), facts


def told(name: str) -> str:
    """Settings of a row in words."""
    return "its own" if name in LOOPS else worded(METHODS[name])


def worded(settings: Mapping[str, Any]) -> str:
    """Settings in words."""
    return ", ".join(f"{key} {value}" for key, value in settings.items()) or "the defaults"


def same(one: str, other: str) -> bool:
    """Whether two texts of settings have the same ones, in any order."""
    return set(one.split(", ")) == set(other.split(", "))


def ranked(rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The nearest to real images first."""
    return sorted(rows.values(), key=lambda each: each[DISTANCE])


def kept(table: str, ending: str) -> dict[str, dict[str, Any]]:
    """The rows of earlier calls whose recorded command ends so, by method."""
    path = FOLDER / f"{table}.json"
    value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not value.get("command", "").endswith(ending):
        return {}
    return {each["method"]: each for each in value["tables"][0]["rows"]}


def keep(table: str, judge: Judge, rows: Mapping[str, dict[str, Any]], options: argparse.Namespace) -> None:
    """Record what there is."""
    name, side = options.name, options.resolution
    record(
        table,
        f"Images from noise: {name.replace('_', ' ')}, {side} pixels",
        f"{options.minutes:g} minutes of one processor thread's own time for each row, one seed. Our methods have a"
        " size that suits a processor; loops that people copy have their papers' widths. The batch and the"
        " rates of dcgan were chosen on the faces; nothing else was tuned on such images."
        f" Distances are those of {judge.count:,} samples to as many real images in the {judge.extractor.identity}"
        " features, and can be compared within this table only. Parameters are those of all players, memory is the"
        " peak of the whole process. Minutes of one thread say nothing about a GPU.",
        {
            "": ranked(rows),
            "For comparison": [
                {"images": "real against real", **judge.real},
                {"images": "naive: a Gaussian over pixels", **judge.naive},
            ],
        },
        notes=goal(rows),
        command=f"python benchmarks/real_images.py {name} --data WORD --resolution {side}"
        f" --minutes {options.minutes:g}",
    )


def goal(rows: Mapping[str, dict[str, Any]]) -> list[str]:
    """How the best of ours stands to the best of the loops that people copy; the goal is half its distance."""
    ours, theirs = ([each for each in ranked(rows) if (each["method"] in LOOPS) is other] for other in (False, True))
    if not ours or len(theirs) < len(LOOPS):
        return []
    share = ours[0][DISTANCE] / theirs[0][DISTANCE]
    return [
        f"{ours[0]['method']} has {share:.2f} of the distance of {theirs[0]['method']}; the goal of at most half is"
        f" {'met' if share <= 0.5 else 'missed'}."
    ]


if __name__ == "__main__":
    main()
