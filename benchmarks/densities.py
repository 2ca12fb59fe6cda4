"""How likely every density of the house finds the same test images after the same time of one core: two tables.

    python benchmarks/densities.py --grey TRAIN TEST --colour TRAIN TEST [--minutes 5] [--only NAME ...] [--most 10000]

TRAIN and TEST are data words, as `--data` of `saddle train` takes them: Fashion-MNIST's train-images and t10k-images of
28 pixels for the first table, 8-bit colour images of 32 pixels for the second. Methods are found by their ability. Each
is trained for so many minutes of one processor thread's own time, in its preset `small` where it has one. A finished
row is kept in the evidence and not made again; another --minutes begins anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from record import FOLDER, record
from scipy.linalg import solve_triangular
from timed import trained

from saddlepoint import methods
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.errors import SaddlepointError
from saddlepoint.keyed import numpy_generator
from saddlepoint.losses.likelihood import LEVELS
from saddlepoint.methods.abilities import HasLikelihood
from saddlepoint.methods.schedules import Linear
from saddlepoint.metrics.baselines.bernoulli_mixture import held_out_nats
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.likelihoods import nats_of, protocol_of, stored_for
from saddlepoint.report.tables import print_table

NAME, COMPONENTS, FITTED = "densities", 50, 10_000
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "grey": {
        "vae": {"layers": "dense"},
        "beta_vae": {"layers": "dense", "beta": 1.0},
        "beta_tcvae": {"layers": "dense"},
        "rbm": {"hidden": 200, "steps": 1},
        "dbm": {"widths": (200, 100)},
        "made": {"widths": (500,)},
    },
    "colour": {
        "pixelcnn": {"shades": 256, "width": 24, "blocks": 5, "layers": "gated", "likelihood": "logistic-mixture"},
        "pixelcnn_conditional": {"shades": 256, "likelihood": "logistic-mixture"},
        "pixelrnn": {"shades": 256, "width": 16, "likelihood": "logistic-mixture"},
    },
}
"""table -> method -> what differs from its preset `small`, or from its defaults where it has none"""
PIXELS = {"grey": ("binary",), "colour": ("levels", "dequantised")}
TITLES = {
    "grey": "Fashion-MNIST, 28 pixels, dynamic binarisation: nats",
    "colour": "Colour, 32 pixels, 8 bits: bits per dimension",
}
UNIT = {"grey": "nats", "colour": "bits per dimension"}


@dataclass(frozen=True, eq=False)
class Data:
    """What a table is about: the word of its training data, those images, and the test images."""

    word: str
    train: Bytes
    test: Bytes


def main() -> None:
    """Trains what is missing, one method after another, and records the tables after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for table in PIXELS:
        parser.add_argument(f"--{table}", nargs=2, metavar=("TRAIN", "TEST"), help=TITLES[table])
    parser.add_argument("--minutes", type=float, default=5.0, help="minutes of training, of one thread's own time")
    parser.add_argument("--only", nargs="+", help="methods to measure; by default all that state a likelihood")
    parser.add_argument("--most", type=int, default=10_000, help="test images of each table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    words = {table: getattr(options, table) for table in PIXELS if getattr(options, table)}
    if not words:
        parser.error("give --grey TRAIN TEST, --colour TRAIN TEST, or both")
    rows = kept(options.minutes, options.most)
    for table, (train, test) in words.items():
        data = Data(train, _images(train), _images(test)[: options.most])
        rows[table] = rows.get(table) or baselines(table, data)
        for name in densities(table, options.only):
            if name not in {row["method"] for row in rows[table]}:
                rows[table].append(measured(table, name, data, options.minutes))
                keep(rows, options.minutes, options.most)
        keep(rows, options.minutes, options.most)
        print_table(ranked(table, rows[table]), title=TITLES[table])


def _images(word: str) -> Bytes:
    return np.asarray(open_data(DataSettings(data=word)).images)


def densities(table: str, only: Sequence[str] | None) -> Iterator[str]:
    """The methods whose likelihood is of such pixels, with the settings that they have here."""
    for name, entry in methods.listing().items():
        if entry.family == "plug-in" or (only and name not in only):
            continue
        try:
            method = plans.make(name, settings(table, name)).method
        except SaddlepointError as error:
            print(f"{name} is left out: {error}")
            continue
        of_images = "image" in {field.name for field in dataclasses.fields(method.takes)}
        if of_images and isinstance(method, HasLikelihood) and method.pixels_as in PIXELS[table]:
            yield name


def settings(table: str, name: str) -> dict[str, Any]:
    """Of a method: its preset `small`, and what differs from it in this table."""
    return {**methods.presets(name).get("small", {}), **SETTINGS[table].get(name, {})}


def measured(table: str, name: str, data: Data, minutes: float) -> dict[str, Any]:
    """Train one method and measure it: its row."""
    options = settings(table, name)
    specs = plans.make(name, options).method.optimisers().values()
    scheduled = any(isinstance(spec.lr, Linear) for spec in specs)
    try:
        result = trained(name, {**options, "data": data.word, "held_out": 0}, 60 * minutes, scheduled=scheduled)
        method = result.model.method
        assert isinstance(method, HasLikelihood)
        stored, made = stored_for(method, data.test, 0)
        nats = -nats_of(result.model, stored).double().numpy()
    except SaddlepointError as error:
        return {"method": name, "protocol": f"not measured: {error}"}
    return {
        "method": name,
        **figures(table, nats, data.test[0].size),
        "protocol": protocol_of(method, made),
        "images seen": result.images,
        "minutes": round(result.seconds / 60, 2),
        "parameters": sum(weights.numel() for weights in result.model.nets.parameters()),
        "settings": ", ".join(f"{key} {value}" for key, value in options.items()) or "the defaults",
    }


def figures(table: str, nats: np.ndarray, numbers: int) -> dict[str, float]:
    """The figure of a table with its standard error. nats: of each test image."""
    scale = 1.0 if table == "grey" else numbers * math.log(2)
    error = float(nats.std()) / math.sqrt(len(nats)) / scale
    return {UNIT[table]: round(float(nats.mean()) / scale, 3), "standard error": round(error, 3)}


def baselines(table: str, data: Data) -> list[dict[str, Any]]:
    """The rows of what knows little: each pixel for itself, and a mixture or a Gaussian."""
    draw, numbers = numpy_generator("densities", table), data.test[0].size
    if table == "grey":
        known, shown = (draw.random(images.shape) < images / 255 for images in (data.train, data.test))
        rows = {
            "naive: each pixel for itself": held_out_nats(known, shown, 1),
            f"naive: mixture of {COMPONENTS} Bernoullis": held_out_nats(known, shown, COMPONENTS),
        }
        made = dict.fromkeys(rows, "exact, dynamic binarisation")
    else:
        fitted, seen = (_spread(images, draw) for images in (data.train[:FITTED], data.test))
        rows = {"naive: each number for itself": _frequencies(data), "naive: one Gaussian": _gaussian(fitted, seen)}
        made = dict(zip(rows, ("exact, 256 levels", "exact, dequantised")))
    return [{"method": name, **figures(table, nats, numbers), "protocol": made[name]} for name, nats in rows.items()]


def _spread(images: Bytes, draw: np.random.Generator) -> np.ndarray:
    return ((images + draw.random(images.shape)) / LEVELS).reshape(len(images), -1)


def _gaussian(fitted: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Nats of each image of `seen`, spread over bins, under one Gaussian; as of levels."""
    numbers, mean = fitted.shape[1], fitted.mean(0)
    factor = np.linalg.cholesky(np.cov(fitted.T) + 1e-6 * np.eye(numbers))
    white = solve_triangular(factor, (seen - mean).T, lower=True)
    log_det = np.log(np.diagonal(factor)).sum()
    nats: np.ndarray = (white**2).sum(0) / 2 + log_det + numbers * (math.log(2 * math.pi) / 2 + math.log(LEVELS))
    return nats


def _frequencies(data: Data) -> np.ndarray:
    """Nats of each test image where each number has its level as often as in the training images."""
    nats = np.zeros(len(data.test))
    for before, after in zip(data.train.reshape(len(data.train), -1).T, data.test.reshape(len(data.test), -1).T):
        counts = np.bincount(before, minlength=LEVELS) + 1 / LEVELS
        nats -= np.log(counts[after] / counts.sum())
    return nats


def ranked(table: str, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The likeliest first; what was not measured last."""
    return sorted(rows, key=lambda row: row.get(UNIT[table], math.inf))


def kept(minutes: float, most: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of earlier calls with as many minutes and test images, by table."""
    path = FOLDER / f"{NAME}.json"
    value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if value.get("command") != command(minutes, most):
        return {}
    headings = {title: table for table, title in TITLES.items()}
    return {headings[each["heading"]]: [row for row in each["rows"] if "settings" in row or "naive" in row["method"]]
            for each in value["tables"]}  # fmt: skip


def command(minutes: float, most: int) -> str:
    """What makes the figures again."""
    return f"python benchmarks/{NAME}.py --grey TRAIN TEST --colour TRAIN TEST --minutes {minutes:g} --most {most}"


def keep(rows: Mapping[str, Sequence[Mapping[str, Any]]], minutes: float, most: int) -> None:
    """Record what there is."""
    record(
        NAME,
        "Densities after the same time",
        f"Minus the mean log-likelihood of at most {most:,} test images, less is better, after {minutes:g} minutes of"
        " one processor thread's own time for each method, one seed, each in a size that suits a processor; nothing was"
        " tuned on these images. Grey images were made black or white by chance, in training afresh each time, in the"
        " test once and alike for all (dynamic binarisation). Bits per dimension are of 256 levels; a dequantised"
        " figure is that of an exact density of the levels spread over their bins, one place for each image, which"
        " bounds the levels' own from above. A bound is one from above as well, with 100 samples; an estimate is by"
        " annealed importance sampling over 10,000 distributions, and may be too good. Figures of the literature are of"
        " other data, sizes and hours of training, and not comparable.",
        {TITLES[table]: ranked(table, each) for table, each in rows.items()},
        command=command(minutes, most),
    )


if __name__ == "__main__":
    main()
