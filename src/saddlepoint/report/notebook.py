"""What a notebook shows of a run: one bar in place while it trains, then a card with a picture and curves."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import final

from saddlepoint.report import curves, page
from saddlepoint.report.log import Log, read_log

CHARTS = 2  # the first families of curves: the terms of the players


def card(run_folder: Path, outcome: str, report: str) -> str:
    """The newest sample grid of a run, the curves of its players and a link to its report, as HTML.

    outcome: one sentence that says how the run ended. report: address of the report, as the notebook can open it.
    Raises RunError when run.json is missing.
    """
    run = page.read_json(run_folder / "run.json")
    samples = page.samples(run_folder / "samples", most=1)
    log = read_log(run_folder / "log.jsonl")
    template = page.environment().get_template("card.html.j2")
    html = template.render(
        title=page.title(run),
        outcome=outcome,
        report=report,
        sample=samples[-1] if samples else None,
        families=curves.families(_players(log))[:CHARTS],
        chart=curves,
    )
    # A line that is blank would end the HTML where a notebook is shown as Markdown.
    return "\n".join(line for line in html.splitlines() if line.strip())


def _players(log: Log) -> Log:
    """The log with the terms of the players alone: no rate, scores or health."""
    terms = {name: series for name, series in log.figures.items() if "/" in name}
    return replace(log, figures={name: terms[name] for name in terms if name.split("/")[0] not in ("score", "health")})


@final
class Bar:
    """One progress bar that is replaced in place, in an output of a notebook's cell.

    total: what counts as the whole.
    """

    def __init__(self, total: int) -> None:
        from IPython.display import HTML, display

        self.total, self._html = total, HTML
        self._handle = display(HTML(self._text(0, "")), display_id=True)

    def show(self, count: int, text: str) -> None:
        """Replace the bar: `done` of the total, with a line of text below."""
        self._handle.update(self._html(self._text(count, text)))

    def _text(self, count: int, text: str) -> str:
        return (
            f'<progress value="{min(count, self.total)}" max="{max(self.total, 1)}" style="width: 100%"></progress>'
            f"<div><code>{escape(text)}</code></div>"
        )
