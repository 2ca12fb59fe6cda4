"""Accuracy on held-out images of a classifier that was trained on generated ones; see `task`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import classes_of
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel, binomial_error
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.scores.task import TaskScore, train_on_synthetic
from saddlepoint.metrics.sets import Generated, ImageSet

_LABELLED = 10_000  # generated images that a classifier is trained on


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    return task_figures("train-on-synthetic", train_on_synthetic, trained, seed)


def task_figures(metric: str, task: Callable[..., TaskScore], trained: TrainedModel, seed: int) -> Figures:
    """The accuracy that generated images lead to; beside it stands that of a classifier trained on real images.

    Raises CapabilityError unless the model makes images of a chosen class, ConfigError when nothing was held out.
    """
    model, dataset, train, held_out = trained.model, trained.dataset, trained.train, trained.held_out
    if not classes_of(model.method, model.nets) or dataset.labels is None:
        raise CapabilityError(
            f"{metric} needs a model that makes images of a chosen class; {model.name} was trained without labels."
        )
    trained.check_held_out()
    rows = train[np.linspace(0, len(train) - 1, min(len(train), _LABELLED)).astype(np.int64)]
    labels = dataset.labels[rows]
    wanted_labels = torch.from_numpy(labels)
    generated = Generated(
        model.method,
        model.nets,
        len(rows),
        seed,
        device=model.device,
        truncation=trained.protocol.truncation,
        conditions={"label": wanted_labels},
    )
    accuracy = task(
        (generated.at(np.arange(len(generated))), labels),
        (dataset.images[rows], labels),
        (dataset.images[held_out], dataset.labels[held_out]),
    )
    protocol = dataclasses.replace(
        trained.protocol, metric=metric, real=len(held_out), fake=len(rows), reference="held-out"
    )
    error = binomial_error(accuracy.synthetic, len(held_out))
    return Figures([Score(accuracy.synthetic, protocol, seed=seed, error=error)], [Score(accuracy.real, protocol)])


METRIC = ModelMetric(_figures, "more")
