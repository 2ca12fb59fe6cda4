"""truncate: the same images from their average to the whole variety, and beyond."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import EditOptions, Images, save
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import latents_of, parse
from saddlepoint.latent.codes import spaces
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.methods.abilities import TruncateBy
from saddlepoint.report.captioned import captioned

_MOST = 12
_WORDS: dict[TruncateBy, str] = {
    "resample": "latents pulled to 0 (values beyond 2 x truncation drawn anew)",
    "scale": "latents pulled to 0 (all scaled)",
}


@dataclass(frozen=True, kw_only=True)
class Truncate(EditOptions):
    """Show images at several truncations: 0 is the average, 1 the whole variety, above 1 beyond what was trained.

    Styles are pulled to their running average. Latents of other models lose their large values, which are drawn anew
    or scaled (--truncate-by). Say the truncation beside any figure that is measured under one.
    """

    images: Images = "0:0-4"
    """images to truncate: 1:0-3 or 1:2,5:7"""
    values: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)
    """truncation values, one column each"""
    truncate_by: TruncateBy = "resample"
    """how latents of models without styles are truncated: resample (values beyond 2 x truncation standard deviations
    are drawn again, as in BigGAN) or scale (all values are multiplied)"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit truncate RUN IMAGES`."""
    options = parsed(Truncate, "saddle edit truncate", arguments)
    if not 1 <= len(options.values) <= _MOST:
        raise ConfigError(f"--values takes 1 to {_MOST} truncations, not {len(options.values)}.")
    addresses = parse(options.images)
    if any(address.file for address in addresses):
        raise ConfigError("a projected image is not truncated; name images by seed, such as 1:0-3.")
    model = options.open()
    latents = latents_of(model, addresses, options.class_of(model))
    columns = [images_of(model, latents, truncation=value, truncate_by=options.truncate_by) for value in options.values]
    pulled = "styles pulled to their average" if "w" in spaces(model) else _WORDS[options.truncate_by]
    title = f"{pulled}; truncation above each column"
    shown = torch.stack(columns, 1).flatten(0, 1)
    picture = captioned(list(shown), list(map(str, addresses)), [f"{value:g}" for value in options.values], title)
    return save(
        picture,
        options.target(model, "truncate", options.images),
        model,
        f"{title}; images {options.images}",
        addresses,
    )
