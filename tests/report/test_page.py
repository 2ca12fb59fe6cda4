"""The run's page: whole, self-contained and readable by everyone."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from saddlepoint.errors import RunError
from saddlepoint.kinds.pictures import grid
from saddlepoint.report.grids import save_png
from saddlepoint.report.page import BYTES, GRIDS, write_report

VOID = {"meta", "img", "input", "br", "line", "polyline", "circle"}


class Outline(HTMLParser):
    """Collects tags and ids, and notes any tag that is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def _page(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_from_outside(run_folder: Path) -> None:
    page = _page(run_folder)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|\ssrcset=", re.sub(r"base64,[^\"]+", "", page))
    sources = [attributes["src"] or "" for tag, attributes in Outline(page).tags if "src" in attributes]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)


def test_the_page_is_well_formed_and_pictures_have_words(run_folder: Path) -> None:
    outline = Outline(_page(run_folder))
    assert not outline.faults
    assert not outline.open
    assert all(attributes.get("alt") for tag, attributes in outline.tags if tag == "img")
    labels = [a.get("aria-label") for tag, a in outline.tags if tag == "svg" and a.get("role") == "img"]
    assert len(labels) == 6
    assert all(labels)
    names = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(names) == len(set(names))


def test_the_newest_grid_comes_first(run_folder: Path) -> None:
    steps = re.findall(r"generator at step ([\d,]+)", _page(run_folder))
    assert steps[0] == "7,980"
    assert steps[-1] == "0"
    assert len(steps) == 9


@pytest.mark.parametrize(
    "text",
    [
        "dcgan on digits",
        "DCGAN: two convolutional networks",
        "510,720",
        "812,545",
        "8 x 8 pixels, 1 channel",
        "41.02",
        "pixel-pca64, 1,708 generated",
        "Step 5,000: the critic&#39;s learning rate was halved",
        "mend: lower its lr",
        "9f2c61d05b7a4e33",
        "the file ends in the middle of the image",
        "non-saturating",
        "20260101",
        "saddle train dcgan --data &#39;my digits&#39; --seed 1",
    ],
)
def test_the_page_tells(text: str, run_folder: Path) -> None:
    assert text in _page(run_folder)


def test_names_of_files_cannot_break_the_page(run_folder: Path) -> None:
    page = _page(run_folder)
    assert "<odd>" not in page
    assert "b/&lt;odd&gt;.txt" in page


def test_the_same_folder_gives_the_same_page(run_folder: Path) -> None:
    assert _page(run_folder) == _page(run_folder)


def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"method": "dcgan", "command": None}))
    page = _page(tmp_path)
    assert "dcgan on unknown data" in page
    assert not Outline(page).faults
    assert "<svg" not in page
    assert "<h2>Scores" not in page
    assert "<h2>Health" not in page


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        write_report(tmp_path)


def test_a_damaged_file_is_named(run_folder: Path) -> None:
    (run_folder / "scores.json").write_text("{")
    with pytest.raises(RunError, match=r"line 1 of scores\.json is not JSON"):
        write_report(run_folder)
    (run_folder / "scores.json").unlink()
    (run_folder / "samples" / "step-00000050.png").write_bytes(b"no picture")
    with pytest.raises(RunError, match=r"step-00000050\.png cannot be read"):
        write_report(run_folder)


def test_large_and_many_grids_do_not_make_a_page_that_cannot_be_sent(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"method": "dcgan"}))
    noise = torch.randint(0, 256, (16, 3, 256, 256), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    save_png(grid(noise), tmp_path / "samples" / "step-00099999.png")
    assert (tmp_path / "samples" / "step-00099999.png").stat().st_size > BYTES
    for step in range(40):
        save_png(grid(torch.zeros(1, 1, 8, 8)), tmp_path / "samples" / f"step-{step:08d}.png")
    page = _page(tmp_path)
    assert page.count("<img") == GRIDS
    assert "Reduced for this page." in page
    assert len(page) < BYTES


def test_a_run_json_of_wrong_types_is_named(run_folder: Path) -> None:
    facts = json.loads((run_folder / "run.json").read_text())
    (run_folder / "run.json").write_text(json.dumps({**facts, "options": float("nan")}))
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        write_report(run_folder)
