"""A service of small models: each sort of task has one that can do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from service_parts import scene, shapes, small
from starlette.testclient import TestClient

from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.latent.directions import Directions


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """faces and faces@beta (16 pixels, colour), digits (classes), styles (with directions), maps (a translator), signs
    (names classes), scene (views from cameras), shapes (volumes), halves (goes on from a part)."""
    styles = small("stylegan2", (3, 16, 16), latent=8, style=8, base=128, most=8, mapping_layers=2)
    return Shelf(
        (
            Served("faces", "stable", small("dcgan", (3, 16, 16), latent=8, generator_width=4)),
            Served("faces", "beta", small("dcgan", (3, 16, 16), latent=12, generator_width=4)),
            Served("digits", "stable", small("cgan", (1, 8, 8), ("nought", "one"), latent=4)),
            Served("styles", "stable", styles, Directions("w", torch.eye(8)[:2], ("age", "light"), torch.ones(2), {})),
            Served("maps", "stable", small("pix2pix", (3, 16, 16), generator_width=4, halvings=1)),
            Served("signs", "stable", small("sgan", (1, 8, 8), ("round", "square"), latent=4, critic_widths=(8,))),
            Served("scene", "stable", scene()),
            Served("shapes", "stable", shapes()),
            Served("halves", "stable", small("fvbn", (1, 8, 8))),
        )
    )


@contextmanager
def started(shelf: Shelf, jobs: Path, log: Any = None, **settings: Any) -> Iterator[TestClient]:
    """A client of a new service without a bound on the rate."""
    own = {field.name for field in fields(Service)}
    known = {name: settings.pop(name) for name in list(settings) if name in own}
    limits = Limits(**{"rate": 0, **settings})
    service = Service(jobs=jobs, limits=limits, journal=Journal(log), **known)
    with TestClient(build(shelf, service), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def start() -> Callable[..., Any]:
    """A client of a service of any models: `with start(shelf, folder) as client`."""
    return started


@pytest.fixture
def serve(shelf: Shelf, tmp_path: Path) -> Callable[..., Any]:
    """A client of a service of one's own: `with serve(most_pixels=100) as client`."""
    return partial(started, shelf, tmp_path / "jobs")


@pytest.fixture(scope="module")
def client(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service that several tests ask."""
    with started(shelf, tmp_path_factory.mktemp("jobs")) as client:
        yield client
