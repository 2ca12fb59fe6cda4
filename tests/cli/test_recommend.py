"""Recommending: what the rules choose, what is seen in images, and a proposal that can be trained as it stands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint import methods
from saddlepoint.cli import recommend, train
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.errors import ConfigError, RunError
from saddlepoint.runs.advice import BY_CLASS, ORDERS, Advice, advise, resolution
from saddlepoint.runs.survey import Computer, Images, directions, look_at, near_duplicates, sides

LAPTOP = Computer(cores=4, memory=8 << 30, gpu="")
STATION = Computer(cores=16, memory=80 << 30, gpu="A GPU")
ALL = {"dcgan", "wgan_gp", "r3gan", "stylegan2", "cgan", "acgan"}


def images(**changes: Any) -> Images:
    usual = {
        "count": 20_000, "channels": 3, "shortest": 128, "longest": 400, "classes": {}, "near_duplicates": 0.0,
        "directions": 60,
    }  # fmt: skip
    return Images(**{**usual, **changes})


@pytest.mark.parametrize(
    ("found", "computer", "method", "side"),
    [
        (images(shortest=8, longest=8), STATION, "dcgan", 8),
        (images(), LAPTOP, "stylegan2", 64),
        (images(shortest=16), LAPTOP, "dcgan", 16),
        (images(), STATION, "stylegan2", 128),
        (images(shortest=1000), STATION, "stylegan2", 256),
        (images(count=900), STATION, "stylegan2", 128),
        (images(count=900), LAPTOP, "stylegan2", 64),
    ],
)
def test_the_method_follows_from_the_images_and_the_machine(
    found: Images, computer: Computer, method: str, side: int
) -> None:
    advice = advise(found, computer, ALL)
    assert (advice.method, advice.settings["resolution"]) == (method, side)
    assert any(reason.startswith(f"{method}: ") for reason in advice.reasons)


def test_only_methods_that_are_there_are_proposed() -> None:
    assert advise(images(), STATION, {"dcgan", "wgan_gp"}).method == "wgan_gp"
    assert advise(images(count=900), STATION, {"dcgan"}).method == "dcgan"
    narrow = {"dcgan": {"generator_width": 16, "batch": 8}}
    assert advise(images(), LAPTOP, {"dcgan"}, narrow).settings["generator_width"] == 16
    assert advise(images(), LAPTOP, {"dcgan"}, narrow).settings["batch"] == 8
    assert advise(images(), LAPTOP, {"dcgan"}, narrow).settings["images"] == 250_000
    assert advise(images(count=20), LAPTOP, {"dcgan"}, narrow).settings["batch"] == 5  # a quarter of what there is
    assert "generator_width" not in advise(images(), STATION, {"dcgan"}, narrow).settings
    assert advise(images(classes={"a": 500, "b": 600}), STATION, {"dcgan"}).others == {}
    alone = {case: order for case, order in ORDERS.items() if case not in ("pairs", "domains")}
    assert all("dcgan" in order for order in alone.values())  # which is always there
    assert {name for order in (*ORDERS.values(), BY_CLASS) for name in order} <= {*methods.listing()}
    with pytest.raises(ConfigError, match="none of the methods for pairs is installed: pix2pix"):
        advise(images(form="pairs"), LAPTOP, {"dcgan"})


@pytest.mark.parametrize(("table", "minutes"), [("", 10), ("_40_minutes", 40)])
@pytest.mark.parametrize("name", ["faces", "fashion"])
def test_one_that_is_as_near_as_any_with_as_many_kinds_in_the_time_is_proposed_as_it_was(
    name: str, table: str, minutes: int
) -> None:
    file = f"real_images_{name}{table or {'fashion': '_mnist'}.get(name, '')}.json"
    path = Path(__file__).parents[2] / "evidence" / "benchmarks" / file
    rows = {row["method"]: row for row in json.loads(path.read_text(encoding="utf-8"))["tables"][0]["rows"]}
    small = {name: methods.presets(name)["small"] for name in ("dcgan", "stylegan2")}
    advice = advise(images(), LAPTOP, ALL, small, minutes)
    row, least = rows[advice.method], min(each["Fréchet distance"] for each in rows.values())
    assert row["Fréchet distance"] <= 1.2 * least
    nearer = [each for each in rows.values() if each["Fréchet distance"] < row["Fréchet distance"]]
    assert all(each["recall"] < row["recall"] for each in nearer)  # which the reason says of it
    measured = dict(each.split(" ") for each in row["settings"].split(", "))
    assert {key: str(value) for key, value in advice.settings.items() if key in measured} == measured
    assert "docs/benchmarks.md" in "".join(advice.reasons)


def test_on_a_processor_few_images_are_augmented_and_a_first_look_is_offered() -> None:
    small = {"stylegan2": methods.presets("stylegan2")["small"]}
    few, many = (advise(images(count=count), LAPTOP, ALL, small) for count in (900, 9_000))
    assert "augment_target" not in few.settings
    assert any("900 images are few: with augmentation" in reason for reason in few.reasons)
    assert many.settings["augment_target"] == 0
    assert "--minutes 10" in many.others["dcgan"]
    assert "r3gan" not in many.others


def test_classes_that_are_large_enough_can_be_asked_for() -> None:
    assert "cgan" in advise(images(classes={"a": 500, "b": 600}), LAPTOP, ALL).others
    more = {*ALL, "stylegan2_conditional"}
    assert "stylegan2_conditional" in advise(images(classes={"a": 500, "b": 600}), STATION, more).others
    assert "cgan" not in advise(images(classes={"a": 50, "b": 600}), LAPTOP, ALL).others
    assert "--balanced" in advise(images(classes={"a": 500, "b": 6000}), LAPTOP, ALL).others["cgan"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"count": 900}, "900 images are few; the discriminator (critic) may learn them by"),
        ({"near_duplicates": 0.2}, "20% of the images have a near-duplicate"),
        ({"classes": {"a": 500, "b": 5000}}, "10 times the images of the smallest"),
        ({"directions": 1000}, "expect blurry mixtures of rare images"),
    ],
)
def test_what_will_hurt_is_said(changes: dict[str, Any], words: str) -> None:
    assert not any(words in reason for reason in advise(images(), LAPTOP, ALL, minutes=10).reasons)
    assert any(words in reason for reason in advise(images(**changes), LAPTOP, ALL, minutes=10).reasons)


def test_a_batch_is_at_most_a_quarter_of_the_images() -> None:
    assert advise(images(count=100), LAPTOP, ALL).settings["batch"] == 25


def test_the_side_is_a_power_of_two_that_the_images_reach() -> None:
    assert [resolution(side, LAPTOP) for side in (3, 8, 28, 63, 64, 500)] == [8, 8, 16, 32, 64, 64]
    assert [resolution(side, STATION) for side in (200, 2000)] == [128, 256]


def test_near_duplicates_and_directions_are_counted() -> None:
    draw = torch.Generator().manual_seed(0)
    plane = torch.rand(50, 2, generator=draw) @ torch.rand(2, 64, generator=draw)
    assert directions(plane - 1) <= 2
    noise = torch.rand(50, 64, generator=draw) * 2 - 1
    assert near_duplicates(noise) == 0
    noise[1] = noise[0] + 0.01
    assert near_duplicates(noise) == pytest.approx(2 / 50)


def test_translation_is_known_by_the_form_of_the_data() -> None:
    known = {*ALL, "pix2pix", "cycle_gan", "munit"}
    pairs = advise(images(form="pairs", count=400), LAPTOP, known)
    assert (pairs.method, pairs.settings) == ("pix2pix", {"resolution": 64, "batch": 1, "images": 40_000})
    domains = advise(images(form="domains", classes={"a": 100, "b": 900}), STATION, known)
    assert (domains.method, domains.settings["images"], "munit" in domains.others) == ("cycle_gan", 90_000, True)
    assert any("one domain has 9 times the images of the other" in reason for reason in domains.reasons)
    small = advise(images(form="pairs", shortest=9), LAPTOP, known)
    assert (small.settings["resolution"], small.settings["halvings"]) == (8, 1)


def test_the_smallest_side_is_said_and_nothing_smaller_is_advised() -> None:
    advice = advise(images(shortest=5, longest=6), LAPTOP, ALL)
    assert advice.settings["resolution"] == 8
    assert "resolution 8, the smallest possible: your images have 5 and are enlarged" in advice.reasons


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 30])
def test_a_batch_never_exceeds_the_images_there_are_to_train_on(count: int) -> None:
    batch = advise(images(count=count), LAPTOP, ALL).settings["batch"]
    assert 1 <= batch <= count - int(0.05 * count)


def test_one_image_and_one_in_a_domain_are_recommended_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommend, "timed", lambda advice, computer, minutes: (advice, 1.0))
    photos(tmp_path / "many", 6)
    for place in ("one", "left", "right"):
        (tmp_path / place).mkdir()
        shutil.copy(tmp_path / "many" / "a" / "0.png", tmp_path / place / "0.png")
    settings = ["--minutes", "0.001", "--cache", str(tmp_path / "cache")]
    assert recommend.main([str(tmp_path / "one"), *settings]) == 0
    told = capsys.readouterr().out
    assert "1 image is few" in told
    assert recommend.main([f"unpaired:{tmp_path}/one,{tmp_path}/many/a", *settings]) == 0
    told = capsys.readouterr().out
    assert "2 domains of 1 to " in told
    assert "saddle train cycle_gan --data unpaired:" in told
    assert recommend.main([f"paired:{tmp_path}/left,{tmp_path}/right", *settings]) == 0
    assert "saddle train pix2pix --data paired:" in capsys.readouterr().out


def test_nothing_smaller_is_advised_than_the_smallest_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommend, "STEPS", 1)
    settings = {"data": "digits", "batch": 4, "images": 10**9, "generator_width": 4, "critic_width": 4, "device": "cpu"}
    for side, said in ((8, False), (16, True)):
        shown = recommend.timed(Advice("dcgan", {**settings, "resolution": side}, ()), LAPTOP, minutes=0.01)[0]
        assert ("a smaller --resolution needs less" in shown.reasons[-1]) == said


@pytest.mark.parametrize("where", ["{0}/one", "unpaired:{0}/one,{0}/many/a", "paired:{0}/one,{0}/right"])
def test_a_dry_run_estimates_memory_with_one_image_or_one_in_a_domain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    photos(tmp_path / "many", 4)
    for place in ("one", "right"):
        (tmp_path / place).mkdir()
        shutil.copy(tmp_path / "many" / "a" / "0.png", tmp_path / place / "0.png")
    kinds = {"unpaired": ["cycle_gan", "--blocks", "1", "--halvings", "1"], "paired": ["pix2pix", "--halvings", "1"]}
    method, *own = kinds.get(where.partition(":")[0], ["dcgan"])
    words = [method, "--data", where.format(tmp_path), "--resolution", "16", "--batch", "1", *own, "--dry-run"]
    narrow = ["--generator-width", "4", "--critic-width", "4", "--out", str(tmp_path)]
    assert train.main([*words, *narrow, "--cache", str(tmp_path / "cache")]) == 0
    assert "held for backward, 1 image " in capsys.readouterr().out


def photos(folder: Path, count: int = 24) -> Path:
    """Two classes of random images, 16 and 8 of 20 x 16 pixels and one copy."""
    draw = np.random.default_rng(0)
    for index in range(count):
        pixels = draw.integers(0, 256, (16, 20, 3), dtype=np.uint8)
        place = folder / ("a" if index < 16 else "b")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{index}.png")
    Image.fromarray(pixels).save(place / "copy.png")
    return folder


def test_a_folder_is_seen_as_it_is(tmp_path: Path) -> None:
    settings = DataSettings(data=str(photos(tmp_path / "photos")), resolution=16, cache=tmp_path / "cache")
    assert sides(settings) == (16, 16)
    found = look_at(open_data(settings), 16, 16)
    assert (found.count, found.channels, found.classes) == (25, 3, {"a": 16, "b": 9})
    assert found.near_duplicates == pytest.approx(2 / 25)
    assert found.imbalance == pytest.approx(16 / 9)


def test_a_proposal_is_printed_written_and_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recommend, "STEPS", 2)
    words = [str(photos(tmp_path / "photos")), "--minutes", "0.01", "--cache", str(tmp_path / "cache")]
    assert recommend.main([*words, "--json", "proposed.json"]) == 0
    told = capsys.readouterr().out
    assert "25, colour, 16 pixels" in told
    assert "saddle train --recommended proposed.json" in told
    written = json.loads((tmp_path / "proposed.json").read_text())
    assert written["method"] == "dcgan"
    assert list(tmp_path.glob("runs/*")) == []
    more = ["--images", "12", "--generator-width", "4", "--critic-width", "4", "--grid-size", "0", "--device", "cpu"]
    assert train.main(["--recommended", "proposed.json", *more, "--out", "run"]) == 0
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["run"]["batch"] == written["batch"] == 6


def test_a_proposal_fits_the_memory_and_the_minutes(tmp_path: Path) -> None:
    settings = {
        "data": "digits",
        "batch": 64,
        "images": 10**9,
        "generator_width": 4,
        "critic_width": 4,
        "device": "cpu",
    }
    roomy, rate = recommend.timed(Advice("dcgan", settings, ()), LAPTOP, minutes=1)
    assert "accumulate" not in roomy.settings
    assert roomy.settings["images"] == pytest.approx(60 * rate, rel=0.01)
    assert "what the time allows of the 1,000,000,000" in roomy.reasons[-1]
    tight, _ = recommend.timed(Advice("dcgan", settings, ()), Computer(1, 200_000, ""), minutes=1)
    assert tight.settings["accumulate"] == 8


def test_a_stop_before_anything_is_timed_proposes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommend.Trainer, "fit", lambda trainer: "interrupted")
    settings = {"data": "digits", "images": 100, "generator_width": 4, "critic_width": 4}
    with pytest.raises(RunError, match="stopped before a step could be timed"):
        recommend.timed(Advice("dcgan", settings, ()), LAPTOP, 1.0)


def test_a_file_for_another_method_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "proposed.json"
    file.write_text('{"method": "gan", "batch": 7}')
    assert plans.make("gan", {}, file=file).run.batch == 7
    with pytest.raises(ConfigError, match="holds settings of gan, not of dcgan"):
        plans.make("dcgan", {}, file=file)
    file.write_text('{"batch": 7}')
    with pytest.raises(ConfigError, match="names no method"):
        train.main([f"--recommended={file}"])
    with pytest.raises(ConfigError, match="needs the file"):
        train.main(["--recommended"])


def test_made_worlds_are_not_recommended_for() -> None:
    with pytest.raises(ConfigError, match="world:ring8 is a synthetic world"):
        recommend.main(["world:ring8"])
