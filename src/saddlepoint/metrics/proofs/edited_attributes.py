"""How near images whose attribute was changed come to what the world would show, and whether the others stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import shapes
from saddlepoint.data.world.attributes import ATTRIBUTES, attributes
from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, RADII, SHAPES, Factors
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.methods.abilities import Edits
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST = 300  # images, each with every attribute that can change alone


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Held-out images, each attribute of each changed where it can change alone, against the nearest true answer."""
    method: Any = model.method
    if dataset.source != "world:attributes" or not isinstance(method, Edits):
        raise ConfigError(
            f"{model.name} on {dataset.source}: this measure is of attributes edited in world:attributes."
        )
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images, known = np.asarray(dataset.images), np.asarray(dataset.fields["attributes"]).astype(np.uint8)
    rows, columns = changes(held_out[:_MOST])
    wanted = known[rows].copy()
    wanted[np.arange(len(rows)), columns] ^= 1
    classifiers = [
        train_classifier(images, known[:, column].astype(np.int64), seed=0) for column in range(len(ATTRIBUTES))
    ]

    def row(kind: str, name: str, shown: np.ndarray) -> dict[str, Any]:
        right = np.stack([each.labels(features(each, shown)) for each in classifiers], 1) == wanted
        here = np.zeros_like(right)
        here[np.arange(len(rows)), columns] = True
        return {
            "kind": kind,
            "name": name,
            "error": float(error(shown, rows, columns)),
            "wanted": float(right[here].mean()),
            "kept": float(right[~here].mean()),
        }

    edited = [
        _edited(model, images[rows[part]], columns[part], wanted[part])
        for part in (slice(start, start + 200) for start in range(0, len(rows), 200))
    ]
    naive = [
        row("other", "naive: the image as it is", images[rows]),
        row("other", "naive: the nearest image that has them", retrieved(images, known, train, rows, wanted)),
        row("other", "naive: the mean image that has them", averages(images, known, train, wanted)),
    ]
    naive[0]["kind"] = "baseline"
    return Table(
        rows=(row("generated", model.name, np.concatenate(edited)), *naive),
        protocol=(
            f"{len(rows):,} changes of one attribute in {len(held_out[:_MOST])} held-out images. error: mean absolute"
            " difference in levels of 0 to 255 to the nearest image that the world would show. wanted: share of the"
            " changed attributes that classifiers of real images see; kept: of the others. The nearest image is looked"
            " for among those of the training part."
        ),
    )


MEASURE = Measure(
    compare,
    {"error": "less", "wanted": "more", "kept": "more"},
    fields={"image": Image, "attributes": Attributes},
)


@torch.no_grad()
def _edited(model: Model, images: np.ndarray, columns: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Images, uint8 [M, 3, S, S], made again with one attribute each as it is wanted and the others as they are."""
    method: Any = model.method
    given = pixels(torch.from_numpy(images)).to(model.device)
    holds = method.attributes_of(model.nets, given)
    places = torch.arange(len(given)), torch.from_numpy(columns)
    holds[places] = torch.from_numpy(wanted.astype(np.float32))[places].to(holds)
    return to_uint8(method.edit(model.nets, given, holds)).cpu().numpy()


def changes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each attribute of each scene that can change while all others stay: scenes [M] and columns [M].

    Nothing is round and pointed at once, so neither begins to hold where the other does.
    """
    holds = attributes(shapes.factors(rows, SEED)).astype(bool)
    names = list(ATTRIBUTES)
    free = np.ones_like(holds)
    both = names.index("round"), names.index("pointed")
    free[:, both[0]], free[:, both[1]] = ~holds[:, both[1]], ~holds[:, both[0]]
    place, column = np.nonzero(free)
    return rows[place], column


def answers(rows: np.ndarray, column: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """What the world would show for scenes with one attribute changed.

    Another shape, colour or ground is any that has the attributes; places and sizes are mirrored at their middle.
    Returns uint8 [options, N, 3, side, side], and which of them have the wanted attributes, bool [options, N].
    """
    scenes = shapes.factors(rows, SEED)
    wanted = attributes(scenes)
    wanted[:, column] ^= 1
    options = _options(scenes, list(ATTRIBUTES)[column])
    images = np.stack([shapes.render(option, side) for option in options])
    return images, np.stack([(attributes(option) == wanted).all(1) for option in options])


def _options(scenes: Factors, name: str) -> list[Factors]:
    def constant(field: str, count: int) -> list[Factors]:
        return [replace(scenes, **{field: np.full_like(getattr(scenes, field), each)}) for each in range(count)]

    if name in ("round", "pointed"):
        return constant("shape", len(SHAPES))
    if name == "warm":
        return constant("colour", len(COLOURS))
    if name == "on_white":
        return constant("background", len(BACKGROUNDS))
    if name == "large":
        size = sum(RADII) - scenes.size
        most = 1 - size  # the shape stays inside
        return [replace(scenes, size=size, x=np.clip(scenes.x, -most, most), y=np.clip(scenes.y, -most, most))]
    return [replace(scenes, x=-scenes.x) if name == "left" else replace(scenes, y=-scenes.y)]


def error(shown: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
    """Mean absolute difference of images, uint8 [M, 3, S, S], to the nearest answer of each change."""
    total = 0.0
    for column in np.unique(columns):
        here = columns == column
        true, right = answers(rows[here], int(column), shown.shape[-1])
        away = np.abs(true.astype(np.float32) - shown[here]).mean((2, 3, 4))
        total += np.where(right, away, np.inf).min(0).sum()
    return total / len(rows)


def retrieved(
    images: np.ndarray, known: np.ndarray, train: np.ndarray, rows: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """For each change the training image that has the wanted attributes and is nearest to the image as it is."""
    nearest: np.ndarray = np.empty_like(images[rows])
    for key in np.unique(wanted, axis=0):
        among, here = train[(known[train] == key).all(1)], (wanted == key).all(1)
        flat = torch.from_numpy(images[among]).flatten(1).float()
        given = torch.from_numpy(images[rows[here]]).flatten(1).float()
        nearest[here] = images[among[torch.cdist(given, flat, p=1).argmin(1).numpy()]]
    return nearest


def averages(images: np.ndarray, known: np.ndarray, train: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each change the mean training image that has the wanted attributes."""
    mean: np.ndarray = np.empty((len(wanted), *images.shape[1:]), np.uint8)
    for key in np.unique(wanted, axis=0):
        mean[(wanted == key).all(1)] = images[train[(known[train] == key).all(1)]].mean(0).round()
    return mean
