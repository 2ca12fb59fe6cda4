"""translate: make each image of a file or folder into another one, at its own size and under its own name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.bundle import Model, load
from saddlepoint.data.sources.decode import TooLarge, UnusableImage, decode
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.large import LargeImage
from saddlepoint.data.sources.names import is_image
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.deploy.large import check_target, translate_large
from saddlepoint.deploy.translate import translated
from saddlepoint.engine.plan import Plan
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import TranslatesLike
from saddlepoint.report.pace import paced
from saddlepoint.text import counted

_WRITTEN = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""endings that a file keeps; others get .png added"""


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Make each image into another one with a trained model.

    An image larger than those trained on is worked on in windows that overlap and are blended, a smaller one is padded
    with its edge first; both keep their size. Up to 100 megapixels an image is decoded whole; larger ones are read and
    written in rows by libvips (pip install 'saddlepoint[large]'), with memory for two rows of windows. All
    but small TIFF files and BMP say in their metadata that a model changed them.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """the folder of a run, of one of its checkpoints or of a saved model, or hub:OWNER/NAME"""
    images: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="IN")]
    """an image, or a folder that is searched through"""
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]
    """the file to write, or the folder, where each image gets its own name"""
    origin: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """which kind the images are, where the model knows more ways than one: a or b"""
    seed: int = 0
    """of what an image leaves open, where a model draws it"""
    like: Path | None = None
    """an image of the kind that they become, to take from it what they leave open, instead of drawing that"""
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
    reference = None if found.like is None else _reference(model, found.like)
    skipped, written = [], []
    jobs = list(_jobs(found))
    for ((path, target),) in paced(([job] for job in jobs), len(jobs), "images"):
        try:
            translate_file(model, path, target, found, reference)
            written.append(target)
        except UnusableImage as error:
            skipped.append(f"{path}: {error}")
            if len(jobs) > 1:
                print(f"skipped {skipped[-1]}", file=sys.stderr)
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


def _reference(model: Model, path: Path) -> Tensor:
    """An image file brought to the shape that the model was trained on, [C, S, S] in [-1, 1].

    Raises CapabilityError for a model that takes nothing from one, DataError for a file that cannot be used.
    """
    if not isinstance(model.method, TranslatesLike):
        raise CapabilityError(f"{model.name} takes nothing from a reference: leave out --like.")
    try:
        image = _decoded(path, model.spec.channels)
    except (OSError, UnusableImage) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be the reference: {reason}.") from error
    fitted = square(image, model.spec.resolution, Plan.read(model.facts).data.resize)[0]
    return pixels(torch.from_numpy(np.array(as_pixels(fitted)))[None])[0]


def _decoded(path: Path, channels: int) -> Image.Image:
    with path.open("rb") as stream:
        return decode(stream)[0].convert("L" if channels == 1 else "RGB")


def translate_file(model: Model, path: Path, target: Path, found: Translate, reference: Tensor | None = None) -> None:
    """One image file as the model translates it, as another file.

    reference: [C, S, S] in [-1, 1], an image that gives what theirs leaves open. Raises UnusableImage.
    """
    channels, side = model.spec.channels, found.window or model.spec.resolution
    drawn = {"seed": found.seed} if found.like is None else {"like": found.like.name}
    disclosure = disclosed(model, "modified", {"from": found.origin, **drawn})

    def work(windows: Tensor) -> Tensor:
        return model.translate(windows, found.origin, seed=found.seed, reference=reference).as_subclass(Tensor)

    try:
        image = _decoded(path, channels)
    except TooLarge:
        if found.resize:
            raise
        large = LargeImage(path, channels)
        if min(large.width, large.height) < side:
            raise UnusableImage(f"is large and still less than {side} pixels high or wide; say a --window") from None
        check_target(target, large.width, large.height)
        return translate_large(large, target, channels, work, side, found.overlap, disclosure)
    except OSError as error:
        raise UnusableImage(f"cannot be read: {error.strerror or error}") from error
    if found.resize:
        image = square(image, side, Plan.read(model.facts).data.resize)[0]
    made = as_picture(translated(torch.from_numpy(np.array(as_pixels(image))), work, side, found.overlap))
    write(made, target, disclosure)
