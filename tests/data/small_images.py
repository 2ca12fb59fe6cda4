"""Random images, made and saved in a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int = 0, size: tuple[int, int] = (12, 12), mode: str = "RGB") -> Image.Image:
    """A random image; size is (width, height)."""
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def saved(path: Path, image: Image.Image | None = None, **options: object) -> Path:
    """Saves an image (a random one by default), making the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture()).save(path, **options)
    return path
