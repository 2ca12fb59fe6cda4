"""field: a map between four images, from corner to corner."""

from __future__ import annotations

from dataclasses import dataclass

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, Images, at_one_label, save
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import parse
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.paths import sheet
from saddlepoint.report.captioned import captioned


@dataclass(frozen=True, kw_only=True)
class Field(ImageOptions):
    """Draw what lies between four images: each at a corner, and evenly in between."""

    images: Images = "0:0-3"
    """four images: top left, top right, bottom left, bottom right"""
    side: int = 8
    """number of images across and down"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit field RUN IMAGES`."""
    options = parsed(Field, "saddle edit field", arguments)
    if not 2 <= options.side <= 24:
        raise ConfigError(f"--side cannot be {options.side}: a field is 2 to 24 images wide.")
    addresses = parse(options.images)
    model = options.open()
    code, words = options.codes(model, addresses)
    if len(code) != 4:
        raise ConfigError(f"a field lies between four images, and {len(code)} are named: write 0:0-3, for example.")
    code = at_one_label(code)
    values = sheet(code.values, options.side, options.side, "great-circle" if code.space == "z" else "line")
    label = None if code.label is None else code.label[:1].expand(len(values))
    images = images_of(model, Code(code.space, values, None, label))
    rows = [words[0], *[""] * (options.side - 2), words[2]]
    columns = [words[0], *[""] * (options.side - 2), words[1]]
    title = f"between {words[0]}, {words[1]}, {words[2]} and {words[3]}{options.remark(model)}"
    picture = captioned(list(images), rows, columns, title, least=64)
    return save(picture, options.target(model, "field", options.images, options.remark(model)), model, title, addresses)
