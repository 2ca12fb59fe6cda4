"""Whether made things are seen from where they are asked for, and how near their pictures come to real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.camera import Camera, pose_of
from saddlepoint.kinds.camera_orbit import centre_of
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import Samples
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.baselines.labelled_gan import labelled_gan
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.extractors.view_reader import train_view_reader
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table

_SECTORS = 12
"""parts of the circle that the turn is cut into for a GAN that is told it as a label"""
_SHOWN = 60_000
"""images that this GAN is shown: half a minute of a processor's core at 16 pixels a side"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Fréchet distance in the features of a network that reads the camera, and how the turn goes with that asked for.

    The network learns from one half of the real views; a quarter is what is compared with, and from the cameras of the
    other quarter all pictures are made. The baseline is a Gaussian over pixels. A plain GAN that is told the turn as a
    label stands beside it, not as a bar: it draws flat images as well as any, or collapses, as the seed has it.
    """
    if not isinstance(model.method, Samples) or "camera" not in model.method.conditions(model.nets):
        raise ConfigError(f"{model.name} takes no camera.")
    images, cameras = dataset.images, torch.from_numpy(np.asarray(dataset.fields["camera"]))
    order = numpy_generator("halves", len(images)).permutation(len(images))
    half, quarter = len(images) // 2, len(images) // 4
    known, reference, other = order[:half], order[half : half + quarter], order[half + quarter : half + 2 * quarter]
    directions = directions_of(cameras)
    reader = train_view_reader(images[known], directions[known])
    statistics = gaussian(features(reader, images[reference]))

    def row(kind: str, name: str, pictures: np.ndarray) -> dict[str, Any]:
        values = features(reader, pictures)
        distance = frechet_distance(gaussian(values), statistics)
        turn = agreement(reader.directions(values)[:, :2], directions[other, :2])
        return {"kind": kind, "name": name, "frechet": distance, "turn": turn}

    generated = to_uint8(model.sample(quarter, seed=seed, given={"camera": cameras[other]}, batch=64)).numpy()
    name = model.name + (", averaged weights" if model.method.ema() else "")
    sector = sectors(directions)
    flat = labelled_gan(images, sector, sector[other], examples=_SHOWN, seed=seed)
    return Table(
        rows=(
            row("generated", name, generated),
            row("real", "real against real", images[other]),
            row(
                "baseline",
                "naive: a Gaussian over pixels, deaf to the camera",
                PixelGaussian(images).sample(quarter, seed),
            ),
            row("other", f"a plain GAN with the turn as one of {_SECTORS} labels", flat),
        ),
        protocol=(
            f"{quarter} images from the cameras of as many real ones, against as many others. Fréchet distance in the"
            f" features of {reader.identity}, which has learnt the cameras and the mean colours of {half} further real"
            " views; `turn` is the mean cosine between the turn asked for and the one that it reads, whatever lies"
            f" between them for all alike, in [0, 1]. The plain GAN was shown {_SHOWN:,} images."
        ),
    )


MEASURE = Measure(compare, {"frechet": "less", "turn": "more"}, fields={"image": Image, "camera": Camera})


def directions_of(camera: Tensor) -> np.ndarray:
    """From where cameras look at the point that all look at, as unit vectors.  [n, 22] -> [n, 3] float64"""
    place = pose_of(camera)[:, :3, 3] - centre_of(camera[:64])
    directions: np.ndarray = torch.nn.functional.normalize(place.double(), dim=1).numpy()
    return directions


def sectors(directions: np.ndarray) -> np.ndarray:
    """Which part of the circle each direction is turned to.  [n, 3] -> [n] int64"""
    turn = np.arctan2(directions[:, 1], directions[:, 0]) / (2 * np.pi)
    part: np.ndarray = (np.floor(turn * _SECTORS) % _SECTORS).astype(np.int64)
    return part


def agreement(read: np.ndarray, wanted: np.ndarray) -> float:
    """How well two turns go together, whatever lies between them for all alike.  Vectors [n, 2] twice -> [0, 1]

    What is not told the cameras cannot know where the front of things is: any constant turn is as good.
    """
    angle = np.arctan2(read[:, 1], read[:, 0]) - np.arctan2(wanted[:, 1], wanted[:, 0])
    return float(np.abs(np.exp(1j * angle).mean()))
