"""A release: what is written, near copies that are left out, usefulness by classes, and what is refused."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint.checkpoint.model import load
from saddlepoint.errors import ConfigError
from saddlepoint.losses.privacy import epsilon as spent
from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.runs import release
from saddlepoint.runs.release import make_release


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings: dict[str, Any] = {"examples": 64, "batch": 32, "grid_size": 0, "device": "cpu", "held_out": 0.1}
    return saddlepoint.train("cgan", "digits", out=tmp_path_factory.mktemp("runs") / "cgan", **settings).folder


def test_the_folder_holds_images_by_class_their_table_the_card_and_a_licence_to_fill_in(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("saddlepoint.metrics.extractors.classifier._SEEN", 6_400)
    out = tmp_path / "set"
    main = importlib.import_module("saddlepoint.cli.release").main
    assert main([str(run), "-n", "200", "--out", str(out), "--title", "Digits", "--device", "cpu"]) == 0
    with (out / release.TABLE).open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    assert {row["label"] for row in rows} == set("0123456789")
    assert Image.open(out / rows[7]["file_name"]).size == (8, 8)
    card = (out / release.CARD).read_text()
    for words in ("All of it is synthetic", "real held-out images rightly", "membership by distance of pixels",
                  "guarantee: none", "To be filled in by hand", "real against real"):  # fmt: skip
        assert words in card
    figures = json.loads((out / release.FIGURES).read_text())
    assert set(figures["membership"]) == {"distance of pixels", "distance of features"}
    assert figures["epsilon"] is None
    assert "Licence:" in (out / release.LICENCE).read_text()
    assert "not trained with differential privacy" in capsys.readouterr().out
    again = saddlepoint.open_data(str(out), resolution=8)
    assert (len(again), again.classes) == (200, tuple("0123456789"))


def test_a_private_training_says_its_guarantee_and_one_without_noise_says_none(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "examples": 96,
        "batch": 32,
        "latent": 4,
        "generator_width": 2,
        "critic_width": 2,
        "grid_size": 0,
    }
    for noise, private in ((4.0, True), (0.0, False)):
        run = saddlepoint.train("dpgan", "digits", out=tmp_path / str(noise), noise=noise, device="cpu", **settings)
        model = run.model()
        epsilon, delta = release._guarantee(model)
        if private:
            assert epsilon == pytest.approx(spent(1.0, noise, 1, 1e-5), rel=1e-5)  # one epoch was not yet over
            assert delta == 1e-5
        else:
            assert (epsilon, delta) == (None, None)


def test_near_copies_are_left_out_and_made_up_for(run: Path) -> None:
    model = load(run, device="cpu")
    space = Pixels(32)
    images = release.Generated(model.method, model.nets, 30, 0, device=model.device).spread(30)
    known = features(space, [images[[1, 4, 9]]])  # as if these had been trained on
    kept, own = release._generated(model, 10, 0, space, known, 1e-3)
    assert kept.near == 3
    assert kept.rows.tolist() == [0, 2, 3, 5, 6, 7, 8, 10, 11, 12]
    np.testing.assert_array_equal(kept.images, images[kept.rows])
    assert len(own) == 10
    with pytest.raises(saddlepoint.SaddlepointError, match="has learnt them by heart"):
        release._generated(model, 10, 0, space, known, 1e9)


def test_a_run_that_held_nothing_out_cannot_be_judged(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"examples": 32, "batch": 32, "grid_size": 0, "device": "cpu", "held_out": 0.0}
    folder = saddlepoint.train("gan", "digits", out=tmp_path / "gan", **settings).folder
    with pytest.raises(ConfigError, match="0 images held out of training, and 20 are needed"):
        make_release(load(folder, device="cpu"), 10)
