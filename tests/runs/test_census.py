"""What `saddle data check` finds: planted copies, wrong labels, leaks, ties; and nothing in clean data."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.runs.census import census


def lay(folder: Path, name: str, seed: int, size: int = 24, add: int = 0) -> None:
    values = np.random.default_rng(seed).integers(40, 200, (6, 6, 3)) + add
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC).save(path)


def check(folder: Path, **more):
    return census(DataSettings(data=str(folder)), **more)


def test_clean_images_give_no_warning(tmp_path: Path) -> None:
    for number in range(12):
        lay(tmp_path, f"{number}.png", number)
    found = check(tmp_path)
    assert (found.count, found.opened, found.warnings, found.duplicates) == (12, 12, (), ())
    assert found.training + found.held_out == 12
    assert found.sizes[0] == "shorter side: 24 to 24 pixels, half of them 24 or less"


def test_planted_copies_wrong_labels_and_leaks_are_found_and_named(tmp_path: Path) -> None:
    for number in range(40):
        lay(tmp_path, f"{'cat' if number < 30 else 'dog'}/{number:02}.png", number)
    lay(tmp_path, "dog/copy.png", 3, add=1)  # a shade lighter
    (tmp_path / "cat" / "broken.png").write_bytes(b"no image")
    found = check(tmp_path)
    assert found.duplicates == (("cat/03.png", "dog/copy.png"),)
    assert [name for name, _ in found.skipped] == ["cat/broken.png"]
    words = " ".join(found.warnings)
    assert "1 group of near-duplicates in several classes, such as cat/03.png and dog/copy.png" in words
    assert "2 classes with fewer than 100 images" in words
    for number in range(40):
        lay(tmp_path, f"cat/again{number:02}.png", number)
    again = " ".join(check(tmp_path).warnings)
    assert "lie both in the part to train on and in the one held out" in again
    assert "have a near-duplicate: remove copies first" in again


def test_attributes_that_go_together_or_follow_the_class_and_tones_are_said(tmp_path: Path) -> None:
    rows = ["file,Smiling,Young,Hat"]
    for number in range(40):
        kind = "cat" if number % 2 else "dog"
        lay(tmp_path, f"{kind}/{number}.png", number, add=50 if number % 2 else 0)
        rows.append(f"{kind}/{number}.png,{number // 2 % 2},{number // 2 % 2},{number % 2}")
    (tmp_path / "attributes.csv").write_text("\n".join(rows))
    found = check(tmp_path, groups=("Young",))
    words = " ".join(found.warnings)
    assert "Smiling and Young go together (phi 1.00)" in words
    assert "Hat depends on the class (Cramér's V 1.00)" in words
    assert "brightness alone explains" in words
    assert [(row["name"], row["images"]) for row in found.groups] == [
        *(("not Young, cat", 10), ("not Young, dog", 10), ("Young, cat", 10), ("Young, dog", 10)),
    ]
    with pytest.raises(ConfigError, match="no attribute is called 'Yong'; did you mean 'Young'"):
        check(tmp_path, groups=("Yong",))


def test_worlds_and_other_kinds_are_counted_without_being_opened() -> None:
    found = census(DataSettings(data="world:ring8"))
    assert (found.noun, found.count) == ("point", 100_000)


def test_degraded_cut_and_handed_over_data_are_counted_too(tmp_path: Path) -> None:
    for number in range(4):
        lay(tmp_path / "photos", f"{number}.png", number)
    for word in ("noise25:", "holes:", "faded:", "patches8:"):
        counts = census(
            DataSettings(data=f"{word}{tmp_path / 'photos'}", resolution=None if word == "patches8:" else 8)
        )
        assert counts.count >= 4
        assert counts.sizes[0].startswith("fields: ")
    (tmp_path / "rows.csv").write_text("age,town\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(20)))
    assert census(DataSettings(data=f"table:{tmp_path / 'rows.csv'}")).count == 20
    assert census(DataSettings(data="noise25:world:shapes", resolution=16)).noun == "image"


def test_every_word_before_files_leads_to_them(tmp_path: Path) -> None:
    for word in ("scenes", "captions", "boxes", "clouds", "text", "series", "table", "sensors", "scene", "paired"):
        with pytest.raises((ConfigError, DataError)) as refused:
            census(DataSettings(data=f"{word}:{tmp_path / 'nothing'}"))
        assert "not images" not in str(refused.value)
        assert "nothing" in str(refused.value)


def test_the_command_prints_and_keeps_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        lay(tmp_path / "images", f"{number % 2}/{number}.png", number)
    lay(tmp_path / "images", "1/9.png", 0)
    main = importlib.import_module("saddlepoint.cli.data").main
    assert main(["check", str(tmp_path / "images"), "--json", str(tmp_path / "out.json")]) == 0
    out = capsys.readouterr().out
    assert "6 images" in out
    assert "near-duplicates" in out
    assert json.loads((tmp_path / "out.json").read_text())["duplicates"] == [["0/0.png", "1/9.png"]]
    with pytest.raises(ConfigError, match="data has no part 'chek'"):
        main(["chek"])
    assert main([]) == 0
