"""What the tests of the data room share: a folder for images, and a cache of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
