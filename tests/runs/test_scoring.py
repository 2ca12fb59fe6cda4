"""Scores of a folder: what a true density can tell in closed form, both directions of the known trap, flags."""

import csv
import importlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.metrics.formulas.anomaly import auroc, complexity, corrected
from saddlepoint.metrics.likelihoods import nats_of, protocol_of, stored_for
from saddlepoint.runs.scoring import HELD_OUT, Likelihoods, outliers, score_folder


def test_the_true_density_tells_two_gaussians_apart_as_the_closed_form_says() -> None:
    narrow, wide = Mixture(np.zeros((1, 2)), 0.5), Mixture(np.zeros((1, 2)), 1.0)
    usual, strange = (-np.log(narrow.density(each.sample(20_000, 0)[0])) for each in (narrow, wide))
    assert auroc(usual, strange) == pytest.approx(1 / (1 + 0.25), abs=0.005)  # P(wide r^2 > narrow r^2), exponential
    # The other way round the density of the wide one rates the narrow one's points higher: the trap.
    usual, strange = (-np.log(wide.density(each.sample(20_000, 1)[0])) for each in (wide, narrow))
    assert auroc(usual, strange) == pytest.approx(0.2, abs=0.005)


def test_complexity_is_that_of_a_compressor_and_flat_images_have_little() -> None:
    draw = np.random.default_rng(0)
    flat = np.full((3, 16, 16), 77, np.uint8)
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8) * 9, (3, 16, 16)).copy()
    noise = draw.integers(0, 256, (3, 16, 16)).astype(np.uint8)
    bits = complexity(np.stack((flat, ramp, noise)))
    assert bits[0] < bits[1] + 64 < bits[2] / 10
    assert bits[2] == pytest.approx(8 * 768, rel=0.02)
    assert corrected(np.array([3.0, 5.0]), np.array([1.0, 5.0])).tolist() == [2.0, 0.0]


def test_outliers_lie_beyond_either_end_of_held_out_images_or_beyond_their_corrected_scores() -> None:
    held_out = Likelihoods(np.linspace(-100, 0, 101), np.linspace(1, 0, 101), np.zeros(101))
    nats, bits = np.array([-50.0, -200.0, 10.0, -50.0]), np.array([0.5, 0.9, 0.1, 5.0])
    scores = Likelihoods(nats, bits, np.zeros(4))
    assert outliers(scores, held_out, 0.01) == ["", "unlikely", "too likely", "strange"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    run = saddlepoint.train(
        "fvbn", data="digits", examples=10_000, held_out=0.2, out=tmp_path_factory.mktemp("run") / "fvbn"
    )
    return run.model()


def write(folder: Path, images: np.ndarray) -> None:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:04}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out digits, and the same with their pixels in another order."""
    home, data = tmp_path_factory.mktemp("images"), open_data(DataSettings(data="digits"))
    digits = np.asarray(data.images)[data.split(0.2)[1]][:60, 0]
    order = np.random.default_rng(0).permutation(64)
    write(home / "digits", digits)
    write(home / "shuffled", digits.reshape(-1, 64)[:, order].reshape(-1, 8, 8))
    return home


def test_shuffled_digits_are_found(model: Model, folder: Path) -> None:
    scores = score_folder(model, folder, usual=["digits"])
    (row,) = scores.compared
    assert row["images"] == "shuffled"
    assert row["AUROC of a low likelihood"] >= 0.95
    assert scores.notes == []
    assert scores.protocol == "nats (exact, dynamic binarisation)"
    marked = [row["outlier"] for row in scores.rows if row["label"] == "shuffled"]
    assert sum("unlikely" in reason for reason in marked) > 40
    assert sorted(row["rank"] for row in scores.rows) == list(range(1, 121))


def test_the_trap_is_said_where_simpler_images_are_rated_likelier_than_the_models_own_kind(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    clean = ((np.asarray(open_data(DataSettings(data="digits")).images)[:, 0] > 127) * 255).astype(np.uint8)
    noisy = np.where(draw.random(clean.shape) < 0.15, 255 - clean, clean)
    write(tmp_path / "noisy", noisy[:600])
    (tmp_path / "seen").mkdir()
    write(tmp_path / "seen" / "noisy", noisy[600:660])
    write(tmp_path / "seen" / "clean", clean[600:660])
    run = saddlepoint.train("fvbn", data=str(tmp_path / "noisy"), examples=6_000, out=tmp_path / "run")
    scores = score_folder(run.model(), tmp_path / "seen", usual=["noisy"])
    assert scores.compared[0]["AUROC of a low likelihood"] < 0.3
    (note,) = scores.notes
    assert note.startswith("clean is rated likelier than noisy more often than not")
    assert scores.protocol == "nats (exact, fixed binarisation)"


def test_without_usual_images_held_out_ones_take_their_place(model: Model, folder: Path) -> None:
    scores = score_folder(model, folder / "shuffled")
    assert [row["against"] for row in scores.compared] == [HELD_OUT]
    assert scores.compared[0]["AUROC of a low likelihood"] >= 0.95
    alone = score_folder(model, folder / "shuffled" / "0003.png")
    assert alone.rows[0]["log_likelihood"] == scores.rows[3]["log_likelihood"]  # of the image and the seed alone
    with pytest.raises(ConfigError, match="no subfolder 'cats' with images; it has digits, shuffled"):
        score_folder(model, folder, usual=["cats"])


def test_pixels_are_brought_to_what_the_likelihood_is_of(model: Model) -> None:
    grey, white = np.full((400, 1, 8, 8), 64, np.uint8), np.full((2, 1, 8, 8), 255, np.uint8)
    grey += np.arange(400, dtype=np.uint8)[:, None, None, None] % 2
    drawn, made = stored_for(model.method, grey, 0)
    assert (set(np.unique(drawn)), made) == ({0, 255}, "dynamic binarisation")
    assert (drawn == 255).mean() == pytest.approx(0.25, abs=0.02)
    assert stored_for(model.method, white, 0)[1] == "fixed binarisation"
    assert protocol_of(model.method, made) == "exact, dynamic binarisation"
    assert nats_of(model, drawn[:3]).shape == (3,)


def test_an_evaluation_names_the_protocol_of_its_nats(model: Model) -> None:
    result = saddlepoint.evaluate(model.home, metrics=("likelihood",))
    nats, bits = result["scores"]
    assert nats["protocol"]["metric"] == "nats[exact, dynamic binarisation]"
    assert bits["protocol"]["metric"] == "bits-per-dim[exact, dynamic binarisation]"
    assert bits["value"] == pytest.approx(nats["value"] / (64 * math.log(2)))
    assert 10 < nats["value"] < 40
    assert nats["protocol"]["real"] == 359
    assert "359 real images (held-out), sample seed 0" in result["for a paper"][0]


def test_the_command_writes_a_table_and_refuses_models_without_a_likelihood(
    model: Model, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main, table = importlib.import_module("saddlepoint.cli.score").main, tmp_path / "scores.csv"
    run = [str(model.home), "--device", "cpu"]
    assert main([*run, str(folder / "digits"), "--out", str(table)]) == 0
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert len(rows) == 60
    assert list(rows[0]) == ["image", "log_likelihood", "bits_per_dim", "complexity", "corrected", "rank", "outlier"]
    assert "nats (exact, dynamic binarisation)" in capsys.readouterr().out
    assert main([*run, str(folder), "--usual", "digits", "--out", str(tmp_path / "scores.json")]) == 0
    whole = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert [row["images"] for row in whole["compared"]] == ["shuffled"]
    with pytest.raises(ConfigError, match=r"between 0 and 0\.5"):
        main([*run, str(folder), "--tail", "0.7"])
    gan = saddlepoint.train("gan", data="digits", examples=64, out=tmp_path / "gan").model()
    with pytest.raises(CapabilityError, match="does not say how likely"):
        score_folder(gan, folder)
