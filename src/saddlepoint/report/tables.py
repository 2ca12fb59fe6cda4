"""Tables of scores, from one list of rows: for the terminal, for Markdown and for the run's page."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

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


_ENDLESS = 10_000
FORMS = Literal["table", "markdown", "csv", "latex", "json"]
"""how a table can be printed; csv and json hold every digit"""


def print_as(rows: Rows, form: FORMS, notes: Sequence[str] = ()) -> None:
    """The table in one of `FORMS` on standard output; notes, as sentences below it, in those that people read."""
    if form == "table":
        print_table(rows)
        for line in notes:
            print(f"  {line}")
    elif form == "json":
        print(json.dumps({"rows": list(rows), "notes": list(notes)}, indent=2))
    elif form == "csv":
        columns = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        print({"markdown": markdown, "latex": latex}[form](rows), end="")
        print("".join(f"\n{line}\n" if form == "markdown" else f"% {line}\n" for line in notes), end="")


def latex(rows: Rows) -> str:
    """The table for a paper, with the rules of the package booktabs, figures to the right."""
    headings, body = cells(rows)
    shape = "l" + "r" * (len(headings) - 1)
    lines = [" & ".join(_SPECIAL.sub(r"\\\1", cell) for cell in line) + r" \\" for line in (headings, *body)]
    inside = ["\\toprule", lines[0].replace("±", "$\\pm$"), "\\midrule", *lines[1:], "\\bottomrule"]
    return "\n".join([f"\\begin{{tabular}}{{{shape}}}", *inside, "\\end{tabular}", ""])


_SPECIAL = re.compile(r"([&%$#_{}])")


def print_table(rows: Rows, title: str = "", console: Console | None = None) -> None:
    """The table on a terminal, or as plain text where output is no terminal.

    Where a terminal is too narrow for the longest words of all columns, a line for each figure and a column for each
    row, as many side by side as fit; a file gets lines of any length.
    """
    headings, body = cells(rows)
    console = console or Console()
    table = _table(headings, body, title)
    words = [[word for cell in column for word in cell.split()] for column in zip(headings, *body)]
    least = sum(max(map(len, column), default=0) + 3 for column in words) + 1
    if least <= console.width:
        console.print(table)
    elif not console.is_terminal:
        wide = table.__rich_measure__(console, console.options.update(max_width=_ENDLESS)).maximum
        Console(file=console.file, width=wide).print(table)
    else:
        room = console.width - max(map(len, headings)) - 4
        together = max(1, room // (3 + max(len(cell) for line in body for cell in line)))
        for first in range(0, len(body), together):
            turned = list(zip(headings, *body[first : first + together]))
            console.print(_table(turned[0], turned[1:], "" if first else title))


def _table(headings: Sequence[str], body: Sequence[Sequence[str]], title: str) -> Table:
    table = Table(title=escape(title) or None, title_justify="left", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(headings):
        table.add_column(escape(heading), justify="left" if place == 0 else "right")
    for line in body:
        table.add_row(*map(escape, line))
    return table


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
