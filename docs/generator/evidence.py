"""The pages of evidence and benchmarks, from the files of evidence/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from generator.text import Row, page

from saddlepoint import methods
from saddlepoint.methods.base import Proof
from saddlepoint.report.tables import markdown
from saddlepoint.report.wording import number
from saddlepoint.runs.code import Code
from saddlepoint.runs.evidence import code_of

EVIDENCE = Path(__file__).parents[2] / "evidence"


def record(name: str) -> dict[str, Any]:
    """What evidence/NAME.json holds; empty if the proof was never recorded."""
    path = EVIDENCE / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def passed(name: str) -> str:
    """How many of the recorded runs of a proof passed, in words."""
    runs = record(name).get("runs", [])
    return f"{sum(run['passed'] for run in runs)} of {len(runs)} runs passed" if runs else "not recorded"


def of_method(name: str, proof: Proof) -> str:
    """The evidence of one method: its claim, what is demanded, and every recorded run."""
    recorded = record(name)
    figure = _figure(recorded) or "first figure"
    better = f"{proof.difference:g}" if proof.share is None else f"{number(1 / proof.share)} times"
    demands = [f"its {figure} at least {better} better than the naive baseline's"]
    demands += [f"{name.replace('_', ' ')} {bar:g}" for name, bar in proof.bars.items()]
    text = f"{proof.claim}\n\nData `{proof.data}`, measure `{proof.measure}`; demanded: {', '.join(demands)}.\n\n"
    if not recorded:
        return f"{text}Nothing is recorded yet: `saddle prove {name}` measures it and keeps `evidence/{name}.json`."
    protocols = dict.fromkeys(run["protocol"] for run in recorded["runs"])
    rows = [row for run in recorded["runs"] for row in _rows(name, run)]
    thin = "".join(f"- Seed {run['seed']}, {text}.\n" for run in recorded["runs"] for text in run.get("thin", []))
    tables = f"{markdown(rows)}\n{' '.join(protocols)}\n\n{thin}\n{markdown(_commands(recorded))}"
    return f"{text}{tables}\nFrom `evidence/{name}.json`."


def _rows(name: str, run: Mapping[str, Any]) -> list[Row]:
    return [
        {
            "seed": run["seed"],
            "precision": run["precision"],
            "what": row["name"],
            **{key: figure for key, figure in row.items() if key not in ("kind", "name")},
            "verdict": _verdict(name, run) if row["kind"] == "generated" else " ",
        }
        for row in run["rows"]
    ]


def _commands(recorded: Mapping[str, Any]) -> list[Row]:
    return [
        {
            "command": f"`{run['command']}`",
            "seconds of training": run["seconds"],
            "of processor time": run.get("processor_seconds"),
            "machine": run["machine"],
            "torch": run["torch"],
            "commit": run["commit"],
        }
        for run in recorded["runs"]
    ]


def overview(names: list[str]) -> str:
    """The page with one line for each recorded run of each proof."""
    rows = [row for name in names for row in _lines(name)]
    introduction = (
        "Every method states a proof: what to train, what to measure, and which naive baseline to beat by how much."
        " `saddle prove NAME` runs it, ends with 1 if it fails, and keeps the figures in `evidence/`; this table is"
        " made from those files. Minutes are wall time, whatever else the machine did meanwhile; processor minutes are"
        " the training's own. A verdict is *thin* where a figure is within 15 % of its bar, and *stale* where the code"
        " of the method, its measure or its data has changed since; `saddle prove --stale` runs those again."
        " [What the figures mean](metrics.md#what-the-figures-mean-and-do-not-mean) and what they"
        " do not mean."
    )
    return page(["# Evidence", introduction, markdown(rows) if rows else "Nothing is recorded yet."])


def _lines(name: str) -> list[Row]:
    recorded = record(name)
    figure = _figure(recorded)
    lines: list[Row] = []
    for run in recorded.get("runs", []):
        figures = {row["kind"]: row[figure] for row in run["rows"] if figure in row}
        lines.append(
            {
                "method": f"[{name}](methods/{name}.md)",
                "data": f"`{recorded['data']}`",
                "seed": run["seed"],
                "precision": run["precision"],
                "figure": figure.replace("_", " "),
                "generated": figures["generated"],
                "real": figures.get("real"),
                "baseline": figures["baseline"],
                "minutes": run["seconds"] / 60,
                "processor minutes": run["processor_seconds"] / 60 if "processor_seconds" in run else None,
                "verdict": _verdict(name, run),
            }
        )
    return lines


def _verdict(name: str, run: Mapping[str, Any]) -> str:
    words = ["passed" if run["passed"] else "FAILED"]
    words += ["thin"] if run.get("thin") else []
    words += ["stale"] if run.get("code") != _code_today(name) else []
    return ", ".join(words)


@cache
def _code_today(name: str) -> str:
    return code_of(name, methods.proof(name), _code())


@cache
def _code() -> Code:
    return Code()


def _figure(recorded: Mapping[str, Any]) -> str:
    """The name of the figure that is compared with the baseline."""
    return str(recorded["runs"][0]["figure"]) if recorded.get("runs") else ""


def benchmarks() -> str:
    """The page with a section for each file that a benchmark recorded, in order of title."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (EVIDENCE / "benchmarks").glob("*.json")]
    parts = ["# Benchmarks", "What was measured beside the proofs of the methods, each by one command, with its file."]
    for one in sorted(records, key=lambda one: str(one["title"])):
        parts += [f"## {one['title']}", one["protocol"]]
        for table in one["tables"]:
            parts += [f"**{table['heading']}**"] if table["heading"] else []
            parts += [markdown(table["rows"])]
        parts += ["\n".join(f"- {note}" for note in one["notes"])]
        parts += [f"`{one['command']}`, torch {one['torch']}, {one['machine']}, commit {one['commit'] or 'unknown'}."]
    return page(parts)
