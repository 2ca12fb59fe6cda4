"""rephotograph: take an old photograph anew, in the colours and the sharpness that the model knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.progress import StderrProgress, keeping
from saddlepoint.cli.edit.project import given_paths, read_given, say
from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.data.sources.remarks import sentences
from saddlepoint.deploy.classes import class_number
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.label import disclosed, labelled
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.codes import save_code
from saddlepoint.latent.perceptual import Kind
from saddlepoint.latent.rephotograph import Film, Rephotographed, Rephotography, rephotograph
from saddlepoint.report.captioned import captioned
from saddlepoint.report.tables import print_table
from saddlepoint.report.wording import duration
from saddlepoint.text import counted

_SHOWN = 16  # photographs in the picture


@dataclass(frozen=True, kw_only=True)
class Rephotograph:
    """Take each old photograph anew: find the image of the model that the film of that time and the years since would
    have made into it.

    Colours are what the model finds likely, not what was there. The photographs are brought to the form of the training
    images first, and best show what the model was trained on, cut alike. Ctrl-C keeps what was found by then.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """folder of a run, RUN/best, or of one of its checkpoints"""
    images: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO")]
    """one or more photographs, or folders of them"""
    film: Film = "luma"
    """what the film saw: blue (until about 1873), blue-green (orthochromatic, until about 1910 and long after in
    studios), or luma (since)"""
    blur: float = 0.0
    """how unsharp the photographs are: deviation of a Gaussian, in pixels of the model's images"""
    steps: int = 300
    """optimisation steps"""
    seconds: float | None = None
    """stop after this many seconds for all photographs together, if that comes first"""
    lr: float = 0.1
    """highest learning rate, in standard deviations of a latent coordinate"""
    film_lr: float = 0.01
    """learning rate of the curve that the film and the years have drawn"""
    prior: float = 0.01
    """weight of the pull to what is likely, which chooses the colours; more if results look torn"""
    noise: bool = True
    """optimise the noise maps too, if the model has them"""
    candidates: int = 128
    """number of samples among which the start is chosen"""
    distance: Kind = "auto"
    """perceptual distance to minimise: lpips, or pyramid, which needs no weights; auto takes lpips from 64 pixels up if
    its weights are in the cache"""
    label: str | None = None
    """class of all photographs, by name or number, for a conditional model; by default that of the nearest sample"""
    batch: int = 16
    """photographs worked on at once"""
    seed: int = 0
    """random seed of the samples and noise"""
    out: Path | None = None
    """folder to write into; by default RUN/rephotographed"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit rephotograph RUN PHOTO`."""
    options = parsed(Rephotograph, "saddle edit rephotograph", arguments)
    settings = Rephotography(
        film=options.film, blur=options.blur, film_lr=options.film_lr, steps=options.steps, seconds=options.seconds,
        lr=options.lr, prior=options.prior, noise=options.noise, candidates=options.candidates, seed=options.seed,
    )  # fmt: skip
    model = load(options.run, device=options.device)
    folder = options.out or model.home / "rephotographed"
    paths = given_paths(model, options.images, folder)
    label = class_number(model, options.label, say)
    images, remarks = read_given(model, paths)
    progress = StderrProgress("steps", options.steps * -(-len(images) // options.batch))
    with keeping() as stop:
        result = rephotograph(
            model, images, settings=settings, label=label, kind=options.distance, batch=options.batch,
            progress=progress, stop=stop,
        )  # fmt: skip
    _write(model, folder, settings, paths, result)
    for sentence in sentences(remarks):
        say(sentence)
    return 0


def _write(model: Model, folder: Path, settings: Rephotography, paths: list[Path], result: Rephotographed) -> None:
    """A code and an image for each, one picture of all, and a table."""
    known = {"edit": "rephotograph", "film": settings.film, "space": result.code.space, "steps": result.steps}
    disclosure = disclosed(model, "modified", known)
    rows, tiles = [], []
    channels = (model.spec.channels, -1, -1)
    for row, path in enumerate(paths):
        facts = {"method": model.name, "version": model.version, "film": settings.film, "image": path.name}
        anew = result.images[row]
        target = Destination(folder / f"{path.stem}.safetensors", folder / f"{path.stem}.png", named=False)
        with target as (code_file, image_file):
            save_code(result.code.at(slice(row, row + 1)), code_file, facts)
            image_file.write_bytes(labelled(as_picture(to_uint8(anew[None])[0].numpy()), disclosure))
        tiles += [result.photographs[row].expand(channels), result.aged[row].expand(channels), anew]
        curve = {name: getattr(result.ageing, name) for name in ("offset", "gain", "gamma")}
        figures = {"error": result.error, **curve}
        rows.append({"name": path.name, **{name: float(values[row]) for name, values in figures.items()}})
    names = [path.name for path in paths[:_SHOWN]]
    strip = captioned(tiles[: 3 * _SHOWN], names, ["given", "aged again", "anew"])
    target = Destination(folder / "before-after.png", named=False)
    with target as (file,):
        file.write_bytes(labelled(strip, disclosure))
    print_table(rows)
    early = ", stopped early" if result.stopped else ""
    print(f"{settings.film} film, {counted(result.steps, 'step')}, {duration(result.seconds)}{early}")
    print("error: root mean square of what was given and what the film makes of the new one; pixels go from -1 to 1")
    print("a print is offset + gain x light^gamma, from 0 to 1")
    print(f"{target.path}, and for each photograph a .safetensors that other edits take")
