"""evaluate: measure a trained model, or compare two folders of images; keeps all that the figures depend on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.report.tables import print_table
from saddlepoint.runs.evaluate import Measuring, measured
from saddlepoint.runs.evaluation import Evaluation


@dataclass(frozen=True, kw_only=True)
class Evaluate(Measuring):
    """Measure a model against real images. Prints a table with real against real beside it, and writes JSON."""

    run: tyro.conf.Positional[Path | None] = None
    """folder of a run, RUN/best, or of one of its checkpoints; leave out with --fake"""
    n: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None
    """number of images to generate; by default as many as there are real ones, at most 10,000"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle evaluate RUN`, or `saddle evaluate --real DIR --fake DIR`."""
    result = measured(parsed(Evaluate, "saddle evaluate", arguments))
    if isinstance(result, Evaluation):
        if result.scores:
            result.show()
        if result.failure is not None:
            raise result.failure
    else:
        print_table(result["rows"])
        print(f"  {result['protocol']}")
    return 0
