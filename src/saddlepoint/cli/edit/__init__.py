"""edit: edit what a model makes: walk between images, mix, change attributes, project a photograph."""

from __future__ import annotations

import importlib
from pathlib import Path

from saddlepoint.cli import summary
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

_HERE = Path(__file__).parent
_ORDER = (
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
    "encode",
    "guide",
    "scatter",
)


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit PART ...`; without a part an overview, which needs no torch."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    part, rest = arguments[0], arguments[1:]
    if part not in _ORDER:
        raise ConfigError(f"edit has no part {part!r}{nearest(part, _ORDER)} `saddle edit` shows all.")
    code: int = importlib.import_module(f"saddlepoint.cli.edit.{part}").main(rest)
    return code


def parts() -> dict[str, str]:
    """The parts and the first line of what each file says of itself; reads the files, imports none."""
    return {name: summary(_HERE / name) for name in _ORDER}


def _overview() -> str:
    summaries = parts()
    width = max(map(len, summaries))
    lines = [
        "saddle edit: walk through what a trained model can make, mix it, steer it, and find given images in it.",
        "",
        "usage: saddle edit PART RUN ...      saddle edit PART --help teaches the part",
        "",
        *(f"  {name:<{width}}  {text}" for name, text in summaries.items()),
        "",
        "An image is named by seed and number: 1:5 is image 5 of `saddle sample RUN --seed 1`, counted from 0 in rows;",
        "1:0-7 is eight of them, 3 alone is 3:0, and photo.safetensors is what a projection found.",
    ]
    return "\n".join(lines)
