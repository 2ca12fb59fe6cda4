"""animate: a loop through images that comes back to where it began, as MP4 or GIF."""

from __future__ import annotations

from dataclasses import dataclass

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.interpolate import Interpolate, walk
from saddlepoint.cli.edit.options import Images
from saddlepoint.latent.paths import Along


@dataclass(frozen=True, kw_only=True)
class Animate(Interpolate):
    """Go round through images, back to the first: all layers, or the coarse ones alone while the fine ones stay."""

    images: Images = "0:0-3"
    """images in the order of the loop, as SEED:NUMBER: 1:0,1:5,2:3"""
    along: Along | None = "smooth"
    """path between two images: straight line, great circle, or one smooth curve through all"""
    steps: int = 48
    """frames from one image to the next"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit animate RUN IMAGES`."""
    options = parsed(Animate, "saddle edit animate", arguments)
    return walk(options, closed=True, suffix=".mp4")
