"""arithmetic: groups of images added and taken away, such as '1:0,1:4 - 1:2,1:9 + 1:7'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import ImageOptions, at_one_label, save
from saddlepoint.latent.arithmetic import combine, parse
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.report.captioned import captioned

Sum = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SUM")]


@dataclass(frozen=True, kw_only=True)
class Arithmetic(ImageOptions):
    """Add and take away the means of groups of images: smiling women - neutral women + neutral men.

    Three images a group and more make it steady. Styles are reckoned with where the model has them, else latents.
    """

    sum: Sum
    """groups of images with plus or minus between spaces, in quotes: '1:0,1:4 - 1:2,1:9 + 1:7,1:8'"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit arithmetic RUN SUM`."""
    options = parsed(Arithmetic, "saddle edit arithmetic", arguments)
    groups = parse(options.sum)
    model = options.open()
    names = [",".join(map(str, group.members)) for group in groups]
    codes = [at_one_label(options.codes(model, group.members)[0]) for group in groups]
    means = [code.values.mean(0) for code in codes]
    result = combine([code.values for code in codes], [group.sign for group in groups])
    label = None if codes[0].label is None else codes[0].label[:1].expand(len(means) + 1)
    images = images_of(model, Code(codes[0].space, torch.stack([*means, result]), None, label))
    signs = ["", *("+ " if group.sign > 0 else "- " for group in groups[1:])]
    columns = [f"{sign}mean of {name}" for sign, name in zip(signs, names)]
    title = f"sum of {'latents' if codes[0].space == 'z' else 'styles'}: {options.sum}{options.remark(model)}"
    of = [address for group in groups for address in group.members]
    picture = captioned(list(images), [""], [*columns, "= the sum"], title)
    return save(picture, options.target(model, "sum", options.sum, options.remark(model)), model, title, of)
