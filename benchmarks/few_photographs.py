"""A hundred images and one thread of a processor: FastGAN beside DCGAN after the same time.

    python benchmarks/few_photographs.py [--seconds 120] [--count 100] [--side 32]

Coloured shapes of the made world stand for the photographs, so that there are fresh images of the same kind: each model
is compared with 2,000 that neither it nor the classifier has seen, and its images with the hundred that it was trained
on, for copies. Time is the process's own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from record import record
from timed import trained

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.arrays import word_of
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.kernel import kid
from saddlepoint.metrics.formulas.memorisation import copying, nearest
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.report.tables import print_table

FRESH = 2_000
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "fastgan": ("fastgan", {"generator_width": 4, "critic_width": 4, "latent": 64, "batch": 8}),
    "dcgan": ("dcgan", {"generator_width": 16, "critic_width": 16, "batch": 25}),
}
"""row -> method and what differs from its defaults"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--side", type=int, default=32)
    options = parser.parse_args()
    world = open_data(DataSettings(data="world:shapes", resolution=options.side))
    images, labels = world.images, world.labels
    assert labels is not None
    few, fresh = images[: options.count], images[-FRESH:]
    classifier = train_classifier(images[options.count : -2 * FRESH], labels[options.count : -2 * FRESH])
    known = features(classifier, fresh)
    unseen = nearest(features(Pixels(16), few), features(Pixels(16), images[-2 * FRESH : -FRESH]))
    rows: list[dict[str, Any]] = []

    def row(name: str, own: Bytes, **more: Any) -> None:
        values = features(classifier, own)
        figures = copying(unseen, nearest(features(Pixels(16), few), features(Pixels(16), own)))
        distance = frechet_distance(gaussian(values), gaussian(known))
        entry = {"name": name, "frechet": distance, "kid": kid(known, values).value, "copying_ratio": figures.ratio}
        rows.append({**entry, "copying_share": figures.share, **more})

    with tempfile.TemporaryDirectory() as cache:
        word = word_of(np.ascontiguousarray(few), Path(cache))
        for name, (method, settings) in ROWS.items():
            settings = {**settings, "data": word, "cache": cache, "held_out": 0.0, "grid_size": 0}
            run = trained(method, settings, options.seconds)
            own = to_uint8(run.model.sample(FRESH, seed=0)).numpy()
            row(name, own, images_shown=run.images, seconds=run.seconds)
    row("the training images, again and again", few[np.arange(FRESH) % len(few)])
    row("a Gaussian over pixels", PixelGaussian(few).sample(FRESH, 0))
    row("other real images", images[-2 * FRESH : -FRESH])
    print_table(rows)
    record(
        "few_photographs",
        "A hundred images on a processor",
        f"{options.count} images of world:shapes at {options.side} pixels, {options.seconds:g} seconds of one thread's"
        f" own time each, one seed, float32. Distances to {FRESH:,} fresh images of the same world in the features of"
        f" {classifier.identity} (accuracy {classifier.accuracy:.1%}). copying ratio: distance to the images trained"
        " on against that of fresh ones, well below 1 where they are learnt by heart. One seed and made images: what"
        " holds here need not hold for photographs.",
        {"": rows},
    )


if __name__ == "__main__":
    main()
