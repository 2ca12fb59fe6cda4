"""Words for a published-protocol FID. They are a rule of thumb for photographs and for nothing else."""

from __future__ import annotations

from saddlepoint.metrics.extractors.resize import FORMULAS
from saddlepoint.metrics.scores.score import Score


def band(score: Score) -> str | None:
    """`excellent` below 5, `good` to 30, `fair` to 50, `poor` above; None unless it is FID by the published protocol.

    That is inception-2015 at layer 2048 in float32, with the TensorFlow resize. Usual tables do not name 30 to 50.
    """
    extractor = score.protocol.extractor
    if score.protocol.metric != "fid" or extractor is None:
        return None
    standard = extractor.name == "inception-2015" and extractor.layer == "2048" and extractor.precision == "float32"
    if not standard or extractor.values != FORMULAS["tensorflow"][1] or not extractor.resize.startswith("tensorflow"):
        return None
    limits = ((5.0, "excellent"), (30.0, "good"), (50.0, "fair"))
    return next((word for limit, word in limits if score.value < limit), "poor")
