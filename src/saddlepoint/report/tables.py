"""Tables of scores, from one list of rows: for the terminal, for Markdown and for the run's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from saddlepoint.report.wording import number

Rows = Sequence[Mapping[str, Any]]


def cells(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text. Columns stand in the order in which they first occur; a missing value is a dash.

    The column "name" says what a row is and has no heading; "_" in a heading is shown as a space.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    headings = ["" if name == "name" else name.replace("_", " ") for name in columns]
    return headings, [[number(row.get(name)) for name in columns] for row in rows]


def markdown(rows: Rows) -> str:
    """The table in Markdown, figures to the right."""
    headings, body = cells(rows)
    right = [all(_is_figure(row.get(name)) for row in rows) for name in dict.fromkeys(n for row in rows for n in row)]
    lines = [headings, ["---:" if figures else "---" for figures in right], *body]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def print_table(rows: Rows, title: str = "", console: Console | None = None) -> None:
    """The table on a terminal, or as plain text where output is no terminal."""
    headings, body = cells(rows)
    table = Table(title=escape(title) or None, title_justify="left", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(headings):
        table.add_column(escape(heading), justify="left" if place == 0 else "right")
    for line in body:
        table.add_row(*map(escape, line))
    (console or Console()).print(table)


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
