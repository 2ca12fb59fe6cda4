"""mix: coarse, middle or fine layers of some images with the rest of others, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, save
from saddlepoint.latent.addresses import parse
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.mixing import layer_words, layers_named, sides_of, table
from saddlepoint.report.captioned import captioned

Targets = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TARGETS")]
Sources = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCES")]


@dataclass(frozen=True, kw_only=True)
class Mix(ImageOptions):
    """Take some layers' styles from the sources (above) into the targets (on the left); needs a model with styles.

    Coarse layers make sides 4 and 8, middle ones 16 and 32, fine ones 64 and more. Where images have less than 64
    pixels, the smallest side is coarse, the next middle and the rest fine; the picture says which layers these are.
    """

    targets: Targets = "0:0-4"
    """images that keep all other layers: 1:0-3 or 1:2,5:7"""
    sources: Sources = "1:0-4"
    """images whose style layers are copied"""
    layers: str = "coarse"
    """style layers to copy: coarse, middle, fine, coarse+middle, or numbers such as 0-3"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit mix RUN TARGETS SOURCES`."""
    options = parsed(Mix, "saddle edit mix", arguments)
    rows_of, columns_of = parse(options.targets), parse(options.sources)
    model = options.open()
    sides = sides_of(model)
    layers = layers_named(options.layers, sides)
    targets, rows = options.codes(model, rows_of)
    sources, columns = options.codes(model, columns_of)
    mixed = table(targets.values, sources.values, layers)
    values = torch.cat([sources.values, targets.values, mixed])
    label = None if targets.label is None else targets.label[:1].expand(len(values))
    above, before, inside = images_of(model, Code("w+", values, None, label)).split(
        [len(sources), len(targets), len(mixed)]
    )
    shown = [None, *above]
    for row, target in enumerate(before):
        shown += [target, *inside[row * len(sources) : (row + 1) * len(sources)]]
    of = options.layers if options.layers[0].isalpha() else "chosen"
    words = layer_words(layers, sides)
    title = f"{of} styles ({words}) of the sources above, the rest of the targets{options.remark(model)}"
    picture = captioned(shown, ["", *rows], ["", *columns], title)
    name = ("mix", options.layers, options.targets, "with", options.sources, options.remark(model))
    title = f"{title}; targets {options.targets}, sources {options.sources}"
    return save(picture, options.target(model, *name), model, title, [*rows_of, *columns_of])
