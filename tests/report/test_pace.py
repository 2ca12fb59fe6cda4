"""Lines about long work."""

import io

from rich.console import Console

from saddlepoint.report import pace


def test_short_work_says_nothing_and_loses_nothing():
    said = []
    assert list(pace.paced(["ab", "c"], 3, "letters", said.append)) == ["ab", "c"]
    assert said == []


def test_long_work_says_how_far_it_is_how_fast_and_how_long(monkeypatch):
    now = iter([0.0, 1.0, 4.0, 5.0, 10.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(now))
    said = []
    assert len(list(pace.paced(["a" * 10] * 4, 40, "images", said.append))) == 4
    assert said == ["20 of 40 images, 5 a second, 4 s left"]


def test_on_a_terminal_there_is_one_bar_however_deep_the_work_is(monkeypatch):
    monkeypatch.setattr(pace, "SECONDS", 0.0)
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    outer = pace.paced(["a"] * 3, 3, "images", console=console)
    assert [list(pace.paced(["bb"], 2, "rows", console=console)) for _ in outer] == [["bb"]] * 3
    assert "of 3 images" in console.file.getvalue()
    assert "rows" not in console.file.getvalue()
