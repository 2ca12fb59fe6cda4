"""Verbs of several parts, such as `saddle edit mix`: an overview, and the way to the part that is named."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.cli import summary
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError


@dataclass(frozen=True)
class PartedVerb:
    """A verb whose parts are the files beside its `__init__`.

    does: what it is for, in a line. takes: what follows the part in the line of usage. order: of the parts in the
    overview. closing: lines below them.
    """

    name: str
    does: str
    order: Sequence[str]
    takes: str = ""
    closing: Sequence[str] = ()

    def main(self, arguments: list[str]) -> int:
        """`saddle NAME PART ...`; without a part an overview, which needs no torch. Raises ConfigError for no part."""
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            print(self._overview())
            return 0
        part, rest = arguments[0], arguments[1:]
        if part not in self.order:
            hint = nearest(part, self.order)
            raise ConfigError(f"{self.name} has no part {part!r}{hint} `saddle {self.name}` shows all.")
        code: int = importlib.import_module(f"saddlepoint.cli.{self.name}.{part}").main(rest)
        return code

    def parts(self) -> dict[str, str]:
        """The parts and the first line of what each file says of itself; reads the files, imports none."""
        return {part: summary(Path(__file__).parent / self.name / part) for part in self.order}

    def _overview(self) -> str:
        summaries = self.parts()
        width = max(map(len, summaries))
        lines = [f"saddle {self.name}: {self.does}", ""]
        usage = " ".join(filter(None, ("PART", self.takes, "...")))
        lines += [f"usage: saddle {self.name} {usage}      saddle {self.name} PART --help teaches the part", ""]
        lines += [f"  {part:<{width}}  {text}" for part, text in summaries.items()]
        return "\n".join([*lines, *(["", *self.closing] if self.closing else [])])
