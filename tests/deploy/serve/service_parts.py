"""Small models behind a service, and small uploads, for the tests of it."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from saddlepoint import config, methods
from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Clock


def small(name: str, shape: tuple[int, ...], classes: tuple[str, ...] = (), **options: Any) -> Model:
    """An untrained model of a method, as `saddlepoint.load` would return it."""
    torch.manual_seed(0)
    method = config.from_json(methods.load(name), options)
    spec = DataSpec.of(shape, classes, 100)
    nets = method.networks(spec).eval().requires_grad_(False)
    facts = {
        "method": name,
        "options": config.to_json(method),
        "dataset": {"shape": list(shape), "classes": list(classes), "images": 100, "source": "made"},
    }
    return Model(method, nets, spec, facts, Clock(), Path("runs/0001-small/checkpoints/step-00000000"))


def photo(width: int = 16, height: int = 16, form: str = "PNG", mode: str = "RGB") -> bytes:
    """An image file with something in it."""
    rng = np.random.default_rng(width)
    content = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).convert(mode).save(content, form)
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture from its bytes, or from base64 in JSON."""
    return Image.open(io.BytesIO(base64.b64decode(content) if isinstance(content, str) else content))
