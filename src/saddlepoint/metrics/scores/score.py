"""A figure with all that it depends on: two figures may be compared only where they were made in the same way."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal

from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.extractors.features import Identity
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged, reason

Reference = Literal["train", "held-out", "all", "given"]

FEW = 10_000
"""fewer generated or real images than this deserve a warning beside a distance"""


def versions() -> dict[str, str]:
    """The releases that a figure was made with."""
    names = ("saddlepoint", "torch", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


@dataclass(frozen=True)
class Protocol:
    """How a figure was made: what must agree before two figures are compared."""

    metric: str
    """the metric's word with its variant, such as `fid` or `path-length[z]`"""
    real: int
    """how many real images"""
    fake: int
    """how many generated images"""
    extractor: Identity | None = None
    """None for a metric that needs no features"""
    reference: Reference = "given"
    """which part of the real data: the part trained on, the part held out, all of it, or a folder that was given"""
    width: int | None = None
    """numbers in a feature; None for a metric that needs no features"""
    data: str = ""
    """fingerprint of the real images"""
    truncation: float = 1.0
    """of the latents; 1 leaves them as they are"""
    things: str = "images"
    """what is counted, such as `clips`"""


@dataclass(frozen=True)
class Score:
    """One figure with its spread and its protocol; `json()` and `read` carry it through a file."""

    value: float
    protocol: Protocol
    spread: float | None = None
    """standard deviation; None where it was not estimated"""
    over: str = ""
    """what the spread is over: `10 splits`, `3 sample seeds`, `jackknife`"""
    seed: int | None = None
    """of the generated samples, the first of several; None where they were given as files"""
    error: float | None = None
    """standard error for real and generated images drawn anew; None where it was not estimated"""
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the figure lies in 95 of 100 repetitions with other images of the same kind and number."""
        return None if self.error is None else (self.value - 1.96 * self.error, self.value + 1.96 * self.error)

    def warnings(self) -> list[str]:
        """Sentences that belong beside the figure."""
        protocol, notes = self.protocol, []
        few = min(protocol.real, protocol.fake) < FEW
        if few and protocol.metric.startswith("fid") and protocol.metric != "fid-infinity":
            notes.append(f"fid from fewer than {FEW:,} images is biased high; compare it only at the same counts.")
        if few and protocol.metric in ("precision", "recall", "density", "coverage"):
            notes.append("precision, recall, density and coverage change with the counts: compare at the same ones.")
        width = protocol.width
        if protocol.metric.startswith("fid") and width is not None and min(protocol.real, protocol.fake) <= width:
            notes.append(
                f"a covariance of {width:,} features cannot have full rank with {width:,} images or fewer: kid says"
                " more here."
            )
        return notes

    def json(self) -> dict[str, Any]:
        """As plain values that JSON holds, the 95 % interval among them."""
        return {**dataclasses.asdict(self), "interval": None if self.interval is None else list(self.interval)}

    @staticmethod
    def read(text: str) -> Score:
        """From the text of `json()`. Raises DataError for anything else."""
        with judged("the score", DataError):
            return Score.of(documents.as_table(text, "its text"))

    @staticmethod
    def of(values: Mapping[str, Any]) -> Score:
        """From the values of `json()`. Raises DataError for anything else."""
        try:
            raw = {name: value for name, value in values.items() if name != "interval"}  # which follows from the error
            protocol = dict(raw.pop("protocol"))
            extractor = protocol.pop("extractor")
            return Score(
                protocol=Protocol(extractor=None if extractor is None else Identity(**extractor), **protocol), **raw
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"this is not the JSON of a score: {reason(error)}.") from None


def sentences(scores: Sequence[Score]) -> list[str]:
    """Lines for a paper: one for all figures that were made in the same way, with what they share."""
    alike: dict[Protocol, list[Score]] = {}
    for score in scores:
        alike.setdefault(dataclasses.replace(score.protocol, metric=""), []).append(score)
    return [sentence(same) for same in alike.values()]


def sentence(scores: Sequence[Score]) -> str:
    """A line for a paper: figures with their spreads, then what they share.

    Raises ConfigError when they were made in different ways.
    """
    check_alike(scores)
    overs = {score.over for score in scores}
    shared = f" ({overs.pop()})" if len(overs) == 1 and scores[0].over else ""
    figures = ", ".join(_figure(score, named=not shared) for score in scores)
    return f"{figures}{shared}; {circumstances(scores[0])}"


def _figure(score: Score, *, named: bool) -> str:
    spread = f" ± {score.spread:.2g}" if score.spread else ""
    over = f" ({score.over})" if spread and named else ""
    return f"{score.protocol.metric} {score.value:.4g}{spread}{over}"


def circumstances(score: Score) -> str:
    """The counts, reference, extractor, truncation, sample seed and release that a figure was made with."""
    protocol = score.protocol
    by = "" if protocol.extractor is None else f", features of {protocol.extractor}"
    cut = "" if protocol.truncation == 1 else f", truncation {protocol.truncation:g}"
    drawn = "" if score.seed is None else f", sample seed {score.seed}"
    things = protocol.things
    against = f" against {protocol.real:,} real {things} ({protocol.reference})" if protocol.real else f" {things}"
    release = score.versions.get("saddlepoint", "unknown")
    if not protocol.fake:
        return f"{protocol.real:,} real {things} ({protocol.reference}){drawn}, saddlepoint {release}"
    return f"{protocol.fake:,} generated{against}{by}{cut}{drawn}, saddlepoint {release}"


def check_comparable(scores: Sequence[Score]) -> None:
    """Refuses figures that were made in different ways, naming each difference. Raises ConfigError."""
    check_alike(scores, but=())


def check_alike(scores: Sequence[Score], but: tuple[str, ...] = ("metric",)) -> None:
    """Refuses protocols that differ in anything but the fields named."""
    for score in scores[1:]:
        first, other = scores[0].protocol, score.protocol
        unlike = [
            f"{entry.name}: {getattr(first, entry.name)} and {getattr(other, entry.name)}"
            for entry in dataclasses.fields(Protocol)
            if entry.name not in but and getattr(first, entry.name) != getattr(other, entry.name)
        ]
        if unlike:
            raise ConfigError("these figures cannot be compared; they differ in " + "; ".join(unlike) + ".")
