"""mig of a model: both protocols by name, of the factors that the data knows, and refusals."""

from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.metrics.scores.mig import factors_of

SMALL = {"examples": 32, "batch": 16, "latent": 3, "layers": "dense", "widths": (8,), "likelihood": "gaussian"}


def test_both_protocols_are_named_and_need_posteriors(tmp_path: Path) -> None:
    run = saddlepoint.train("beta_vae", data="world:factorial", resolution=8, out=tmp_path / "vae", **SMALL)
    scores = saddlepoint.evaluate(run.folder, metrics=("mig",), n=8)["scores"]
    found = {score["protocol"]["metric"]: score["value"] for score in scores}
    assert found.keys() == {"mig[posterior, 10,000 codes]", "mig[means, 20 bins]", "total-correlation"}
    assert all(0 <= value <= 1 for name, value in found.items() if name.startswith("mig"))
    gan = saddlepoint.train("gan", data="digits", examples=16, batch=16, out=tmp_path / "gan")
    with pytest.raises(CapabilityError, match="which mig measures"):
        saddlepoint.evaluate(gan.folder, metrics=("mig",), n=8)


def test_factors_are_labels_and_attributes_that_vary() -> None:
    images = np.zeros((4, 1, 8, 8), np.uint8)
    attributes = np.array([[0, 1], [1, 1], [0, 1], [1, 1]], np.uint8)
    fields = {"image": images, "label": np.array([0, 0, 1, 1]), "attributes": attributes}
    known = factors_of(Dataset(fields, "x", "made", classes=("a", "b"), attributes=("p", "q")))
    assert known.T.tolist() == [[0, 0, 1, 1], [0, 1, 0, 1]]
    with pytest.raises(ConfigError, match="no factor"):
        factors_of(Dataset({"image": images}, "x", "made"))
