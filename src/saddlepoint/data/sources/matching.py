"""Which files of two folders belong together: those of one path, whatever their endings, and none is lost unsaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from saddlepoint.data.sources.names import composed

Key = Callable[[str], str]


@dataclass(frozen=True)
class Matches:
    """Pairs of places in two lists of names. alone: of each list, the places without a partner, with the reason."""

    pairs: tuple[tuple[int, int], ...]
    alone: tuple[dict[int, str], dict[int, str]]


def matched(first: Sequence[str], second: Sequence[str], sources: tuple[str, str]) -> Matches:
    """Pairs in the order of the first list. sources: what to call the two.

    Equal paths belong together; else equal paths but for their endings, and then but for capitals, where no other file
    comes into question. If nothing fits, the folders that hold all files of either are left out of their paths.
    """
    matches = _matched(first, second, sources)
    if not matches.pairs:
        inner = _matched(_below_all(first), _below_all(second), sources)
        return inner if inner.pairs else matches
    return matches


def _matched(first: Sequence[str], second: Sequence[str], sources: tuple[str, str]) -> Matches:
    partner: dict[int, int] = {}
    for key, strict in ((str, False), (composed, False), (_stem, True), (_folded, True)):
        ours, theirs = ({key(name): place for place, name in enumerate(names)} for names in (first, second))
        several = [{k for k, n in Counter(map(key, names)).items() if n > 1} for names in (first, second)]
        partners = {*partner.values()}
        for name, place in ours.items():
            other = theirs.get(name)
            unclear = name in several[0] or name in several[1]
            if other is not None and place not in partner and other not in partners and not (strict and unclear):
                partner[place] = other
    return Matches(
        tuple(sorted(partner.items())),
        (
            _alone(first, second, {*partner}, sources[1]),
            _alone(second, first, {*partner.values()}, sources[0]),
        ),
    )


def _alone(names: Sequence[str], others: Sequence[str], paired: set[int], source: str) -> dict[int, str]:
    theirs, ours = Counter(map(_stem, others)), Counter(map(_stem, names))
    reasons = {}
    for place, name in enumerate(names):
        if place not in paired:
            stem = _stem(name)
            unclear = theirs[stem] and ours[stem] + theirs[stem] > 2
            why = "differs in its ending alone from another file, and which" if unclear else ""
            reasons[place] = f"{why} of {source} is its partner is not clear" if why else f"has no partner in {source}"
    return reasons


def _stem(name: str) -> str:
    return composed(str(PurePosixPath(name).with_suffix("")))


def _folded(name: str) -> str:
    return _stem(name).casefold()


def _below_all(names: Sequence[str]) -> list[str]:
    """The paths without the folders that they all begin with."""
    parts = [PurePosixPath(name).parts for name in names]
    depth = 0
    while parts and all(len(each) > depth + 1 and each[depth] == parts[0][depth] for each in parts):
        depth += 1
    return ["/".join(each[depth:]) for each in parts]
