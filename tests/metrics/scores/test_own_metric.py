"""A metric is one file, found by looking: that of docs/metrics.md, word by word."""

import re
from pathlib import Path

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.metrics import scores
from saddlepoint.metrics.extractors.features import Pixels
from saddlepoint.metrics.scores.measure import measure
from saddlepoint.metrics.scores.score import Protocol

PAGE = Path(__file__).parents[3] / "docs/metrics.md"


def test_the_metric_of_the_guide_is_found_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.search(r'```python\n(""".*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "mean_shift.py").write_text(code[1], encoding="utf-8")
    monkeypatch.setattr(scores, "_HERE", tmp_path)
    monkeypatch.setattr(scores, "__path__", [str(tmp_path)])
    scores.names.cache_clear()
    try:
        assert scores.names("FeatureMetric") == ("mean-shift",)
        real, fake = made_features(50, 8, "a"), made_features(40, 8, "b", 0.5)
        (score,) = measure(["mean-shift"], Pixels(), real, fake, Protocol("", 0, 0))
        assert score.value == pytest.approx(np.linalg.norm(real.mean(0) - fake.mean(0)), rel=1e-6)
        assert scores.metric("mean-shift").direction == "less"
    finally:
        scores.names.cache_clear()
