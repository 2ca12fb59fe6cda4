"""What an evaluation came to: as a table, as JSON, on the page of its run and as lines for a paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError
from saddlepoint.metrics.scores.bands import band
from saddlepoint.metrics.scores.score import Score, circumstances, sentences
from saddlepoint.report.page import write_report
from saddlepoint.report.tables import print_table
from saddlepoint.storage.whole import write_json

EVALUATION = "evaluation.json"
"""the file of a run that `compare` reads"""


@dataclass(frozen=True)
class Evaluation:
    """Figures, what real images get in the place of generated ones, and sentences on how both were made."""

    name: str
    """what was measured"""
    scores: list[Score]
    floor: list[Score]
    """real against real, for the metrics where that has a meaning"""
    notes: list[str]

    def warnings(self) -> list[str]:
        """Sentences that belong beside the figures, each once."""
        return list(dict.fromkeys(text for score in self.scores for text in score.warnings()))

    def show(self) -> None:
        """Print all of it."""
        print_table([{name: value for name, value in row.items() if value not in ("", None)} for row in self._rows()])
        for note in self.notes:
            print(f"  {note}")
        for text in self.warnings():
            print(f"  beware: {text}")
        for line in sentences(self.scores):
            print(f"  for a paper: {line}")

    def write(self, path: Path) -> None:
        """The JSON file that `read` reads."""
        table = {
            "measured": self.name,
            "scores": [score.json() for score in self.scores],
            "real against real": [score.json() for score in self.floor],
            "for a paper": sentences(self.scores),
            "warnings": self.warnings(),
            "notes": self.notes,
        }
        write_json(path, table)

    def report(self, root: Path) -> None:
        """On the page of the run."""
        rows = [
            {"name": name, **{score.protocol.metric: score.value for score in scores}}
            for name, scores in ((self.name, self.scores), ("real against real", self.floor))
        ]
        made = "; and: ".join(dict.fromkeys(map(circumstances, self.scores)))
        write_json(root / "scores.json", {"protocol": made, "rows": rows, "notes": [*self.notes, *self.warnings()]})
        if Folder(root).facts.exists():
            write_report(root)

    def _rows(self) -> Iterator[dict[str, Any]]:
        floor = {score.protocol.metric: score.value for score in self.floor}
        for score in self.scores:
            yield {
                "figure": score.protocol.metric,
                "generated": score.value,
                "spread": score.spread,
                "over": score.over,
                "real against real": floor.get(score.protocol.metric),
                "in words": band(score) or "",
            }


def read(path: Path) -> list[Score]:
    """The scores of an evaluation file. Raises CheckpointError when there is none."""
    if not path.exists():
        raise CheckpointError(f"{path} is not there; run `saddle evaluate {path.parent}` first.")
    return [Score.read(json.dumps(score)) for score in json.loads(path.read_text(encoding="utf-8"))["scores"]]
