"""Nearest training images of generated ones, against those of as many held-out images: what was learnt by heart."""

from __future__ import annotations

import dataclasses

import torch

from saddlepoint.kinds.pictures import TILE, grid
from saddlepoint.metrics.extractors.cache import cached_features
from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.metrics.formulas.memorisation import Copying, copying, nearest, side_by_side
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet, Rows

_QUERIES = 1000  # generated images whose nearest training image is looked for
_PIXELS = 32  # side in which images are compared pixel by pixel
_CAPTION = (
    "In threes: a generated image, the training image nearest to it in pixels, and the one nearest in features. "
    "Shown are the generated images that come nearest to the training set."
)


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    """`copying-ratio` and `copying-share` in pixels and in features, of at most 1,000 generated images.

    Beside them: the same of one half of the held-out images against the other. Raises ConfigError when fewer than two
    images were held out.
    """
    dataset, train, held_out = trained.dataset, trained.train, trained.held_out
    trained.check_held_out()
    training, unseen_images = Rows(dataset.images, train), Rows(dataset.images, held_out)
    queries, unseen = (images.spread(min(len(images), _QUERIES)) for images in (fake, unseen_images))
    scores, floor, neighbours = [], [], []
    for word, space in (("features", trained.extractor()), ("pixels", Pixels(_PIXELS))):
        content = f"{dataset.fingerprint}/{training.choice}/0-{len(training)}"
        known = cached_features(content, space, training.stream)
        fresh = nearest(known, features(space, unseen))
        neighbours.append(nearest(known, features(space, queries)))
        full_protocol = dataclasses.replace(
            trained.protocol,
            real=len(train),
            fake=len(queries),
            extractor=space.identity,
            reference="train",
            width=known.shape[1],
        )
        scores += _copies(copying(fresh, neighbours[-1]), full_protocol, word, seed)
        floor += _copies(
            copying(fresh.part(slice(0, None, 2)), fresh.part(slice(1, None, 2))), full_protocol, word, None
        )
    rows = side_by_side(queries, dataset.images[train], neighbours[1], neighbours[0])
    picture = grid(torch.from_numpy(rows), columns=2, enlarge=max(1, TILE // rows.shape[2]))
    what = "generated images and the nearest trained on"
    return Figures(scores, floor, picture, "neighbours.png", what, _CAPTION)


def _copies(figures: Copying, protocol: Protocol, word: str, seed: int | None) -> list[Score]:
    return [
        Score(value, dataclasses.replace(protocol, metric=f"copying-{name}[{word}]"), seed=seed)
        for name, value in (("ratio", figures.ratio), ("share", figures.share))
    ]


METRIC = ModelMetric(_figures, "one")
