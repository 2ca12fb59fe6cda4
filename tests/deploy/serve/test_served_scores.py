"""The service says how likely an image is: the figures of `saddle score`, by models that state a likelihood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from service_parts import opened, photo, small

from conftest import started
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.metrics.formulas.anomaly import complexity
from saddlepoint.metrics.likelihoods import nats_of, stored_for


def test_a_score_is_that_of_the_command_line_and_names_its_protocol(tmp_path: Path) -> None:
    model = small("fvbn", (1, 8, 8))
    with started(Shelf((Served("digits", "stable", model),)), tmp_path / "jobs") as client:
        (entry,) = client.get("/v1/models").json()["models"]
        assert entry["tasks"] == ["sample", "complete", "score"]
        answer = client.post("/v1/score", files={"image": photo(8, 8, mode="L")}).json()
        assert client.post("/v1/predict", files={"image": photo(8, 8)}).status_code == 422
    figures = {one["name"]: one["value"] for one in answer["predictions"]}
    stored, _ = stored_for(model.method, np.asarray(opened(photo(8, 8, mode="L")))[None, None], 0)
    nats = float(nats_of(model, stored)[0])
    assert figures["log_likelihood"] == pytest.approx(nats, rel=1e-5)
    assert figures["corrected"] == pytest.approx(-nats / 64 / np.log(2) - float(complexity(stored)[0]) / 64, rel=1e-5)
    assert answer["predictions"][0]["what"] == "nats (exact, dynamic binarisation)"
