"""project: find the latent or the styles whose image is a given one, to edit it like any other."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.progress import StderrProgress, keeping
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.data.sources.remarks import Remark, sentences
from saddlepoint.deploy.classes import class_number
from saddlepoint.deploy.destination import Destination, same_file
from saddlepoint.deploy.label import disclosed, labelled
from saddlepoint.deploy.originals import originals
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.codes import Space, check_space, save_code, spaces
from saddlepoint.latent.encoder import Encoder, default_path, encode, load_encoder
from saddlepoint.latent.hybrid import hybrid
from saddlepoint.latent.load_image import load_image
from saddlepoint.latent.perceptual import Kind
from saddlepoint.latent.project import Projected, Projection, project
from saddlepoint.report.captioned import captioned
from saddlepoint.report.tables import print_table
from saddlepoint.report.wording import duration
from saddlepoint.text import counted

By = Literal["optimisation", "encoder", "hybrid"]
_SHOWN = 16  # images in the picture


@dataclass(frozen=True, kw_only=True)
class Project:
    """Find the code of each given image: the latent or the styles that the model makes it from, as nearly as it can.

    The images are brought to the form of the training images first. Ctrl-C keeps what was found by then.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """folder of a run, RUN/best, or of one of its checkpoints"""
    images: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="IMAGE")]
    """one or more images, or folders of images"""
    by: By | None = None
    """method: optimisation (gradient descent from the nearest of many samples), encoder (one pass of a trained
    encoder), or hybrid (descent from the encoder's result); by default hybrid if the run has an encoder for the space,
    else optimisation"""
    space: Space | None = None
    """latent space: z (the latent), w (one style for all layers) or w+ (one style per layer: closest fit, harder to
    edit); by default w+ where the model has styles, else z"""
    encoder: Path | None = None
    """file of an encoder; by default RUN/encoders/SPACE.safetensors, which `saddle edit encode` writes"""
    steps: int = 300
    """optimisation steps"""
    seconds: float | None = None
    """stop after this many seconds for all images together, if that comes first"""
    lr: float = 0.1
    """highest learning rate, in standard deviations of a latent coordinate"""
    prior: float = 0.0
    """weight of the distance to the mean latent; try 0.01 if results are hard to edit"""
    noise: bool = True
    """optimise the noise maps too, if the model has them"""
    candidates: int = 128
    """number of samples among which the start is chosen; 0 starts from the mean latent"""
    distance: Kind = "auto"
    """perceptual distance to minimise: lpips, or pyramid, which needs no weights; auto takes lpips from 64 pixels up if
    its weights are in the cache"""
    label: str | None = None
    """class of all images, by name or number, for a conditional model; by default that of the nearest sample, or the
    encoder's estimate"""
    batch: int = 16
    """images worked on at once"""
    seed: int = 0
    """random seed of the samples and noise"""
    out: Path | None = None
    """folder to write into; by default RUN/projected"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit project RUN IMAGE`."""
    options = parsed(Project, "saddle edit project", arguments)
    settings = Projection(
        steps=options.steps, seconds=options.seconds, lr=options.lr, prior=options.prior, noise=options.noise,
        candidates=options.candidates, seed=options.seed,
    )  # fmt: skip
    model = load(options.run, device=options.device)
    space = check_space(model, options.space or spaces(model)[-1])
    by, encoder = _way(model, options, space)
    folder = options.out or model.home / "projected"
    paths = given_paths(model, options.images, folder)
    label = class_number(model, options.label, say)
    images, remarks = read_given(model, paths)
    progress = StderrProgress("steps", options.steps * -(-len(images) // options.batch))
    with keeping() as stop:
        if encoder is None:
            result = project(
                model, images, space=space, settings=settings, label=label, kind=options.distance,
                batch=options.batch, progress=progress, stop=stop,
            )  # fmt: skip
        elif by == "encoder":
            result = encode(model, encoder, images, label=label, kind=options.distance)
        else:
            result = hybrid(
                model, encoder, images, settings=settings, label=label, kind=options.distance, batch=options.batch,
                progress=progress, stop=stop,
            )  # fmt: skip
    _write(model, folder, by, paths, images, result)
    for sentence in sentences(remarks):
        print(sentence, file=sys.stderr)
    return 0


def _way(model: Model, options: Project, space: Space) -> tuple[By, Encoder | None]:
    """How to search, and the encoder where it needs one."""
    path = options.encoder or default_path(model, space)
    by = options.by or ("hybrid" if options.encoder is not None or path.is_file() else "optimisation")
    if by == "optimisation":
        return by, None
    encoder = load_encoder(path, model)
    if encoder.space != space:
        raise ConfigError(f"{path} is an encoder into {encoder.space}, not {space}: use --space {encoder.space}.")
    return by, encoder


def given_paths(model: Model, inputs: tuple[Path, ...], folder: Path) -> list[Path]:
    """The image files that are meant. Raises DataError where there are none, or results would be written over them."""
    paths: list[Path] = []
    for path in inputs:
        if path.is_dir():
            paths += originals(path, folder, lambda disclosure: disclosure.version == model.version, say)
        else:
            paths.append(path)
    if not paths:
        raise DataError("name one or more images after the run, or a folder of them.")
    if len({path.stem for path in paths}) < len(paths):
        raise DataError("two of these images have the same name, and so would their codes: project them one by one.")
    if any(same_file(path.parent, folder) for path in paths):
        raise DataError(f"the results would be written over images in {folder}: name another --out.")
    return paths


def say(text: str) -> None:
    print(text, file=sys.stderr)


def read_given(model: Model, paths: list[Path]) -> tuple[Tensor, Counter[Remark]]:
    """The images as the model was shown its training images, [n, C, S, S], and how many were changed in which way."""
    images: list[Tensor] = []
    remarks: Counter[Remark] = Counter()
    for path in paths:
        try:
            image, changes = load_image(model, path)
        except UnusableImage as error:
            raise DataError(f"{path}: {error}.") from error
        images.append(image)
        remarks.update(changes)
    return torch.stack(images), remarks


def _write(model: Model, folder: Path, by: By, paths: list[Path], images: Tensor, result: Projected) -> None:
    """A code and an image for each, one picture of all, and a table."""
    settings = {"edit": "project", "by": by, "space": result.code.space, "steps": result.steps}
    disclosure = disclosed(model, "modified", settings)
    rows, tiles = [], []
    for row, path in enumerate(paths):
        facts = {"method": model.name, "version": model.version, "by": by, "image": path.name}
        rebuilt = result.images[row]
        target = Destination(folder / f"{path.stem}.safetensors", folder / f"{path.stem}.png", named=False)
        with target as (code_file, image_file):
            save_code(result.code.at(slice(row, row + 1)), code_file, facts)
            image_file.write_bytes(labelled(as_picture(to_uint8(rebuilt[None])[0].numpy()), disclosure))
        tiles += [images[row], rebuilt, (rebuilt - images[row]).abs() - 1]
        figures = {"pixel_error": result.error, "PSNR_dB": result.psnr, "perceptual": result.perceptual}
        rows.append({"name": path.name, **{name: float(values[row]) for name, values in figures.items()}})
    strip = captioned(tiles[: 3 * _SHOWN], [path.name for path in paths[:_SHOWN]], ["given", "found", "difference"])
    target = Destination(folder / "before-after.png", named=False)
    with target as (file,):
        file.write_bytes(labelled(strip, disclosure))
    print_table(rows)
    steps = f", {counted(result.steps, 'step')}" if by != "encoder" else ""
    early = ", stopped early" if result.stopped else ""
    print(f"by {by} in {result.code.space}{steps}, {duration(result.seconds)}{early}")
    print(f"pixel error: root mean square, pixels go from -1 to 1; perceptual: {result.distance}")
    print(f"{target.path}, and for each image a .safetensors that other edits take")
