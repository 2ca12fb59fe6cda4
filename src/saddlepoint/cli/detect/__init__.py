"""detect: learn to tell a model's images from real ones, with the error stated, and look through a folder."""

from __future__ import annotations

import importlib
from pathlib import Path

from saddlepoint.cli import summary
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

_HERE = Path(__file__).parent
_ORDER = ("learn", "check")


def main(arguments: list[str]) -> int:
    """The command line: `saddle detect PART ...`; without a part an overview, which needs no torch."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    part, rest = arguments[0], arguments[1:]
    if part not in _ORDER:
        raise ConfigError(f"detect has no part {part!r}{nearest(part, _ORDER)} `saddle detect` shows all.")
    code: int = importlib.import_module(f"saddlepoint.cli.detect.{part}").main(rest)
    return code


def parts() -> dict[str, str]:
    """The parts and the first line of what each file says of itself; reads the files, imports none."""
    return {name: summary(_HERE / name) for name in _ORDER}


def _overview() -> str:
    summaries = parts()
    width = max(map(len, summaries))
    lines = ["saddle detect: tell the images of a model from real ones; a help for reviewers, never a proof.", ""]
    lines += ["usage: saddle detect PART ...      saddle detect PART --help teaches the part", ""]
    return "\n".join([*lines, *(f"  {name:<{width}}  {text}" for name, text in summaries.items())])
