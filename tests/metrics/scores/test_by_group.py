"""Quality by group: a group that the generated images miss is named, even ones are not, and errors of a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.checkpoint.model import load
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.formulas.manifold import covered, density_coverage
from saddlepoint.metrics.scores.by_group import coverage_by_group, groups_of

DRAW = np.random.default_rng(0)
REAL = np.concatenate([DRAW.normal(0, 1, (200, 4)), DRAW.normal(6, 1, (100, 4))]).astype(np.float32)
GROUPS = {"many": np.arange(300) < 200, "few": np.arange(300) >= 200, "tiny": np.arange(300) < 10}


def test_the_rows_that_are_covered_make_up_the_coverage() -> None:
    fake = DRAW.normal(0.5, 1, (80, 4)).astype(np.float32)
    assert covered(REAL, fake).mean() == density_coverage(REAL, fake).coverage


def test_a_group_that_is_missed_is_named_and_even_ones_are_not() -> None:
    missing = DRAW.normal(0, 1, (300, 4)).astype(np.float32)
    rows, notes = coverage_by_group(GROUPS, REAL, missing, {})
    assert {row["name"]: row["coverage"] > 0.5 for row in rows} == {"many": True, "few": False}
    assert any(note.startswith("few is worse off: 0% of what real images reach") for note in notes)
    assert any("fewer than 40 images are left out: tiny" in note for note in notes)
    even = np.concatenate([DRAW.normal(0, 1, (200, 4)), DRAW.normal(6, 1, (100, 4))]).astype(np.float32)
    assert not any("worse off" in note for note in coverage_by_group(GROUPS, REAL, even, {})[1])
    own = {"few": np.arange(300) >= 200}
    (row,) = [row for row in coverage_by_group(GROUPS, REAL, even, own)[0] if "kid" in row]
    assert abs(row["kid"]) < 50 * max(abs(row["kid_of_real"]), 1)


def test_groups_are_classes_and_attributes_with_and_without() -> None:
    fields = {"image": np.zeros((4, 1, 1, 1), np.uint8), "label": np.array([0, 1, 1, 0])}
    data = Dataset(
        fields={**fields, "attributes": np.array([[1.0], [0], [1], [1]], np.float32)},
        fingerprint="",
        source="",
        classes=("a", "b"),
        attributes=("Hat",),
    )
    groups = groups_of(data, ("class", "Hat"), np.array([0, 1, 2]))
    assert {name: members.tolist() for name, members in groups.items()} == {
        "a": [True, False, False],
        "b": [False, True, True],
        "Hat": [True, False, True],
        "not Hat": [False, True, False],
    }
    with pytest.raises(ConfigError, match=r"no groups by 'hat'; did you mean 'Hat'\? There are: class, Hat"):
        groups_of(data, ("hat",), np.arange(4))


def test_a_run_is_measured_by_class_and_its_card_shows_the_table(tmp_path: Path) -> None:
    small = {"examples": 64, "batch": 32, "device": "cpu", "grid_size": 0}
    run = saddlepoint.train("cgan", "digits", out=tmp_path / "cgan", **small).folder
    result = saddlepoint.evaluate(run, metrics=["kid"], n=300, extractor="pixels", groups=["class"])
    assert [row["name"] for row in result["by group"]] == list("0123456789")
    assert all("kid" in row for row in result["by group"])
    load(run).save_pretrained(tmp_path / "saved")
    assert "| 3 | " in (tmp_path / "saved" / "README.md").read_text()
    named = saddlepoint.train("classifier", "digits", out=tmp_path / "classifier", **small).folder
    errors = saddlepoint.evaluate(named)
    assert errors["scores"][0]["protocol"]["metric"] == "accuracy"
    assert sum(row["images"] for row in errors["by group"]) == errors["scores"][0]["protocol"]["real"]
