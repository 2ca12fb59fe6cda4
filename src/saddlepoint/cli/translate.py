"""translate: make each image of a file or folder into another one, at its own size and under its own name."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.bundle import Model, load
from saddlepoint.checkpoint.files import disk_errors
from saddlepoint.cli.plan import Plan
from saddlepoint.data.pixels import pixels, to_uint8
from saddlepoint.data.sources.decode import UnusableImage, decode
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.folder import is_image
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.data.sources.remarks import counted
from saddlepoint.deploy.tile import bands
from saddlepoint.errors import CapabilityError, ConfigError, DataError

_WRITTEN = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""endings that a file keeps; others get .png added"""
_QUIET = 1.0  # seconds between two lines of progress


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Make each image into another one with a trained model.

    An image larger than those trained on is worked on in windows that overlap and are blended, a smaller one is padded
    with its edge first; both keep their size. The whole image is decoded, so it may have at most 100 megapixels.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """the folder of a run, or of one of its checkpoints"""
    images: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="IN")]
    """an image, or a folder that is searched through"""
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]
    """the file to write, or the folder, where each image gets its own name"""
    origin: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """which kind the images are, where the model knows more ways than one: a or b"""
    seed: int = 0
    """of what an image leaves open, where a model draws it"""
    resize: bool = False
    """bring each image to the trained side first, as the training images were, instead of working in windows"""
    window: int | None = None
    """side of a window in pixels; by default the side trained on"""
    overlap: int | None = None
    """pixels that neighbouring windows share; by default an eighth of the side"""
    device: str = "cpu"
    """cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle translate RUN IN OUT`."""
    found = tyro.cli(Translate, prog="saddle translate", args=arguments)
    model = load(found.run, device=found.device)
    model.origin(found.origin)
    if len(model.spec.shape) != 3:
        raise CapabilityError(f"{model} makes points, not images.")
    skipped, written, said = [], [], time.monotonic()
    jobs = list(_jobs(found))
    for place, (path, target) in enumerate(jobs):
        try:
            _write(translate_file(model, path, found), target)
            written.append(target)
        except UnusableImage as error:
            skipped.append(f"{path}: {error}")
            if len(jobs) > 1:
                print(f"skipped {skipped[-1]}", file=sys.stderr)
        if time.monotonic() - said >= _QUIET:
            said = time.monotonic()
            print(f"{place + 1:,} of {counted(len(jobs), 'image')} done", file=sys.stderr)
    if not written:
        raise DataError(f"nothing was written; {skipped[0]}.")
    left_out = f", {len(skipped):,} skipped" if skipped else ""
    print(written[0] if len(jobs) == 1 else f"{counted(len(written), 'image')} in {found.out}{left_out}")
    return 0


def _jobs(found: Translate) -> Iterator[tuple[Path, Path]]:
    """Each image to read with the file to write. Raises ConfigError, or DataError where there is no image."""
    if found.images.resolve() == found.out.resolve():
        raise ConfigError(f"{found.out} would be written over; name another OUT.")
    if found.images.is_dir():
        inside = sorted(path.relative_to(found.images) for path in found.images.rglob("*") if path.is_file())
        names = [path for path in inside if is_image(path.as_posix())]
        if not names:
            raise DataError(f"{found.images} holds no image.")
        yield from ((found.images / name, found.out / _name(name)) for name in names)
    elif found.images.is_file():
        into = found.out.is_dir() or not found.out.suffix
        yield found.images, found.out / _name(Path(found.images.name)) if into else _name(found.out)
    else:
        raise DataError(f"there is no {found.images}: name an image, or a folder of images.")


def _name(path: Path) -> Path:
    return path if path.suffix.lower() in _WRITTEN else path.with_name(f"{path.name}.png")


def translate_file(model: Model, path: Path, found: Translate) -> Image.Image:
    """One image file as the model translates it. Raises UnusableImage."""
    channels, side = model.spec.channels, found.window or model.spec.resolution
    try:
        with path.open("rb") as stream:
            image = decode(stream)[0].convert("L" if channels == 1 else "RGB")
    except OSError as error:
        raise UnusableImage(f"cannot be read: {error.strerror or error}") from error
    if found.resize:
        image = square(image, side, Plan.read(model.facts).data.fit)[0]
    return as_picture(_translated(model, torch.from_numpy(np.array(as_pixels(image))), side, found))


def _translated(model: Model, image: Tensor, side: int, found: Translate) -> np.ndarray:
    """uint8 [C, H, W], there and back; no more than a band of it in floating numbers at once."""
    height, width = image.shape[1:]
    spare = (0, max(0, side - width), 0, max(0, side - height))
    padded = F.pad(image[None].float(), spare, mode="replicate")[0].to(torch.uint8) if any(spare) else image
    overlap = side // 8 if found.overlap is None else found.overlap

    def read(top: int, left: int) -> Tensor:
        return pixels(padded[None, :, top : top + side, left : left + side])[0]

    def work(windows: Tensor) -> Tensor:
        return model.translate(windows, found.origin, seed=found.seed).as_subclass(Tensor)

    made = bands(read, padded.shape[1], padded.shape[2], work, side, overlap)
    return np.concatenate([to_uint8(band[None])[0].numpy() for band in made], 1)[:, :height, :width]


def _write(image: Image.Image, path: Path) -> None:
    with disk_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=95)
