"""embed: describe images by a model's codes: tables, flat pictures by PCA and t-SNE, and the nearest of each image."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.originals import originals
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.keyed import numpy_generator
from saddlepoint.latent.load_image import load_image
from saddlepoint.report.embedding import (
    Codes,
    Metric,
    flat_picture,
    nearest,
    neighbour_sheet,
    neighbourly,
    principal,
)
from saddlepoint.report.grids import save_png
from saddlepoint.report.pace import paced
from saddlepoint.report.scatter import COLOURS
from saddlepoint.text import counted, printable

_MOST = 10_000  # images of one call
_MOST_IN_T_SNE = 3_000  # images that t-SNE places, in about a minute
_NUMBERS = 2_000_000  # of a table in CSV; codes.npy holds more
_ROWS = 12  # images with a row in the sheet of neighbours
_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Embed:
    """Describe each image of a folder by a model's code, and show which images are alike.

    The folder that is made holds codes.npy ([images, numbers]) and codes.csv (with file names), places.csv (each
    image's place by PCA and t-SNE, and its nearest), and the pictures pca.png, t-sne.png and neighbours.png.
    Sub-folders are the classes that the pictures colour, where there are 2 to 10 of them. Any model that encodes images
    can do it: autoencoders, VAEs, sparse coding, siamese networks.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    images: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """folder of images to describe, searched through; at most 10,000"""
    out: Path | None = None
    """folder to write, which must be new; by default a new one under RUN/embedded"""
    neighbours: int = 5
    """how many of the nearest others are named for each image"""
    distance: Metric = "euclidean"
    """of two codes: euclidean, or cosine, which compares directions alone"""
    perplexity: float | None = None
    """how many neighbours t-SNE gives each image, about; by default 30, and a third of the images where they are few"""
    dimensions: Literal[2, 3] = 2
    """of the places by PCA and t-SNE; three are shown from three sides"""
    seed: int = 0
    """random seed of t-SNE, and of which images it places where there are more than 3,000"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle embed RUN FOLDER`."""
    options = parsed(Embed, "saddle embed", arguments)
    if not 1 <= options.neighbours <= 20:
        raise ConfigError(f"--neighbours cannot be {options.neighbours}: 1 to 20 are named.")
    model = load(options.run, device=options.device)
    model.check_embeds()
    if len(model.spec.shape) != 3:
        raise CapabilityError(f"{model} describes points, which no image is: use `Model.embed` from Python.")
    out = options.out or model.home / "embedded" / options.images.resolve().name
    target = Destination(out, named=options.out is not None, folders=True)
    paths = _paths(options.images)
    images, codes, paths = _encoded(model, paths)
    if len(paths) < 2:
        raise DataError(f"{options.images} holds one image that can be used; two or more are compared.")
    names = [path.relative_to(options.images).as_posix() for path in paths]
    rows, distances = nearest(codes, min(options.neighbours, len(paths) - 1), options.distance)
    labels, classes = _classes(names)
    flat, share = principal(codes, options.dimensions)
    placed = _placed(codes, options)
    heading = f"{model.name}: codes of {counted(len(names), 'image')}, {codes.shape[1]:,} numbers each"
    with target as (folder,):
        folder.mkdir(exist_ok=True)
        _write_codes(folder, codes, names)
        _write_places(folder, names, flat, placed, rows, distances)
        words = f"first {options.dimensions} principal components ({share:.0%} of variance)"
        save_png(flat_picture(flat, labels, classes, [heading, words]), folder / "pca.png", f"{heading}: {words}.")
        if placed is not None:
            where, perplexity, chosen = placed
            words = f"t-SNE of {counted(len(chosen), 'image')}, perplexity {perplexity:g}, seed {options.seed}"
            picture = flat_picture(where, labels[chosen], classes, [heading, words])
            save_png(picture, folder / "t-sne.png", f"{heading}: {words}.")
        shown = np.linspace(0, len(names) - 1, min(_ROWS, len(names))).astype(int).tolist()
        save_png(neighbour_sheet(images, names, rows, shown), folder / "neighbours.png", f"{heading}, and the nearest.")
    print(printable(str(target.path)))
    return 0


def _paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: name one that holds images.")
    paths = originals(folder, None, lambda disclosure: False)
    if len(paths) > _MOST:
        raise ConfigError(f"{folder} has {len(paths):,} images; at most {_MOST:,} are described in one call.")
    return paths


def _encoded(model: Model, paths: list[Path]) -> tuple[Tensor, Codes, list[Path]]:
    """Images as the model was shown its own, [n, C, H, W], their codes and the files that could be used."""
    images: list[Tensor] = []
    codes: list[np.ndarray] = []
    used: list[Path] = []
    parts = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    for part in paced(parts, len(paths), "images"):
        loaded = []
        for path in part:
            try:
                loaded.append(load_image(model, path)[0])
                used.append(path)
            except UnusableImage as error:
                print(printable(f"skipped {path}: {error}"), file=sys.stderr)
        if loaded:
            images.append(torch.stack(loaded))
            codes.append(model.embed(images[-1]).numpy())
    if not images:
        raise DataError(f"{paths[0].parent} holds no image that can be used.")
    return torch.cat(images), np.concatenate(codes), used


def _classes(names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Each image's class by its first folder, int64 [n], and their names; zeros and none where that is no help."""
    firsts = [name.partition("/")[0] if "/" in name else "" for name in names]
    classes = tuple(sorted(set(firsts)))
    if "" in classes or not 2 <= len(classes) <= len(COLOURS):
        return np.zeros(len(names), np.int64), ()
    return np.array([classes.index(first) for first in firsts], np.int64), classes


def _placed(codes: Codes, options: Embed) -> tuple[Codes, float, np.ndarray] | None:
    """Places by t-SNE with the perplexity, and the rows that have one; None for fewer than four images."""
    if len(codes) < 4:
        print("no t-SNE of fewer than four images.", file=sys.stderr)
        return None
    chosen = np.arange(len(codes))
    if len(codes) > _MOST_IN_T_SNE:
        chosen = np.sort(numpy_generator(options.seed, "placed").permutation(len(codes))[:_MOST_IN_T_SNE])
        print(f"t-SNE places {_MOST_IN_T_SNE:,} of the {len(codes):,} images.", file=sys.stderr)
    usual = min(30.0, max(1.01, (len(chosen) - 1) / 3))
    perplexity = usual if options.perplexity is None else options.perplexity
    where = neighbourly(codes[chosen], options.dimensions, perplexity, options.seed, options.distance)
    return where, perplexity, chosen


def _write_codes(folder: Path, codes: Codes, names: list[str]) -> None:
    np.save(folder / "codes.npy", codes, allow_pickle=False)
    if codes.size > _NUMBERS:
        print(f"codes.npy alone holds the {codes.size:,} numbers; a table of so many is no use.", file=sys.stderr)
    with (folder / "codes.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        wide = codes if codes.size <= _NUMBERS else codes[:, :0]
        table.writerow(["file", *map(str, range(wide.shape[1]))])
        table.writerows([name, *(f"{value:.7g}" for value in row)] for name, row in zip(names, wide.tolist()))


def _write_places(
    folder: Path,
    names: list[str],
    flat: Codes,
    placed: tuple[Codes, float, np.ndarray] | None,
    rows: np.ndarray,
    distances: np.ndarray,
) -> None:
    where = {} if placed is None else dict(zip(placed[2].tolist(), placed[0].tolist()))
    axes = "xyz"[: flat.shape[1]]
    with (folder / "places.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        pairs = [word for k in range(rows.shape[1]) for word in (f"nearest {k + 1}", f"distance {k + 1}")]
        table.writerow(["file", *(f"pca {axis}" for axis in axes), *(f"t-sne {axis}" for axis in axes), *pairs])
        for number, name in enumerate(names):
            own = where.get(number, [""] * len(axes))
            others = [cell for row, far in zip(rows[number], distances[number]) for cell in (names[row], f"{far:.6g}")]
            table.writerow([name, *(f"{value:.6g}" for value in flat[number]), *map(_short, own), *others])


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
