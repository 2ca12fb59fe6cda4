"""What an evaluation came to: as a table, as JSON, on the page of its run and as lines for a paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError, SaddlepointError
from saddlepoint.metrics.scores.bands import band
from saddlepoint.metrics.scores.score import Score, circumstances, sentences
from saddlepoint.report.page import write_report
from saddlepoint.report.tables import print_table
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import write_json

EVALUATION = "evaluation.json"
"""the file of a run that `compare` reads"""


@dataclass
class Evaluation:
    """Figures, what real images get in the place of generated ones, and sentences on how both were made."""

    name: str
    """what was measured"""
    scores: list[Score]
    floor: list[Score]
    """real against real, for the metrics where that has a meaning"""
    notes: list[str]
    matched: list[Score] = field(default_factory=list)
    """the figures of generated images at the counts of `floor`, which alone may be compared with it"""
    failure: SaddlepointError | None = None
    """what ended the evaluation before all of its figures were there"""
    pictures: list[str] = field(default_factory=list)
    """files in the folder of the run that belong to the figures"""
    groups: list[dict[str, Any]] = field(default_factory=list)
    """figures by group, a row each"""

    def warnings(self) -> list[str]:
        """Sentences that belong beside the figures, each once."""
        return list(dict.fromkeys(text for score in self.scores for text in score.warnings()))

    def show(self) -> None:
        """Print all of it."""
        print_table([{name: value for name, value in row.items() if value not in ("", None)} for row in self._rows()])
        if self.groups:
            print_table(self.groups, title="by group")
        for note in [*self._equal_counts(), *self.notes]:
            print(f"  {note}")
        for text in self.warnings():
            print(f"  beware: {text}")
        for line in sentences(self.scores):
            print(f"  for a paper: {line}")

    def json(self) -> dict[str, Any]:
        """As its file keeps it."""
        return {
            "measured": self.name,
            "scores": [score.json() for score in self.scores],
            "generated at the counts of real against real": [score.json() for score in self.matched],
            "real against real": [score.json() for score in self.floor],
            "for a paper": sentences(self.scores),
            "warnings": self.warnings(),
            "notes": self.notes,
            "by group": self.groups,
            "unfinished": None if self.failure is None else str(self.failure),
        }

    def write(self, path: Path) -> None:
        """The JSON file that `read` reads."""
        write_json(path, self.json())

    def report(self, root: Path) -> None:
        """On the page of the run."""
        if not self.scores:
            return
        at = f", {_counts(self.matched)}" if self.matched else ""
        rows = [
            {"name": name, **{score.protocol.metric: score.value for score in scores}}
            for name, scores in (
                (f"{self.name}, {_counts(self.scores)}", self.scores),
                (f"{self.name}{at}", self.matched),
                (f"real against real{at}", self.floor),
            )
            if scores
        ]
        protocols = "; and: ".join(dict.fromkeys(map(circumstances, self.scores)))
        write_json(
            root / "scores.json",
            {
                "protocol": protocols,
                "rows": rows,
                "notes": [*self.notes, *self.warnings()],
                "pictures": self.pictures,
            },
        )
        if Folder(root).facts.exists():
            write_report(root)

    def _equal_counts(self) -> list[str]:
        """Which columns of the table may be compared."""
        if not self.matched:
            return []
        return [f"equal counts, and real against real: {_counts(self.matched)} real images; compare these two columns"]

    def _rows(self) -> Iterator[dict[str, Any]]:
        floor, matched = (
            {score.protocol.metric: score.value for score in scores} for scores in (self.floor, self.matched)
        )
        for score in self.scores:
            yield {
                "figure": score.protocol.metric,
                "generated": score.value,
                "95 % interval": _interval(score),
                "equal counts": matched.get(score.protocol.metric),
                "real": floor.get(score.protocol.metric),
                "in words": band(score) or "",
            }


def read(path: Path) -> list[Score]:
    """The scores of an evaluation file. Raises CheckpointError when there is none."""
    if not path.exists():
        raise CheckpointError(f"{path} is not there; run `saddle evaluate {path.parent}` first.")
    with judged(path, CheckpointError, f"Run `saddle evaluate {path.parent}` again."):
        return [Score.of(score) for score in documents.table(path)["scores"]]


def _counts(scores: list[Score]) -> str:
    """The counts of measured and of real images, such as `60 against 60`; of the first figure where they differ."""
    protocol = scores[0].protocol
    return f"{protocol.fake:,} against {protocol.real:,}"


def _interval(score: Score) -> str | None:
    if score.interval is None:
        return None
    low, high = score.interval
    return f"{low:.4g} to {high:.4g}"
