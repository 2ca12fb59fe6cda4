"""attributes: make given images again with other attributes, by a model that finds them, such as icgan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import Run, check_ending, under
from saddlepoint.cli.edit.project import read_given
from saddlepoint.config import nearest
from saddlepoint.data.sources.names import is_image
from saddlepoint.data.sources.remarks import sentences
from saddlepoint.deploy.destination import check_new, chosen
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.methods.tasks import knows
from saddlepoint.report.captioned import captioned

_MOST = 24  # images in the sheet


@dataclass(frozen=True, kw_only=True)
class ChangeAttributes:
    """Draw a sheet: each image, what the model makes of it again, and that with attributes changed.

    Without --set there is a column for each attribute, changed to what the image does not have.
    """

    endings: ClassVar[tuple[str, ...]] = (".png",)

    run: Run
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    images: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="IMAGE")]
    """one or more images, or folders of images; at most 24"""
    set: tuple[str, ...] = ()
    """what each column shows: smiling adds an attribute, no-smiling takes it away, smiling,no-glasses does both; by
    default each attribute in turn"""
    out: Path | None = None
    """file to write, by default one under RUN/edited"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit attributes RUN IMAGE...`."""
    options = parsed(ChangeAttributes, "saddle edit attributes", arguments)
    if options.out is not None:
        check_ending(options.out, options.endings)
        check_new(options.out)
    model = load(options.run, device=options.device)
    if not knows(model.method, "edit"):
        raise CapabilityError(f"{model.name} finds no attributes in an image: train icgan on images that have some.")
    method: Any = model.method
    names = method.conditions(model.nets)["attributes"].names
    settings = [changes(text, names) for text in options.set]
    paths = _paths(options.images)
    images, remarks = read_given(model, paths)
    with torch.no_grad():
        tiles = sheet(model, images, settings)
    columns = ["given", "made again", *(options.set or names)]
    title = "attributes changed" if options.set else "each attribute changed to what the image does not have"
    picture = captioned(list(tiles.flatten(0, 1)), [path.stem for path in paths], columns, title)
    words = ("attributes", paths[0].stem, *options.set)
    target = chosen(options.out, under(model, *words, suffix=".png"))
    with target as (file,):
        write(picture, file, disclosed(model, "modified", {"edit": title}), f"modified by {model.title}: {title}")
    for sentence in sentences(remarks):
        print(sentence, file=sys.stderr)
    print(target.path)
    return 0


def changes(text: str, names: Sequence[str]) -> dict[int, float]:
    """What "smiling,no-glasses" sets, by column: {0: 1.0, 1: 0.0}. Raises ConfigError for an unknown attribute."""
    values: dict[int, float] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        off = word not in names and word.startswith("no-")
        name = word.removeprefix("no-") if off else word
        if name not in names:
            raise ConfigError(f"no attribute is called {name!r}{nearest(name, tuple(names))}")
        values[list(names).index(name)] = 0.0 if off else 1.0
    if not values:
        raise ConfigError("--set names no attribute: write smiling, or no-glasses.")
    return values


def sheet(model: Model, images: Tensor, settings: Sequence[dict[int, float]]) -> Tensor:
    """Images [n, C, H, W], then again, then edited: [n, columns, C, H, W] on the CPU.

    settings: what each column sets; empty for one column an attribute, changed to the other.
    """
    method: Any = model.method
    originals = images.to(model.device)
    holds = method.attributes_of(model.nets, originals)
    columns = [holds]
    for number in range(len(settings) or holds.shape[1]):
        other = holds.clone()
        if settings:
            for place, value in settings[number].items():
                other[:, place] = value
        else:
            other[:, number] = (holds[:, number] < 0.5).float()
        columns.append(other)
    edited = [method.edit(model.nets, originals, each).clamp(-1, 1).cpu() for each in columns]
    return torch.stack([images, *edited], 1)


def _paths(inputs: Sequence[Path]) -> list[Path]:
    """The image files that are meant. Raises DataError where there are none, or too many for one sheet."""
    paths: list[Path] = []
    for path in inputs:
        paths += sorted(each for each in path.iterdir() if is_image(each.name)) if path.is_dir() else [path]
    if not paths:
        raise DataError("name one or more images after the run, or a folder of them.")
    if len(paths) > _MOST:
        raise DataError(f"a sheet holds {_MOST} images, and these are {len(paths)}: name fewer.")
    return paths
