"""What a run's figures say of its game: each trouble by its name, with the evidence in words. Nothing here trains.

critic too strong, vanishing gradients   Arjovsky & Bottou 2017, arXiv:1701.04862, sections 2.1 and 2.2.1
mode collapse, oscillation               Goodfellow 2016, arXiv:1701.00160, sections 5.1.1 and 5.1
memorisation by the critic               Karras et al. 2020, arXiv:2006.06676, eq. 1 (r_v)

Each bound below lies between what healthy and what spoilt runs of small GANs showed; none is a law.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

RECENT = 5
"""reports whose median counts: two odd ones change nothing"""
LOOKS = 3
"""the same for looks at samples, each of which is a mean over many pairs already"""
KEPT = 40
"""reports kept of each figure: enough for a few swings"""
LEAD = 4.5
"""logits between real and fake images from which a critic wins outright: it is right with odds of about ten to one on
either side. Healthy runs stay under 3.5, a critic with 20 times the learning rate lies between 4 and 8"""
NO_LEAD = 0.1
"""logits under which a critic does not tell real from fake"""
APART = 0.05
"""energy distance of fakes from real images, as a share, over which anyone sees the difference: noise has 0.4, good
samples 0.02. Under it a critic may lead by much or by nothing, or drift where its outputs have no zero of their own
(Wasserstein, relativistic), and do no harm"""
UNTAUGHT = 0.15
"""the same for a critic that does not lead: early in a healthy run fakes are farther apart, but the critic leads"""
FAINT = 0.01
"""share of its largest norm under which a gradient has vanished: healthy ones stay within a tenth"""
ALIKE = 0.1
"""diversity under which samples are alike: a quarter of all pairs differ by less than a tenth of what real ones do.
Reached by four images in many copies, not by any healthy run after its first hundred steps"""
FALLEN = 1 / 3
"""share of its best diversity under which a generator has collapsed"""
RISING = 1.1
"""a diversity that grows by this factor over the kept looks is no collapse but a beginning"""
SWING = 3.0
"""logits up and down between which the critic's mean output must go for the players to chase each other"""
SWINGS = 3
"""full swings, of the last reports, that make an oscillation"""
EXPLODED = 1000.0
"""times its early norm over which a gradient, or its early size over which a loss, has run away"""
MEMORY = 0.5
"""share of the critic's lead that is lost on real images it was not trained on"""
KNOWN = 0.75
"""chance that it rates a training image over one it has not seen, of which a half is none"""


@dataclass(frozen=True)
class Finding:
    """One trouble. name: what it is called. words: the evidence in a sentence. figures: the same as numbers."""

    name: str
    words: str
    figures: Mapping[str, float]


@final
class Signs:
    """Figures by name, smoothed: the median of the last few, the first such median and the largest."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.first: dict[str, float] = {}
        self.peak: dict[str, float] = {}

    def add(self, figures: Mapping[str, float]) -> None:
        """Take in the figures of one report."""
        for name, value in figures.items():
            series = self.history.setdefault(name, [])
            series.append(max(-1e30, min(value, 1e30)))
            del series[:-KEPT]
            now = self.now(name)
            if now is not None:
                self.first.setdefault(name, now)
                self.peak[name] = max(self.peak.get(name, now), now)

    def now(self, name: str) -> float | None:
        """The median of the last few values; None before there are as many."""
        series, least = self.history.get(name, []), LOOKS if name.startswith("health/") else RECENT
        return statistics.median(series[-least:]) if len(series) >= least else None

    def json(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {"kept": self.history, "first": self.first, "peak": self.peak}

    def take(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `json` gave."""
        self.history = {name: list(values) for name, values in saved["kept"].items()}
        self.first, self.peak = dict(saved["first"]), dict(saved["peak"])


def findings(signs: Signs, critics: tuple[str, ...], generators: tuple[str, ...]) -> list[Finding]:
    """Every trouble that the figures show now.

    critics: groups of players that judge. generators: networks that learn from them.
    The figures are "<group>/real_logit" and "fake_logit" of a critic, "<group>/<loss>", "gradient/<network>", and of a
    look at samples "health/diversity", "apart", "memory" and "known"; what was never added is not judged.
    """
    results = [*_collapse(signs), *_memory(signs), *_divergence(signs)]
    for critic in critics:
        results += [*_lead(signs, critic), *_oscillation(signs, critic)]
    if critics:
        results += [finding for network in generators for finding in _vanishing(signs, network)]
    return results


def _lead(signs: Signs, critic: str) -> Iterator[Finding]:
    real, fake = signs.now(f"{critic}/real_logit"), signs.now(f"{critic}/fake_logit")
    apart = signs.now("health/apart")
    if real is None or fake is None:
        return
    figures = {"real_logit": real, "fake_logit": fake, **({} if apart is None else {"apart": apart})}
    outputs = f"its mean output is {real:.3g} for real images and {fake:.3g} for fakes"
    if real - fake >= LEAD and (apart is None or apart >= APART):
        yield Finding("critic too strong", f"{critic} wins outright: {outputs}", figures)
    if real - fake <= NO_LEAD and apart is not None and apart >= UNTAUGHT:
        words = f"{critic} does not tell them apart: {outputs}, though pixels alone are {apart:.0%} apart"
        yield Finding("critic too weak", words, figures)


def _vanishing(signs: Signs, network: str) -> Iterator[Finding]:
    name = f"gradient/{network}"
    now, peak = signs.now(name), signs.peak.get(name, 0.0)
    if now is not None and now < FAINT * peak:
        words = f"the gradient of {network} is {now:.3g}, where it was {peak:.3g}"
        yield Finding("vanishing generator gradients", words, {"gradient": now, "largest": peak})


def _collapse(signs: Signs) -> Iterator[Finding]:
    now, peak = signs.now("health/diversity"), signs.peak.get("health/diversity", 0.0)
    if now is None:
        return
    dropped = now < FALLEN * peak
    if dropped or (now < ALIKE and now <= RISING * signs.history["health/diversity"][0]):
        before = f" (it was {peak:.0%})" if dropped else ""
        words = f"the most similar 25% of sample pairs differ by only {now:.1%} of what real pairs do{before}"
        yield Finding("mode collapse", words, {"diversity": now, "largest": peak})


def _oscillation(signs: Signs, critic: str) -> Iterator[Finding]:
    real, fake = (signs.history.get(f"{critic}/{name}_logit", []) for name in ("real", "fake"))
    if len(real) < KEPT or len(fake) < KEPT:
        return
    middles = [(a + b) / 2 for a, b in zip(real, fake)]
    count, apart = swings(middles, SWING), signs.now("health/apart")
    if count >= SWINGS and (apart is None or apart >= APART):
        low, high = min(middles), max(middles)
        words = f"the mean output of {critic} swung between {low:.3g} and {high:.3g} {count} times"
        yield Finding("oscillation", f"{words} in {KEPT} reports", {"low": low, "high": high, "swings": count})


def swings(values: Sequence[float], height: float) -> int:
    """How often a series went by at least `height` one way and then by as much back."""
    legs, way, low, high = 0, 0, values[0], values[0]
    for value in values:
        low, high = min(low, value), max(high, value)
        turned = -1 if way >= 0 and high - value >= height else 1 if way <= 0 and value - low >= height else 0
        if turned:
            legs, way, low, high = legs + 1, turned, value, value
    return legs // 2


def _divergence(signs: Signs) -> Iterator[Finding]:
    for name, first in signs.first.items():
        now, loss = signs.now(name), not name.startswith(("gradient/", "health/"))
        bound = EXPLODED * (max(abs(first), 1.0) if loss else first)
        if now is not None and not name.startswith("health/") and abs(now) > bound:
            words = f"{name} is {now:.3g}, where it was {first:.3g}"
            yield Finding("divergence", words, {"now": now, "before": first})


def _memory(signs: Signs) -> Iterator[Finding]:
    share, known = signs.now("health/memory"), signs.now("health/known")
    if share is not None and known is not None and share >= MEMORY and known >= KNOWN:
        words = f"the critic loses {share:.0%} of its lead on held-out real images, and it rates a"
        words += f" training image above a held-out one {known:.0%} of the time"
        yield Finding("memorisation by the critic", words, {"memory": share, "known": known})
