"""noise: the same image with other noise in its layers, and a map of where it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, Images, save
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import parse
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.mixing import layer_words, layers_named
from saddlepoint.latent.variation import deviation, noise_sides, other_noise, with_noise
from saddlepoint.report.captioned import captioned

_SHOWN = 6
_LEAST = 1e-6  # a deviation under it is rounding


@dataclass(frozen=True, kw_only=True)
class Noise(ImageOptions):
    """Keep the styles and draw other noise: what changes is what the model leaves to chance.

    The last column shows where: the standard deviation of each pixel over all draws, white being the most of the row.
    """

    images: Images = "0:0-3"
    """images to vary: 1:0-3 or 1:2,5:7"""
    n: Annotated[int, tyro.conf.arg(aliases=["-n"])] = 64
    """number of noise draws per image; the first six are shown"""
    layers: str = "all"
    """noise maps that change: coarse, middle, fine, coarse+middle, or numbers such as 0-3"""
    seed: int = 0
    """random seed of the noise"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit noise RUN IMAGES`."""
    options = parsed(Noise, "saddle edit noise", arguments)
    if options.n < 2:
        raise ConfigError(f"-n cannot be {options.n}: a map of change needs two draws or more.")
    addresses = parse(options.images)
    model = options.open()
    sides = noise_sides(model)
    maps = layers_named(options.layers, sides)
    noise = other_noise(model, options.n, options.seed, maps)
    code, words = options.codes(model, addresses)
    shown, rows = [], []
    for place, word in enumerate(words):
        images = images_of(model, with_noise(code.at(slice(place, place + 1)), noise))
        spread = deviation(images)
        map_of = (2 * spread / spread.max().clamp_min(_LEAST) - 1).expand(images.shape[1:])
        shown += [*images[:_SHOWN], map_of]
        rows.append(f"{word}: deviation {127.5 * float(spread.mean()):.1f} of 255 on average")
    columns = [f"noise {number}" for number in range(min(_SHOWN, options.n))]
    of = layer_words(maps, sides).replace("layers", "noise maps")
    title = f"other noise in {of}; at the right where {options.n} draws differ{options.remark(model)}"
    picture = captioned(shown, rows, [*columns, "deviation"], title)
    name = ("noise", options.layers, options.images, f"seed-{options.seed}", options.remark(model))
    return save(
        picture,
        options.target(model, *name),
        model,
        f"{title}; images {options.images}, seed {options.seed}",
        addresses,
    )
