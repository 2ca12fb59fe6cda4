"""resume: continue a run that was stopped, interrupted or killed, as if it never had been."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.runs.resume import resume


@dataclass(frozen=True, kw_only=True)
class Resume:
    """Go on with a run from its latest good checkpoint, bit for bit where it left off."""

    run: tyro.conf.Positional[Path]
    """folder of the run"""
    examples: Annotated[int | None, tyro.conf.arg(aliases=["--images"])] = None
    """train until so many examples were shown; by default as planned. --images is another spelling"""
    minutes: float | None = None
    """stop after this many minutes from now"""
    accumulate: int | None = None
    """number of micro-batches per step; more needs less memory"""
    device: str | None = None
    """cpu, cuda, cuda:1 or mps; by default the one it was trained on"""
    data: str | None = None
    """where the data of the run lies now, if it has moved"""
    from_start: bool = False
    """begin the run anew, where no good checkpoint is left; its log and checkpoints are kept under other names"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle resume RUN`."""
    options = parsed(Resume, "saddle resume", arguments)
    settings = {name: getattr(options, name) for name in ("examples", "minutes", "accumulate", "device")}
    changes = {name: value for name, value in settings.items() if value is not None}
    trained = resume(options.run, data=options.data, from_start=options.from_start, **changes)
    if trained.main:
        print(trained.summary())
    return 0
