"""Small images on disk, and a cache of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings

Opener = Callable[..., Dataset]


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """`open_data` by keyword settings, with its cache in the test's folder."""
    return lambda **settings: open_data(DataSettings(cache=tmp_path / "cache", **settings))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for images."""
    made = tmp_path / "images"
    made.mkdir()
    return made


def picture(seed: int = 0, size: tuple[int, int] = (12, 12), mode: str = "RGB") -> Image.Image:
    """A random image; size is (width, height)."""
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode)


def saved(path: Path, image: Image.Image | None = None, **options: object) -> Path:
    """Saves an image (a random one by default), making the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture()).save(path, **options)
    return path
