"""edit: edit what a model makes: walk between images, mix, change attributes, project a photograph."""

from __future__ import annotations

import re

from saddlepoint.cli.parted import PartedVerb

_VERB = PartedVerb(
    name="edit",
    does="walk through what a trained model can make, mix it, steer it, and find given images in it.",
    order=(
        "interpolate",
        "animate",
        "field",
        "mix",
        "arithmetic",
        "truncate",
        "noise",
        "directions",
        "apply",
        "project",
        "rephotograph",
        "encode",
        "guide",
        "attributes",
        "scatter",
    ),
    takes="RUN",
    closing=(
        "An image is named by seed and number: 1:5 is image 5 of `saddle sample RUN --seed 1`, counted from 0 in rows;",
        "1:0-7 is eight of them, 3 alone is 3:0, and photo.safetensors is what a projection found.",
    ),
)
parts = _VERB.parts
_IMAGE = re.compile(r"\d+:\d+(-\d+)?(,\d+:\d+(-\d+)?)*")


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit PART RUN ...`; images may have blanks between them in the place of commas."""
    joined: list[str] = []
    for text in arguments:
        if joined and _IMAGE.fullmatch(text) and _IMAGE.fullmatch(joined[-1]):
            joined[-1] += f",{text}"
        else:
            joined.append(text)
    return _VERB.main(joined)
