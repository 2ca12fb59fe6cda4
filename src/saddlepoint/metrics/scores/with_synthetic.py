"""Accuracy on held-out images of a classifier that was trained on real images and as many generated ones; see `task`.

Whether a GAN is of use as augmentation: beside it stands that of a classifier trained equally long on the real images
alone. Antoniou et al. 2017, arXiv:1711.04340, section 6.
"""

from __future__ import annotations

from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.task import train_with_synthetic
from saddlepoint.metrics.scores.train_on_synthetic import task_figures
from saddlepoint.metrics.sets import ImageSet


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    return task_figures("with-synthetic", train_with_synthetic, trained, seed)


METRIC = ModelMetric(_figures, "more")
