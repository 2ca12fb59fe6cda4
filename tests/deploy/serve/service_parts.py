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
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.base import Clock


def small(name: str, shape: tuple[int, ...], classes: tuple[str, ...] = (), **options: Any) -> Model:
    """An untrained model of a method, as `saddlepoint.load` would return it."""
    spec = DataSpec({"volume": Volume(*shape)}, (), 100) if len(shape) == 4 else DataSpec.of(shape, classes, 100)
    return small_of(name, spec, **options)


def small_of(name: str, spec: DataSpec, **options: Any) -> Model:
    """The same of any kind of data."""
    torch.manual_seed(0)
    method = config.from_json(methods.load(name), options)
    nets = method.networks(spec).eval().requires_grad_(False)
    facts = {
        "method": name,
        "options": config.to_json(method),
        "dataset": {"shape": list(spec.shape), "classes": list(spec.classes), "images": 100, "source": "made"},
    }
    return Model(method, nets, spec, facts, Clock(), Path("runs/0001-small/checkpoints/step-00000000"))


def scene() -> Model:
    """Forty splats about the origin, seen by cameras of 16 pixels."""
    model = small("gaussians", (3, 16, 16), capacity=60, splats=40, degree=0)
    nets: Any = model.nets
    place = torch.randn(40, 3) * 0.3
    first = {"place": place, "scale": torch.full((40, 3), -2.0), "turn": torch.tensor([1.0, 0, 0, 0]).expand(40, 4)}
    first |= {"opacity": torch.ones(40), "tint": torch.rand(40, 3), "sheen": torch.zeros(40, 0, 3)}
    nets.scene.bear(**{name: first[name] for name in nets.scene.names})
    nets.surroundings.distance.fill_(3.0)
    nets.surroundings.lens.copy_(torch.tensor([16.0, 16.0, 8.0, 8.0, 16.0, 16.0]))
    return model


def shapes() -> Model:
    """A generator of volumes, which no page shows yet."""
    return small("gan3d", (1, 8, 8, 8), latent=4, generator_width=4, critic_width=4)


def photo(width: int = 16, height: int = 16, form: str = "PNG", mode: str = "RGB") -> bytes:
    """An image file with something in it."""
    rng = np.random.default_rng(width)
    content = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).convert(mode).save(content, form)
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture from its bytes, or from base64 in JSON."""
    return Image.open(io.BytesIO(base64.b64decode(content) if isinstance(content, str) else content))
