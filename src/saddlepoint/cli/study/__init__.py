"""study: ask people about pictures: which is better, how good, real or generated; and work out what they say."""

from __future__ import annotations

import importlib
from pathlib import Path

from saddlepoint.cli import summary
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

_HERE = Path(__file__).parent
_ORDER = ("make", "collect", "analyse")


def main(arguments: list[str]) -> int:
    """The command line: `saddle study PART ...`; without a part an overview, which needs no torch."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    part, rest = arguments[0], arguments[1:]
    if part not in _ORDER:
        raise ConfigError(f"study has no part {part!r}{nearest(part, _ORDER)} `saddle study` shows all.")
    code: int = importlib.import_module(f"saddlepoint.cli.study.{part}").main(rest)
    return code


def parts() -> dict[str, str]:
    """The parts and the first line of what each file says of itself; reads the files, imports none."""
    return {name: summary(_HERE / name) for name in _ORDER}


def _overview() -> str:
    summaries = parts()
    width = max(map(len, summaries))
    lines = ["saddle study: ask people about pictures, and work out what they say.", ""]
    lines += ["usage: saddle study PART ...      saddle study PART --help teaches the part", ""]
    return "\n".join([*lines, *(f"  {name:<{width}}  {text}" for name, text in summaries.items())])
