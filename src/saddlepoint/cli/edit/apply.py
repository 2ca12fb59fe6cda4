"""apply: move images along a direction, weaker and stronger, as a strip for each."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, Images, save
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import parse
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.directions import Directions, described
from saddlepoint.latent.mixing import layer_words, layers_named, sides_of
from saddlepoint.report.captioned import captioned

_NUMBER = r"[+-]?\d+(?:\.\d+)?"


@dataclass(frozen=True, kw_only=True)
class Apply(ImageOptions):
    """Move images along a direction of a file that `saddle edit directions` wrote."""

    directions: Path
    """file of directions, from `saddle edit directions`"""
    name: str
    """name of the direction to apply, or its number counted from 0 if no direction has that name"""
    images: Images = "0:0-3"
    """images to edit: 1:0-3 (seed 1, numbers 0 to 3), or photo.safetensors from `saddle edit project`"""
    strength: str = "-3..3"
    """distance to move, in standard deviations of the latents: one number, or first and last of a strip"""
    steps: int = 7
    """columns of a strip"""
    layers: str | None = None
    """style layers to move: coarse, middle, fine, or numbers such as 0-3; by default those of the direction, else all
    """
    off: tuple[str, ...] = ()
    """names of directions to keep unchanged: their part is removed from the move"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit apply RUN IMAGES --directions FILE --name NAME`."""
    options = parsed(Apply, "saddle edit apply", arguments)
    addresses, strengths = parse(options.images), ends(options.strength, options.steps)
    directions = Directions.read(options.directions)
    row = directions.row(options.name)
    name = directions.names[row]
    model = options.open()
    warn_of_another(directions, model)
    layers, of = chosen(directions, model, options.layers)
    code, words = options.codes(model, addresses)
    title = f"{name}{of}, strength in deviations{options.remark(model)}"
    title += f"; without {', '.join(options.off)}" if options.off else ""
    shown = strip(model, code, directions, name, strengths, layers, options.off)
    picture = captioned(list(shown), words, signed(strengths), title)
    words_of_name = (
        "apply",
        name,
        options.layers or "",
        *options.off,
        options.images,
        options.strength,
        options.remark(model),
    )
    return save(
        picture,
        options.target(model, *words_of_name),
        model,
        f"{title}; images {options.images}, {options.strength}",
        addresses,
    )


def strip(
    model: Model,
    code: Code,
    directions: Directions,
    name: str,
    strengths: list[float],
    layers: tuple[int, ...] | None,
    off: tuple[str, ...] = (),
) -> torch.Tensor:
    """Each image at each strength, [n * strengths, C, H, W], image by image."""
    columns = [
        images_of(model, directions.moved(code, name, strength, layers=layers, off=off)) for strength in strengths
    ]
    return torch.stack(columns, 1).flatten(0, 1)


def ends(text: str, steps: int) -> list[float]:
    """The strengths that a text means: one number by itself, or `steps` of them evenly from end to end."""
    match = re.fullmatch(rf"({_NUMBER})(?:\.\.({_NUMBER}))?", text.strip())
    if match is None:
        raise ConfigError(f"--strength cannot be {text!r}: give a number, or two such as -3..3.")
    if match[2] is None:
        return [float(match[1])]
    if not 2 <= steps <= 15:
        raise ConfigError(f"--steps cannot be {steps}: a strip has 2 to 15 columns.")
    return torch.linspace(float(match[1]), float(match[2]), steps).tolist()


def signed(strengths: list[float]) -> list[str]:
    """Strengths as the words over a strip."""
    return [f"{strength:+.3g}" if strength else "0" for strength in strengths]


def chosen(directions: Directions, model: Model, layers: str | None) -> tuple[tuple[int, ...] | None, str]:
    """The layers that are moved, None for a code without layers, and how to say it."""
    if directions.space == "z":
        if layers is not None:
            raise ConfigError("these directions are of latents, which have no layers: leave --layers out.")
        return None, ""
    sides = sides_of(model)
    made_for = directions.facts.get("layers", range(len(sides)))
    moved = tuple(made_for) if layers is None else layers_named(layers, sides)
    return moved, f" in {layer_words(moved, sides)}"


def warn_of_another(directions: Directions, model: Model) -> None:
    """Says so where the file was made with another model; it may still be meant."""
    known = {key: directions.facts.get(key) for key in described(model)}
    if known != described(model):
        origin = f"{known['method']} of version {known['version']}"
        print(f"note: these directions were found in a {origin}, not in this model.", file=sys.stderr)
