"""interpolate: walk from image to image, as rows of a picture or as a GIF or MP4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import tyro

from saddlepoint.checkpoint.model import Model
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, Images, at_one_label, made_by, origin
from saddlepoint.deploy.label import disclosed
from saddlepoint.deploy.walk import check_walk, save_walk
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import Address, latents_of, parse
from saddlepoint.latent.codes import Code, check_space
from saddlepoint.latent.mixing import layer_words, layers_named, mix, sides_of
from saddlepoint.latent.paths import Along, through
from saddlepoint.report.motion import MOVING


@dataclass(frozen=True, kw_only=True)
class Interpolate(ImageOptions):
    """Walk from image to image: between styles where the model has them, else between latents.

    Layers' noise and the class stay those of the first image all the way; but styles carry a class of their own, so
    that a walk between styles of two classes goes from one to the other.
    """

    endings: ClassVar[tuple[str, ...]] = (".png", *MOVING)

    images: Images
    """two or more images in the order of the walk, as SEED:NUMBER: 1:0,1:5,2:3"""
    along: Along | None = None
    """path between two images: straight line, great circle or smooth curve; by default great circles for latents, lines
    for styles"""
    space: Literal["z", "w"] | None = None
    """space to interpolate in: latents or styles; by default styles if the model has them"""
    layers: str = "all"
    """style layers that change: coarse, middle, fine, coarse+middle, or numbers such as 0-3; by default all"""
    steps: int = 8
    """steps from one image to the next"""
    rate: Annotated[int, tyro.conf.arg(metavar="FPS")] = 24
    """frames per second of a GIF or MP4"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit interpolate RUN IMAGES`."""
    options = parsed(Interpolate, "saddle edit interpolate", arguments)
    return walk(options, closed=False, suffix=".png")


def walk(options: Interpolate, *, closed: bool, suffix: str) -> int:
    """Walk as asked, back to the first image where `closed`, and say where the picture is."""
    addresses = parse(options.images)
    check_walk(options.out or Path(f"x{suffix}"), options.rate, options.steps)
    model = options.open()
    code, words = _points(options, model, addresses)
    if len(code) < 2:
        raise ConfigError("a walk needs two images or more, such as 1:0,1:5.")
    along = options.along or ("great-circle" if code.space == "z" else "line")
    way = through(code.values, options.steps, along, closed=closed)
    of = "latents" if code.space == "z" else "styles"
    if options.layers != "all":
        sides = sides_of(model)
        if code.space == "z":
            raise ConfigError("layers are chosen of styles: leave out --layers, or --space z.")
        layers = layers_named(options.layers, sides)
        way = mix(code.values[:1].expand_as(way), way, layers)
        of = f"{layer_words(layers, sides)}, of styles"
    title = f"{'loop' if closed else 'walk'} through {', '.join(words)}: {along} in {of}{options.remark(model)}"
    name = ("loop" if closed else "interpolate", along, options.layers, options.images, options.remark(model))
    target = options.target(model, *name, suffix=suffix)
    label = None if code.label is None else code.label[:1].expand(len(way))
    with target as (file,):
        save_walk(
            model,
            Code(code.space, way, None, label),
            words,
            options.steps,
            file,
            title,
            disclosed(model, origin(addresses), {"edit": title}),
            made_by(model, title, addresses),
            rate=options.rate,
            closed=closed,
            truncation=options.truncation if code.space == "z" else 1.0,
        )
    print(target.path)
    return 0


def _points(options: Interpolate, model: Model, addresses: Sequence[Address]) -> tuple[Code, list[str]]:
    """The codes to walk through, and a word for each."""
    if options.space is not None:
        check_space(model, options.space)
    if options.space != "z":
        code, words = options.codes(model, addresses)
        return at_one_label(code), words
    if any(address.file for address in addresses):
        raise ConfigError("--space z walks between images that are named by seed; leave it out for files.")
    return at_one_label(latents_of(model, addresses, options.class_of(model))), list(map(str, addresses))
