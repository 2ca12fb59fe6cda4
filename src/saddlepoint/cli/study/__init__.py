"""study: ask people about pictures: which is better, how good, real or generated; and work out what they say."""

from __future__ import annotations

from saddlepoint.cli.parted import PartedVerb

_VERB = PartedVerb(
    name="study",
    does="ask people about pictures, and work out what they say.",
    order=("make", "collect", "analyse"),
)
main, parts = _VERB.main, _VERB.parts
