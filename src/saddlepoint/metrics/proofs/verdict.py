"""Whether the figures of a proof are what it demands, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Proof
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.proofs.base import Measure, Table

THIN = 0.15
"""a margin below this share of its bar is thin"""


@dataclass(frozen=True)
class Verdict:
    """On one demand of a proof."""

    passed: bool
    text: str
    """the sentence that says so, with the figures"""
    margin: float | None
    """how far the figure is beyond the bar, as a share of the way there; None where no figure could be further"""

    @property
    def thin(self) -> bool:
        """Whether it passed by little."""
        return self.passed and self.margin is not None and self.margin < THIN


def judge(proof: Proof, measure: Measure, table: Table) -> list[Verdict]:
    """A verdict on each demand: the comparison with the naive baseline first, then the bars.

    Raises MethodError for a ratio of figures that are negative, and for a bar on no figure of the measure.
    """
    own, real = table.row("generated"), next((row for row in table.rows if row["kind"] == "real"), {})
    verdicts = [against_baseline(proof, measure, own[measure.key], table.row("baseline")[measure.key])]
    for name, bar in proof.bars.items():
        if name not in measure.figures:
            raise MethodError(f"a bar on {name!r}, which is none of {', '.join(measure.figures)}.")
        direction = measure.figures[name]
        margin = _margin(direction, own[name], bar, real.get(name))
        words = f"{name} {own[name]:.3g}: {'at least' if direction == 'more' else 'at most'} {bar:g}"
        verdicts.append(Verdict(meets(direction, own[name], bar), words, margin))
    return verdicts


def against_baseline(proof: Proof, measure: Measure, own: float, naive: float) -> Verdict:
    """The comparison of the measure's first figure with the naive baseline's, by ratio or by difference."""
    words = f"{measure.key} {own:.3g} against {naive:.3g} of the baseline: "
    more = measure.figures[measure.key] == "more"
    if proof.difference is not None:
        ahead = own - naive if more else naive - own
        words += f"it must be {'above' if more else 'below'} that by {proof.difference:.3g} or more"
        return Verdict(ahead >= proof.difference, words, ahead / proof.difference - 1)
    assert proof.share is not None
    check_ratio(proof, measure)
    better, worse = (naive, own) if more else (own, naive)
    if min(own, naive) < 0:
        raise MethodError(
            f"{measure.key} is negative, so no ratio of it says anything; state the proof's `difference`."
        )
    words += (
        f"the baseline must stay under {proof.share:.3g} of it"
        if more
        else f"it must stay under {proof.share:.3g} of that"
    )
    margin = 1 - better / (proof.share * worse) if worse else 0.0
    return Verdict(better < proof.share * worse, words, margin)


def check_ratio(proof: Proof, measure: Measure) -> None:
    """Refuses a proof by ratio of a figure that may be negative. Raises MethodError."""
    if proof.share is not None and measure.signed:
        raise MethodError(f"{measure.key} may be negative, so a proof of it states a `difference` and no `share`.")


def meets(direction: Direction, value: float, bar: float) -> bool:
    """Whether a figure reaches its bar."""
    return value >= bar if direction == "more" else value <= bar


def thin(verdicts: Sequence[Verdict]) -> list[str]:
    """Sentences on demands that were met by little."""
    return [f"thin, {verdict.margin:.0%} beyond the bar: {verdict.text}" for verdict in verdicts if verdict.thin]


def _margin(direction: Direction, value: float, bar: float, best: float | None) -> float | None:
    """As a share of what is left between the bar and the figure of real data, where that is the most there is."""
    if direction == "more" and best is not None:
        return (value - bar) / (best - bar) if best > bar else None
    return (value - bar if direction == "more" else bar - value) / abs(bar) if bar else None
