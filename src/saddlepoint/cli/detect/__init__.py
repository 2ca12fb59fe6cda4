"""detect: learn to tell a model's images from real ones, with the error stated, and look through a folder."""

from __future__ import annotations

from saddlepoint.cli.parted import PartedVerb

_VERB = PartedVerb(
    name="detect",
    does="tell the images of a model from real ones; a help for reviewers, never a proof.",
    order=("learn", "check"),
)
main, parts = _VERB.main, _VERB.parts
