"""scatter: see where an encoder puts images of each class, and how well its codes part them; or watch it learn to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
import tyro
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import Run, check_ending, under
from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.deploy.destination import check_new, chosen
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import pixels
from saddlepoint.latent.components import axes
from saddlepoint.latent.inference import Inferred, check_infers, infer
from saddlepoint.latent.separability import Separability, check_separable, separability
from saddlepoint.report.grids import save_png
from saddlepoint.report.motion import MOVING, check_motion, save_motion
from saddlepoint.report.pace import paced
from saddlepoint.report.scatter import COLOURS, frame, scatter
from saddlepoint.report.tables import print_table
from saddlepoint.text import counted

_MOST = 2000
"""images that are encoded"""


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Draw where a model's encoder puts images, a colour for each class, and say how well the codes part the classes.

    A code of two numbers is drawn as it is, a longer one by its first two principal components. The figures are of the
    whole code: the share of images whose class the five nearest neighbours name, and logistic regression, each fitted
    to other images, and what always naming the largest class would get. Where --out ends with .gif or .mp4 each
    checkpoint that the run kept is a frame, all with the same axes, the last one's.
    """

    run: Run
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    classes: tuple[str, ...] = ()
    """names of the classes to show, such as `--classes 2 3`; by default all"""
    draws: int = 0
    """number of codes to sample per image, beside the mean code; overlapping clouds are classes that the decoder cannot
    tell apart"""
    reference: Literal["train", "held-out"] = "held-out"
    """images to encode: held-out or training images; at most 2,000"""
    rate: Annotated[int, tyro.conf.arg(metavar="FPS")] = 4
    """frames per second of a GIF or MP4"""
    out: Path | None = None
    """file to write: .png, .gif or .mp4; by default a PNG under RUN/edited"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


class _Shown(NamedTuple):
    """Images with the classes that they are of."""

    images: Tensor
    labels: Tensor
    """[n], places in `names`; all 0 where there are no classes"""
    names: tuple[str, ...]


class _Moment(NamedTuple):
    """What one checkpoint makes of them."""

    images: int
    """shown in training until then"""
    codes: Inferred
    parted: dict[str, Separability]
    """by "mean", and by "draw" of one code each; empty where nothing can be said"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit scatter RUN`."""
    options = parsed(Scatter, "saddle edit scatter", arguments)
    _check(options)
    model = load(options.run, device=options.device)
    check_infers(model, options.draws)
    moves = options.out is not None and options.out.suffix.lower() in MOVING
    paths = _kept(options.run, model) if moves else []
    shown = _chosen(model, options)
    parts = _parts(shown)
    models: Iterator[Model] = (load(path, device=options.device) for path in paths) if moves else iter([model])
    one_by_one = paced(([each] for each in models), len(paths), "checkpoints")
    moments = [_moment(each, shown, options.draws, parts) for (each,) in one_by_one]
    pictures = _pictures(model, moments, shown, options)
    drawn = f"draws-{options.draws}" if options.draws else ""
    target = chosen(options.out, under(model, "scatter", *options.classes, drawn, suffix=".png"))
    caption = f"made by {model.title}: where it encodes {len(shown.images):,} {options.reference} images"
    with target as (file,):
        if moves:
            hold = repeat(pictures[-1], 2 * options.rate)  # time to look at how it ended
            save_motion((*pictures, *hold), file, options.rate, caption)
        else:
            save_png(pictures[0], file, caption)
    if parts:
        print_table([_row(moment) for moment in moments], f"images whose class codes of {model.name} tell")
    print(target.path)
    return 0


def _check(options: Scatter) -> None:
    if options.draws < 0 or options.draws > 100:
        raise ConfigError(f"--draws cannot be {options.draws}: 0 to 100 codes of an image are drawn.")
    if options.out is None:
        return
    check_ending(options.out, (".png", *MOVING))
    check_new(options.out)
    if options.out.suffix.lower() in MOVING:
        check_motion(options.out, options.rate)


def _kept(run: Path, model: Model) -> list[Path]:
    """The checkpoints of a run, oldest first. Raises ConfigError where there is nothing to move through."""
    paths = files.listing(Folder(run).checkpoints)
    if len(paths) < 2:
        every = max(1, model.facts.get("run", {}).get("examples", 200_000) // 40)
        raise ConfigError(
            f"{run} keeps {counted(len(paths), 'checkpoint')}, and each is a frame: train with"
            f" --checkpoint-every {every} --keep-checkpoints 40, and give the folder of the run."
        )
    return paths


def _chosen(model: Model, options: Scatter) -> _Shown:
    """The images to encode, on the CPU."""
    data, settings = data_of(model, lambda text: print(text, file=sys.stderr))
    train, held_out = data.split(settings.held_out)
    rows = train if options.reference == "train" else held_out
    if not len(rows):
        raise ConfigError("nothing was held out of this run; use --reference train.")
    names = _names(data, options.classes)
    places = [data.classes.index(name) for name in names]
    if data.labels is not None:
        rows = rows[np.isin(data.labels[rows], places)]
    rows = np.sort(numpy_generator("scattered", len(rows)).permutation(rows)[:_MOST])
    if not len(rows):
        raise DataError(f"no {options.reference} image is of class {', '.join(names)}; choose others.")
    raw = torch.from_numpy(np.array(data.images[rows]))
    labels = np.zeros(len(rows), np.int64) if data.labels is None else data.labels[rows]
    order = {place: number for number, place in enumerate(places)}
    numbers = torch.tensor([order.get(label, 0) for label in labels.tolist()])
    return _Shown(pixels(raw) if raw.dtype == torch.uint8 else raw, numbers, names)


def _names(data: Dataset, wanted: Sequence[str]) -> tuple[str, ...]:
    """The classes to show; none where there are no labels. Raises ConfigError for what cannot be shown."""
    if data.labels is None:
        if wanted:
            raise ConfigError(f"{data.source} has no labels: leave out --classes.")
        return ()
    for name in wanted:
        if name not in data.classes:
            raise ConfigError(f"no class is called {name!r}{nearest(name, data.classes)}")
    names = tuple(dict.fromkeys(wanted)) or data.classes
    if len(names) > len(COLOURS):
        raise ConfigError(
            f"a scatter shows at most {len(COLOURS)} classes, and there are {len(names)}: choose by --classes, such as"
            f" --classes {' '.join(names[:2])}."
        )
    return names


def _parts(shown: _Shown) -> bool:
    """Whether a figure can be had; says why not where there are classes."""
    if len(shown.names) < 2:
        return False
    try:
        check_separable(shown.labels, shown.names)
    except DataError as error:
        print(f"no figure of separability: {error}", file=sys.stderr)
        return False
    return True


def _moment(model: Model, shown: _Shown, draws: int, parts: bool) -> _Moment:
    codes = infer(model, shown.images, draws=draws)
    if codes.mean.shape[1] < 2:
        raise CapabilityError(f"{model.name} has codes of one number, which make no scatter; train it with more.")
    kinds = {"mean": codes.mean, **({"draw": codes.drawn[0]} if draws else {})} if parts else {}
    parted = {kind: separability(each, shown.labels, shown.names) for kind, each in kinds.items()}
    return _Moment(model.clock.examples, codes, parted)


def _pictures(model: Model, moments: Sequence[_Moment], shown: _Shown, options: Scatter) -> list[Image.Image]:
    """A picture of each moment, all with the axes of the last."""
    last = moments[-1].codes.mean
    count, middle, across = last.shape[1], torch.zeros(last.shape[1]), torch.eye(last.shape[1])
    words = "both numbers of the code"
    if count > 2:
        across, variance = axes(last, 2)
        middle, across = last.mean(0), across.float()
        share = float(variance[:2].sum() / variance.sum()) if variance.sum() else 0.0
        when = " at the end" if len(moments) > 1 else ""
        words = f"first two principal components of {count} numbers{when} ({share:.0%} of variance)"
    flat = [tuple((part - middle) @ across.T for part in moment.codes) for moment in moments]
    limits = frame(torch.cat([part.reshape(-1, 2) for pair in flat for part in pair]))
    of = f"{len(shown.images):,} {'held-out' if options.reference == 'held-out' else 'training'} images"
    lower = [words]
    if options.draws:
        lower.append(f"large: the mean of each code; small: {counted(options.draws, 'draw')} of it")
    return [
        scatter(
            mean,
            shown.labels,
            shown.names,
            limits,
            [f"{model.name} after {moment.images:,} images: codes of {of}", *lower, *_said(moment)],
            drawn,
        )
        for moment, (mean, drawn) in zip(moments, flat)
    ]


def _said(moment: _Moment) -> Iterator[str]:
    for kind, each in moment.parted.items():
        chance = f", {each.chance:.1%} by chance" if kind == "mean" else ""
        of = "the mean" if kind == "mean" else "one draw"
        yield f"class from {of}: {each.nearest:.1%} right by neighbours, {each.linear:.1%} linearly{chance}"


def _row(moment: _Moment) -> dict[str, object]:
    """A line of the table."""
    row: dict[str, object] = {"images shown": moment.images}
    for kind, each in moment.parted.items():
        row |= {f"{kind}: neighbours": f"{each.nearest:.1%}", f"{kind}: linear": f"{each.linear:.1%}"}
    return {**row, "chance": f"{moment.parted['mean'].chance:.1%}"}
