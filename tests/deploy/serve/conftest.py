"""Small models for the service: a generator of 16 pixels, one with classes, one with styles, and a translator."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from saddlepoint import config, methods
from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.methods.base import Clock


def small(name: str, shape: tuple[int, ...], classes: tuple[str, ...] = (), **options: Any) -> Model:
    """An untrained model of a method, as `saddlepoint.load` would return it."""
    torch.manual_seed(0)
    method = config.from_json(methods.load(name), options)
    spec = DataSpec(shape, classes, 100)
    nets = method.networks(spec).eval().requires_grad_(False)
    facts = {
        "method": name,
        "options": config.to_json(method),
        "dataset": {"shape": list(shape), "classes": list(classes), "images": 100, "source": "made"},
        "data": {"fit": "crop"},
    }
    return Model(method, nets, spec, facts, Clock(), Path("runs/0001-small/checkpoints/step-00000000"))


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """faces (16 pixels, colour), faces@beta, digits (classes), styles, and maps (a translator of 16 pixels)."""
    styles = small("stylegan2", (3, 16, 16), latent=8, style=8, base=128, most=8, mapping_layers=2)
    return Shelf(
        (
            Served("faces", "stable", small("dcgan", (3, 16, 16), latent=8, generator_width=4)),
            Served("faces", "beta", small("dcgan", (3, 16, 16), latent=12, generator_width=4)),
            Served("digits", "stable", small("cgan", (1, 8, 8), ("nought", "one"), latent=4)),
            Served("styles", "stable", styles),
            Served("maps", "stable", small("pix2pix", (3, 16, 16), generator_width=4, halvings=1)),
        )
    )


Serve = Callable[..., Any]


@pytest.fixture
def serve(shelf: Shelf, tmp_path: Path) -> Callable[..., Any]:
    """A client of a service: `with serve(most_pixels=100) as client`."""

    @contextmanager
    def started(*, jobs: Path = tmp_path / "jobs", log: Any = None, **settings: Any) -> Iterator[TestClient]:
        known = {name: settings.pop(name) for name in ("keys", "batch", "wait", "local") if name in settings}
        limits = Limits(**{"rate": 0, **settings})
        service = Service(jobs=jobs, limits=limits, journal=Journal(log), **known)
        with TestClient(build(shelf, service), base_url="http://localhost") as client:
            yield client

    return started


def photo(width: int = 16, height: int = 16, form: str = "PNG", mode: str = "RGB") -> bytes:
    """An image file with something in it."""
    rng = np.random.default_rng(width)
    content = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).convert(mode).save(content, form)
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture from its bytes, or from base64 in JSON."""
    return Image.open(io.BytesIO(base64.b64decode(content) if isinstance(content, str) else content))
