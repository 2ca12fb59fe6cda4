"""Ways through what a model can make, as a person sees them: a row for each leg, or a GIF or MP4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.deploy.label import Disclosure, write
from saddlepoint.errors import ConfigError
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import stream
from saddlepoint.methods.abilities import TruncateBy
from saddlepoint.report.captioned import captioned
from saddlepoint.report.motion import MOVING, check_motion, save_motion
from saddlepoint.report.pace import paced

_LARGE = 256  # side of a frame at least
_WIDEST = 12  # steps of a leg that a row can hold


def check_walk(path: Path, rate: int, steps: int) -> None:
    """What `save_walk` would refuse before any image is made. Raises ConfigError or MissingExtra."""
    if path.suffix.lower() in MOVING:
        check_motion(path, rate)
    elif path.suffix.lower() != ".png":
        raise ConfigError(
            f"{path.name} cannot be written: its name must end with .png for rows, or .gif or .mp4 to move."
        )
    if steps < 1 or (steps > _WIDEST and path.suffix.lower() == ".png"):
        raise ConfigError(f"--steps cannot be {steps}: a row shows 1 to {_WIDEST}; a .gif or .mp4 takes more.")


def save_walk(
    model: Model,
    way: Code,
    words: Sequence[str],
    steps: int,
    path: Path,
    title: str,
    disclosure: Disclosure,
    caption: str,
    *,
    rate: int,
    closed: bool = False,
    truncation: float = 1.0,
    truncate_by: TruncateBy = "resample",
) -> None:
    """Write the images along a way: rows where `path` ends with .png, else a moving picture.

    way: the codes, `steps` of them from each of the points to the next. words: what the points are called. title: seen
    above; caption: kept in the file. disclosure: of rows; a moving picture has its caption alone. truncation: of
    latents. Raises what `check_walk` does, and RunError.
    """
    check_walk(path, rate, steps)
    images = paced(stream(model, way, truncation=truncation, truncate_by=truncate_by), len(way), "images")
    if path.suffix.lower() in MOVING:
        save_motion(_frames(images, title), path, rate, caption)
        return
    pictures = torch.cat(list(images))
    legs = len(words) if closed else len(words) - 1
    shown = [
        pictures[place % len(pictures)] for leg in range(legs) for place in range(leg * steps, leg * steps + steps + 1)
    ]
    rows = [f"{words[leg]} to {words[(leg + 1) % len(words)]}" for leg in range(legs)]
    columns = ["0", *(f"{step}/{steps}" for step in range(1, steps)), "1"]
    write(captioned(shown, rows, columns, title), path, disclosure, caption)


def _frames(images: Iterator[Tensor], title: str) -> Iterator[Image.Image]:
    for part in images:
        for image in part:
            yield captioned([image], [""], [""], title, _LARGE)
