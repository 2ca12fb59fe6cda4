"""Which extractor measures which images: by its word, or the one that fits the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch

from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import Extractor, Pixels
from saddlepoint.metrics.extractors.inception import Inception
from saddlepoint.metrics.extractors.lpips import lpips_files
from saddlepoint.metrics.extractors.resize import Resize
from saddlepoint.metrics.extractors.weight_files import of_any_name
from saddlepoint.nn.backbones import inception
from saddlepoint.nn.backbones.weights import load_weights

ExtractorName = Literal["auto", "classifier", "inception-2015", "pixels"]
CLASSIFIED = 64
"""largest side of images that the small classifier is trained on"""


def extractor_for(
    dataset: Dataset,
    name: ExtractorName = "auto",
    *,
    weights: Sequence[Path] = (),
    resize: Resize = "tensorflow",
    precision: Literal["float32", "bfloat16"] = "float32",
    layer: inception.Layer = 2048,
    device: torch.device | str = "cpu",
) -> Extractor:
    """The extractor called `name`; "auto" trains a classifier on small labelled images and takes Inception for others.

    weights, resize, precision, layer, device: of inception-2015 alone. Raises OfflineError when its weights cannot be
    had, ConfigError for a classifier without labels, or with such that it cannot learn.
    """
    if layer != 2048 and name not in ("auto", "inception-2015"):
        raise ConfigError(f"--layer {layer} is one of inception-2015; leave it out with --extractor {name}.")
    if name == "auto":
        small = (
            dataset.labels is not None and max(dataset.images.shape[2:]) <= CLASSIFIED and not weights and layer == 2048
        )
        name = "classifier" if small else "inception-2015"
    if name == "pixels":
        return Pixels()
    if name == "inception-2015":
        own = of_any_name(inception.PUBLISHED, weights, lpips_files())
        published = load_weights(inception.PUBLISHED, own)
        return Inception(published, resize=resize, layer=layer, precision=precision, device=device)
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to train a classifier on; use --extractor inception-2015.")
    trained = train_classifier(dataset.images, dataset.labels)
    trained.check()
    return trained
