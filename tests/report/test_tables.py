"""One list of rows, three tables."""

import io

from rich.console import Console

from saddlepoint.report.tables import cells, markdown, print_table

ROWS = [{"name": "generated", "frechet": 7.42134, "seeds": 3}, {"name": "a|b [x]", "frechet": None, "protocol": "p1"}]


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
