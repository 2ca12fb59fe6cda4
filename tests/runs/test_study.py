"""Studies with people: the page in a browser, the key that it does not hold, answers that are refused, findings."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from saddlepoint.errors import ConfigError, DataError
from saddlepoint.runs import study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
HEAD = "study,participant,order,trial,answer,left,milliseconds\n"


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, Path]:
    """Three folders of eight pictures each: real, ours, theirs."""
    for number, name in enumerate(("real", "ours", "theirs")):
        for seed in range(8):
            values = np.random.default_rng([number, seed]).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(values).save(tmp_path / name / f"{name}-{seed}.png")
    return {name: tmp_path / name for name in ("real", "ours", "theirs")}


def made(tmp_path: Path, kind: study.Kind, sets: dict[str, Path], **settings: Any) -> study.Study:
    folder = tmp_path / kind
    folder.mkdir()
    return study.make(folder, kind, sets, **settings)


def answered(new: study.Study, person: str, strength: dict[str, float], seed: int, careless: bool = False) -> str:
    """The file of somebody who answers by planted strengths, and passes the checks or none."""
    draw = np.random.default_rng(seed)
    lines = []
    for number, (trial, facts) in enumerate(new.key["trials"].items(), start=1):
        left = int(draw.integers(2))
        if "check" in facts:
            word = facts["check"]
            right = {"left": str(left), "right": str(1 - left)}.get(word, word)
            wrong = {"0": "1", "1": "0", "real": "fake", "fake": "real"}.get(right, "9" if right != "9" else "8")
            answer = wrong if careless else right
        elif new.kind == "side-by-side":
            one, other = (strength[name] for name in facts["sets"])
            answer = "0" if draw.random() < 1 / (1 + np.exp(other - one)) else "1"
        elif new.kind == "rating":
            answer = str(int(np.clip(round(5 + 2 * strength[facts["sets"][0]] + draw.normal()), 1, 10)))
        else:
            answer = "real" if draw.random() < (0.8 if facts["sets"] == ["real"] else 0.3) else "fake"
        lines.append(f"{new.key['id']},{person},{number},{trial},{answer},{left},{900 + number}")
    return HEAD + "\n".join(lines) + "\n"


def files(tmp_path: Path, new: study.Study, strength: dict[str, float], people: int = 12) -> list[Path]:
    places = []
    for person in range(people):
        places.append(tmp_path / f"answers-p{person}.csv")
        places[-1].write_text(answered(new, f"p{person}", strength, person))
    places.append(tmp_path / "answers-careless.csv")
    places[-1].write_text(answered(new, "careless", dict.fromkeys(strength, 0.0), 99, careless=True))
    return places


def test_the_page_names_no_set_and_the_key_names_all(tmp_path: Path, sets: dict[str, Path]) -> None:
    new = made(tmp_path, "side-by-side", sets, questions=12)
    page = (new.folder / study.PAGE).read_text()
    assert not re.search(r"ours|theirs|https?://", page)
    assert len(new.key["trials"]) == 14
    pairs = [tuple(sorted(each["sets"])) for each in new.key["trials"].values() if "sets" in each]
    assert {pairs.count(pair) for pair in set(pairs)} == {4}  # each two sets equally often
    firsts = {each["sets"][0] for each in new.key["trials"].values() if "sets" in each}
    assert len(firsts) > 1


def test_folders_of_the_same_names_are_compared_picture_by_picture(tmp_path: Path, sets: dict[str, Path]) -> None:
    for path in sets["ours"].iterdir():
        path.rename(path.with_name(path.name.replace("ours", "x")))
    for path in sets["theirs"].iterdir():
        path.rename(path.with_name(path.name.replace("theirs", "x")))
    new = made(tmp_path, "side-by-side", {name: sets[name] for name in ("ours", "theirs")}, questions=8)
    names = [each["files"] for each in new.key["trials"].values() if "files" in each]
    assert all(one == other for one, other in names)
    assert len({one for one, _ in names}) == 8


def test_pictures_of_one_name_in_several_folders_and_endings_find_their_own_partner(tmp_path: Path) -> None:
    for place, ending in (("ours", "png"), ("theirs", "webp")):
        for folder in ("cat", "dog"):
            (tmp_path / place / folder).mkdir(parents=True)
            for number in range(2):
                Image.new("RGB", (8, 8)).save(tmp_path / place / folder / f"{number}.{ending}")
    new = made(tmp_path, "side-by-side", {name: tmp_path / name for name in ("ours", "theirs")}, questions=4)
    names = [each["files"] for each in new.key["trials"].values() if "files" in each]
    assert all(Path(one).with_suffix("") == Path(other).with_suffix("") for one, other in names)
    assert {str(Path(one).with_suffix("")) for one, _ in names} == {"cat/0", "cat/1", "dog/0", "dog/1"}


def test_planted_preferences_are_found_and_who_misses_checks_is_left_out(tmp_path: Path, sets: dict[str, Path]) -> None:
    strength = {"real": 1.0, "ours": 0.2, "theirs": -1.2}
    new = made(tmp_path, "side-by-side", sets, questions=90)
    answers = study.collect(new, files(tmp_path, new, strength))
    assert [person["name"] for person in answers.people if person["left_out"]] == ["careless"]
    findings = study.analyse(new, answers)
    assert [row["name"] for row in findings.rows] == ["real", "ours", "theirs"]
    for row in findings.rows:
        assert row["low"] < strength[row["name"]] < row["high"]
    assert max(pair["p"] for pair in findings.pairs) < 0.05
    assert "1 person left out for missed checks or haste" in findings.notes


def test_ratings_and_passing_for_real_come_with_intervals(tmp_path: Path, sets: dict[str, Path]) -> None:
    strength = {"real": 1.0, "ours": 0.0, "theirs": -1.0}
    rated = made(tmp_path, "rating", sets, questions=30)
    rows = study.analyse(rated, study.collect(rated, files(tmp_path, rated, strength))).rows
    assert [row["name"] for row in rows] == ["real", "ours", "theirs"]
    assert all(row["low"] < 5 + 2 * strength[row["name"]] < row["high"] for row in rows)
    guessed = made(tmp_path, "real-or-fake", sets, questions=60)
    findings = study.analyse(guessed, study.collect(guessed, files(tmp_path, guessed, strength)))
    shares = {row["name"]: row for row in findings.rows}
    assert shares["real"]["low"] < 0.8 < shares["real"]["high"]
    assert shares["ours"]["low"] < 0.3 < shares["ours"]["high"]
    assert all(pair["told_apart"] == pytest.approx(0.75, abs=0.06) and pair["d_prime"] > 1 for pair in findings.pairs)


def test_a_task_is_put_with_its_choices_and_right_answers_are_counted(tmp_path: Path, sets: dict[str, Path]) -> None:
    for place in sets.values():
        for number, path in enumerate(sorted(place.iterdir())):
            (place / ("cat", "dog")[number % 2]).mkdir(exist_ok=True)
            path.rename(place / ("cat", "dog")[number % 2] / path.name)
    new = made(tmp_path, "task", {name: sets[name] for name in ("real", "ours")}, questions=40)
    assert new.key["choices"] == ["cat", "dog"]
    lines = []
    for person in range(6):
        draw = np.random.default_rng(person)
        for number, (trial, facts) in enumerate(new.key["trials"].items(), start=1):
            skill = 0.95 if facts.get("sets") == ["real"] else 0.6
            right = facts.get("check") or facts["truth"]
            answer = right if "check" in facts or draw.random() < skill else {"c0": "c1", "c1": "c0"}[right]
            lines.append(f"{new.key['id']},p{person},{number},{trial},{answer},0,{900 + number}")
    (tmp_path / "all.csv").write_text(HEAD + "\n".join(lines) + "\n")
    findings = study.analyse(new, study.collect(new, [tmp_path / "all.csv"]))
    rows = {row["name"]: row for row in findings.rows}
    assert rows["real"]["low"] < 0.95 < rows["real"]["high"] + 0.02
    assert rows["ours"]["low"] < 0.6 < rows["ours"]["high"]
    assert findings.pairs[0]["p"] < 0.01
    with pytest.raises(ConfigError, match="a task needs the right answers"):
        study.make(tmp_path, "task", {"real": sets["real"] / "cat"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("study,", "stud,", 1), "is not a file of answers"),
        (lambda text: "", "there are no answers"),
        (lambda text: HEAD, "there are no answers"),
        (lambda text: text.replace("rating-", "other-"), "is of the study"),
        (lambda text: text.replace(",t0001,", ",t9999,"), "line 3 of .* names no question"),
        (lambda text: re.sub(r",p0,", ",=cmd(),", text), "or nobody"),
        (lambda text: re.sub(r",t0000,\d+,", ",t0000,11,", text), "line 2 of .* has the answer '11'"),
        (lambda text: re.sub(r",t0000,\d+,", ",t0000,,", text), "line 2"),
        (lambda text: text.replace(",901\n", ",-1\n", 1), "line 2"),
        (lambda text: text.replace(",901\n", "\n", 1), "has 6 cells, not 7"),
        (lambda text: text + '"open', "cells|cannot be read"),
    ],
)
def test_answers_that_the_page_does_not_write_are_refused(
    tmp_path: Path, sets: dict[str, Path], change: Any, words: str
) -> None:
    new = made(tmp_path, "rating", sets, questions=4)
    file = tmp_path / "answers.csv"
    file.write_text(change(answered(new, "p0", dict.fromkeys(sets, 0.0), 0)))
    with pytest.raises(DataError, match=words):
        study.collect(new, [file])


def test_what_does_not_fit_is_refused_with_the_mend(tmp_path: Path, sets: dict[str, Path]) -> None:
    for kind, chosen, words in (
        ("side-by-side", {"ours": sets["ours"]}, "needs two sets"),
        ("real-or-fake", {"ours": sets["ours"], "theirs": sets["theirs"]}, "a set called real"),
        ("rating", {"o u": sets["ours"]}, "cannot be called"),
        ("rating", {"ours": tmp_path / "none"}, "there is no folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            study.make(tmp_path, kind, chosen)
    with pytest.raises(DataError, match=r"has no key\.json"):
        study.opened(tmp_path)


def test_the_commands_make_collect_and_analyse(
    tmp_path: Path, sets: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    main = importlib.import_module("saddlepoint.cli.study").main
    out = tmp_path / "out"
    named = [f"{name}={place}" for name, place in sets.items()]
    assert main(["make", "rating", "--sets", *named, "--questions", "6", "--out", str(out)]) == 0
    places = [str(path) for path in files(tmp_path, study.opened(out), dict.fromkeys(sets, 0.0), people=2)]
    assert main(["collect", str(out), *places]) == 0
    assert (out / "results.csv").read_text().count("\n") == 1 + 3 * 8
    assert main(["analyse", str(out), *places, "--json", str(tmp_path / "what.json")]) == 0
    assert len(json.loads((tmp_path / "what.json").read_text())["rows"]) == 3
    assert "intervals: people drawn again" in " ".join(capsys.readouterr().out.split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@in_a_browser
def test_a_person_answers_in_a_browser_reloads_and_saves(tmp_path: Path, sets: dict[str, Path], browser: Any) -> None:
    new = made(tmp_path, "side-by-side", sets, questions=6, each=4, ties=True)
    page = browser.new_page()
    page.set_default_timeout(100_000)
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((new.folder / study.PAGE).as_uri() + "?id=anna")
    assert page.locator("#begin").is_disabled()
    page.check("#agree")
    page.click("#begin")
    for number in range(1, 7):
        page.locator("#progress", has_text=f"{number} of 6").wait_for()
        page.locator("#answers button:not([disabled])").first.wait_for()
        question = page.locator("#question").text_content() or ""
        told = re.search(r"choose (LEFT|RIGHT)", question)
        if number == 3 and told is None:
            page.reload()  # and goes on where it was
            page.locator("#progress", has_text="3 of 6").wait_for()
            page.locator("#answers button:not([disabled])").first.wait_for()
        if told is not None and told[1] == "RIGHT":
            page.keyboard.press("ArrowRight")
        elif told is not None or number % 2:
            page.get_by_role("button", name="Left").click()
        else:
            page.get_by_role("button", name="No difference").click()
    page.locator("#end").wait_for()
    with page.expect_download() as download:
        page.click("#save")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "answers-anna.csv"
    answers = study.collect(new, [file])
    (person,) = answers.people
    assert (person["answers"], person["checks"]) == (4, "2 of 2")
    assert errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    page.close()
