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
    "load": "saddlepoint.checkpoint.bundle",
    "Model": "saddlepoint.checkpoint.bundle",
    "SaddlepointError": "saddlepoint.errors",
}
__all__ = ["Model", "SaddlepointError", "load", "resume", "train"]

if TYPE_CHECKING:
    from saddlepoint.checkpoint.bundle import Model, load
    from saddlepoint.errors import SaddlepointError
    from saddlepoint.runs.resume import resume
    from saddlepoint.runs.train import train


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'saddlepoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
