"""One list of rows, three tables."""

import io
import json
import re
from typing import Any

import pytest
from rich.console import Console

from saddlepoint.report.tables import cells, markdown, print_as, print_table

ROWS: list[dict[str, Any]] = [
    {"name": "generated", "frechet": 7.42134, "seeds": 3},
    {"name": "a|b [x]", "frechet": None, "protocol": "p1"},
]


def test_columns_stand_in_order_of_first_use_and_gaps_are_dashes() -> None:
    headings, body = cells(ROWS)
    assert headings == ["", "frechet", "seeds", "protocol"]
    assert body == [["generated", "7.421", "3", "–"], ["a|b [x]", "–", "–", "p1"]]


def test_markdown_puts_figures_to_the_right_and_escapes_bars() -> None:
    assert markdown(ROWS).splitlines() == [
        "|  | frechet | seeds | protocol |",
        "| --- | ---: | ---: | --- |",
        "| generated | 7.421 | 3 | – |",
        "| a\\|b [x] | – | – | p1 |",
    ]


def test_the_terminal_shows_every_cell_as_it_is() -> None:
    output = io.StringIO()
    print_table(ROWS, "Scores", Console(file=output, width=80))
    for text in ("Scores", "frechet", "7.421", "a|b [x]"):
        assert text in output.getvalue()
    assert "\x1b" not in output.getvalue()


def test_a_table_is_printed_for_papers_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a_b", "fid": 1.25, "fid sd": None}, {"name": "c", "fid": 0.123456789, "fid sd": 0.5}]
    print_as(rows, "latex", ["of 100 images"])
    text = capsys.readouterr().out
    assert "\\begin{tabular}{lrr}" in text
    assert "a\\_b & 1.25" in text
    assert "% of 100 images" in text
    print_as(rows, "csv")
    assert capsys.readouterr().out == "name,fid,fid sd\na_b,1.25,\nc,0.123456789,0.5\n"
    print_as(rows, "json", ["n"])
    assert json.loads(capsys.readouterr().out) == {"rows": rows, "notes": ["n"]}
    print_as(rows, "markdown", ["n"])
    assert capsys.readouterr().out.startswith("|  | fid | fid sd |")


@pytest.mark.parametrize("terminal", [True, False])
def test_no_figure_is_cut_however_narrow_the_terminal(terminal: bool) -> None:
    rows = [
        {"name": f"objective=hinge-{n}", **{f"kid_{c}_of-features": n * 3.25 for c in "abcdefgh"}} for n in (1, 2, 3)
    ]
    file = io.StringIO()
    print_table(rows, "a title", Console(file=file, width=80, force_terminal=terminal, no_color=True))
    text = file.getvalue()
    assert "…" not in text
    assert text.count("a title") == 1
    for value in ("objective=hinge-1", "objective=hinge-3", "3.25", "9.75"):
        assert value in text
    lines = [re.sub(r"\x1b\[\w*m", "", line) for line in text.splitlines()]
    assert (max(map(len, lines)) <= 80) == terminal
