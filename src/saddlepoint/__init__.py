"""Saddlepoint: a workshop for generative adversarial networks and the generative vision models around them.

    run = saddlepoint.train("dcgan", data="photos/", resolution=64)
    model = saddlepoint.load("runs/0001-dcgan-photos")
    images = model.sample(16, seed=0)

Importing the package imports no torch; a name does when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from saddlepoint.version import __version__ as __version__

_HOMES = {
    "train": "saddlepoint.runs.train",
    "resume": "saddlepoint.runs.resume",
    "sweep": "saddlepoint.runs.sweep",
    "evaluate": "saddlepoint.runs.evaluate",
    "compare": "saddlepoint.runs.compare",
    "Trained": "saddlepoint.runs.trained",
    "load": "saddlepoint.checkpoint.model",
    "Model": "saddlepoint.checkpoint.model",
    "open_data": "saddlepoint.data.open",
    "DataSettings": "saddlepoint.data.settings",
    "Dataset": "saddlepoint.data.dataset",
    "Method": "saddlepoint.methods.base",
    "Trainer": "saddlepoint.engine.trainer",
    "Hook": "saddlepoint.engine.hooks",
    "WeightsAndBiases": "saddlepoint.report.weights_and_biases",
    "MLflow": "saddlepoint.report.mlflow_run",
    "SaddlepointError": "saddlepoint.errors",
}
__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from saddlepoint.checkpoint.model import Model as Model
    from saddlepoint.checkpoint.model import load as load
    from saddlepoint.data.dataset import Dataset as Dataset
    from saddlepoint.data.open import open_data as open_data
    from saddlepoint.data.settings import DataSettings as DataSettings
    from saddlepoint.engine.hooks import Hook as Hook
    from saddlepoint.engine.trainer import Trainer as Trainer
    from saddlepoint.errors import SaddlepointError as SaddlepointError
    from saddlepoint.methods.base import Method as Method
    from saddlepoint.report.mlflow_run import MLflow as MLflow
    from saddlepoint.report.weights_and_biases import WeightsAndBiases as WeightsAndBiases
    from saddlepoint.runs.compare import compare as compare
    from saddlepoint.runs.evaluate import evaluate as evaluate
    from saddlepoint.runs.resume import resume as resume
    from saddlepoint.runs.sweep import sweep as sweep
    from saddlepoint.runs.trained import Trained as Trained
    from saddlepoint.runs.typed import train as train  # with each setting and its type


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'saddlepoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
