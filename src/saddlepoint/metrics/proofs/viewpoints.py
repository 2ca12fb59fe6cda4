"""Whether made things are seen from where they are asked for, and how near their pictures come to real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsRegressor
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
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table

_COMPONENTS, _NEIGHBOURS = 40, 5


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Fréchet distance over principal components, and how the turn of each image goes with the camera asked for.

    The turn is read by the nearest of one half of the real images, whose cameras are known; the other half says how
    well that works. It is compared with the camera's as the correlation of two angles around the upright axis.
    """
    if not isinstance(model.method, Samples) or "camera" not in model.method.conditions(model.nets):
        raise ConfigError(f"{model.name} takes no camera.")
    images, cameras = dataset.images, torch.from_numpy(np.asarray(dataset.fields["camera"]))
    order = numpy_generator("halves", len(images)).permutation(len(images))
    half = len(images) // 2
    known, other = order[:half], order[half : 2 * half]
    pca = PCA(_COMPONENTS, random_state=0).fit(_rows(images[known]))
    codes = pca.transform(_rows(images[known]))
    statistics = gaussian(codes)
    centre = centre_of(cameras[:64])
    turns = _turns(cameras, centre)
    reader = KNeighborsRegressor(_NEIGHBOURS).fit(codes, turns[known])

    def row(kind: str, name: str, pictures: np.ndarray, asked_turns: np.ndarray) -> dict[str, Any]:
        values = pca.transform(_rows(pictures))
        read = reader.predict(values)
        return {
            "kind": kind,
            "name": name,
            "frechet": frechet_distance(gaussian(values), statistics),
            "turn": _agreement(read, asked_turns),
        }

    generated = to_uint8(model.sample(half, seed=seed, given={"camera": cameras[other]}, batch=64)).numpy()
    name = model.name + (", averaged weights" if model.method.ema() else "")
    naive = PixelGaussian(images[known]).sample(half, seed)
    return Table(
        rows=(
            row("generated", name, generated, turns[other]),
            row("real", "real against real", images[other], turns[other]),
            row("baseline", "naive: a Gaussian over pixels, deaf to the camera", naive, turns[other]),
        ),
        protocol=(
            f"{half} images from the cameras of as many real ones. Fréchet distance over {_COMPONENTS} principal"
            f" components of the other real images; `turn` is the mean cosine between the turn asked for and the one"
            f" that the {_NEIGHBOURS} nearest of these have, whatever lies between them for all alike, in [0, 1]."
        ),
    )


MEASURE = Measure(compare, {"frechet": "less", "turn": "more"}, fields={"image": Image, "camera": Camera})


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64) / 127.5 - 1


def _turns(camera: Tensor, centre: Tensor) -> np.ndarray:
    """Where cameras stand around the upright axis, as unit vectors.  [n, 22] -> [n, 2]"""
    place = pose_of(camera)[:, :2, 3] - centre[:2]
    return torch.nn.functional.normalize(place, dim=1).double().numpy()


def _agreement(read: np.ndarray, wanted: np.ndarray) -> float:
    """How well two turns go together, whatever lies between them for all alike.  Unit vectors [n, 2] twice -> [0, 1]

    What is not told the cameras cannot know where the front of things is: any constant turn is as good.
    """
    angle = np.arctan2(read[:, 1], read[:, 0]) - np.arctan2(wanted[:, 1], wanted[:, 0])
    return float(np.abs(np.exp(1j * angle).mean()))
