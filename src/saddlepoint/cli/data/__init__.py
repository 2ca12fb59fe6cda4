"""data: look at a data set before training: what would be used, duplicates, balance, groups."""

from __future__ import annotations

from saddlepoint.cli.parted import PartedVerb

_VERB = PartedVerb(
    name="data",
    does="look at a data set before anything is trained on it.",
    order=("check",),
    takes="DATA",
)
main, parts = _VERB.main, _VERB.parts
