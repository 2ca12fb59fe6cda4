"""The run's page: one self-contained report.html that says what was trained, how it went and what came out.

Everything is in the file, pictures too: it asks for nothing from outside and can be sent by mail.
"""

from __future__ import annotations

import base64
import io
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from PIL import Image

from saddlepoint.errors import RunError
from saddlepoint.methods import listing
from saddlepoint.report import curves, tables, wording
from saddlepoint.report.architecture import figures
from saddlepoint.report.grids import CAPTION
from saddlepoint.report.log import FACTS, Log, read_log
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import replace
from saddlepoint.text import printable

GRIDS = 20  # most grids shown, spread evenly over the run
BYTES, PIXELS = 1_500_000, 1400  # a grid larger than either goes into the page as a JPEG of at most so many pixels


@dataclass(frozen=True)
class Sample:
    """A picture of samples/: at which step, what its caption says, its size in pixels and its bytes as a data URL."""

    step: int
    caption: str
    width: int
    height: int
    url: str


def write_report(run_folder: Path) -> Path:
    """Write report.html from what the run folder holds, and return its path.

    run.json must be there; log.jsonl, samples/ and scores.json are shown as far as they exist.
    Raises RunError when run.json is missing, or a file that is there cannot be read.
    """
    run_folder = Path(run_folder)
    run = read_json(run_folder / "run.json")
    scores = read_json(run_folder / "scores.json") if (run_folder / "scores.json").exists() else None
    log = read_log(run_folder / "log.jsonl")
    with judged(run_folder / "run.json", RunError):
        page = (
            environment()
            .get_template("run.html.j2")
            .render(
                title=title(run),
                summary=_summary(run),
                run=run,
                facts=_facts(run, log),
                samples=samples(run_folder / "samples"),
                families=curves.families(log),
                networks=figures(run.get("networks", {})),
                chart=curves,
                scores=scores,
                score_table=tables.cells(scores.get("rows", [])) if scores else None,
                score_pictures=_pictures(run_folder, scores or {}),
                findings=[(event, _evidence(event)) for event in log.events if "health" in event],
                events=[(event, _evidence(event)) for event in log.events if "health" not in event],
                log=log,
                command=_command(run),
                configuration=_configuration(run),
            )
        )
    path = run_folder / "report.html"
    replace(path, printable(page, lines=True).encode())
    return path


def environment() -> Environment:
    """The templates of this room, with numbers written as everywhere."""
    loader = PackageLoader("saddlepoint.report")
    templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters["number"] = wording.number
    return templates


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object from a run folder. Raises RunError when the file is missing or is none."""
    if not path.exists():
        raise RunError(f"{path.parent} is no run folder: it has no {path.name}. Name the folder of a run.")
    with judged(path, RunError, "Restore it, or train again."):
        return documents.table(path)


def title(run: Mapping[str, Any]) -> str:
    """Method and data of a run, in a few words."""
    return f"{run.get('method', 'A run')} on {_source(run)}"


def _source(run: Mapping[str, Any]) -> str:
    """The data in a word: a folder by its last name."""
    source = str(run.get("dataset", {}).get("source") or run.get("data", {}).get("data") or "unknown data")
    return Path(source).name or source


def _summary(run: Mapping[str, Any]) -> str:
    """One line on the method: as the run states it, else as the method's own file does."""
    entry = listing().get(run.get("method", ""))
    return str(run.get("summary") or (entry.summary if entry else ""))


def _facts(run: Mapping[str, Any], log: Log) -> list[tuple[str, str]]:
    """What a reader wants to know first, as (name, text); only what the folder tells."""
    dataset, last = run.get("dataset", {}), log.last
    rate = log.figures.get("examples_per_s")
    facts = [
        ("Examples shown", wording.number(last["examples"]) if "examples" in last else ""),
        ("Steps", wording.number(last["step"]) if "step" in last else ""),
        ("Training time", wording.duration(last["seconds"]) if "seconds" in last else ""),
        ("Examples a second", wording.number(float(sorted(rate.values)[len(rate.values) // 2])) if rate else ""),
        ("Data", f"{_source(run)}: {wording.number(dataset.get('images'))} to train on" if dataset else ""),
        ("One example", _shape(dataset.get("shape", ()))),
        ("Held out", wording.number(dataset["held_out"]) if "held_out" in dataset else ""),
        ("Classes", wording.number(len(dataset["classes"])) if dataset.get("classes") else ""),
        ("Device", f"{run['device']}, {run.get('precision', '')}".rstrip(", ") if "device" in run else ""),
        ("Threads", wording.number(run["threads"]) if "threads" in run else ""),
    ]
    facts += [
        (f"Parameters, {name}", wording.number(network["parameters"]))
        for name, network in run.get("networks", {}).items()
        if network.get("parameters")
    ]
    return [(name, text) for name, text in facts if text]


def _shape(shape: Sequence[int]) -> str:
    if len(shape) == 3:
        return f"{shape[2]} x {shape[1]} pixels, {shape[0]} channel{'s' * (shape[0] > 1)}"
    return f"{shape[0]} number{'s' * (shape[0] > 1)}" if len(shape) == 1 else " x ".join(map(str, shape))


def _command(run: Mapping[str, Any]) -> str:
    command = run.get("command") or ""
    return command if isinstance(command, str) else shlex.join(command)


def _configuration(run: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The settings by part, the method's own first."""
    titles = {"options": "Method", "run": "Run", "data": "Data", "versions": "Versions"}
    return [(title, run[part]) for part, title in titles.items() if run.get(part)]


def _evidence(event: Mapping[str, Any]) -> list[str]:
    """What an event tells beside its sentence, as "name: value"."""
    health = event.get("health", {})
    facts = dict(health) if isinstance(health, dict) else {"health": health}
    facts |= {name: value for name, value in event.items() if name not in FACTS | {"note", "health"}}
    return [f"{name.replace('_', ' ')}: {wording.number(value)}" for name, value in facts.items()]


def samples(folder: Path, most: int = GRIDS) -> list[Sample]:
    """The grids of a run, oldest first; thinned evenly to `most`, the last one always kept and the first of several."""
    numbered = {int(step[1]): path for path in folder.glob("*.png") if (step := re.search(r"step-(\d+)$", path.stem))}
    steps = sorted(numbered)
    if len(steps) > most:
        steps = [steps[-1 - round(place * (len(steps) - 1) / max(most - 1, 1))] for place in range(most)][::-1]
    return [_sample(step, numbered[step]) for step in steps]


def _pictures(folder: Path, scores: Mapping[str, Any]) -> list[Sample]:
    """The pictures that belong to the scores, as far as they lie in the folder."""
    paths = [folder / Path(str(name)).name for name in scores.get("pictures", [])]
    return [_sample(0, path) for path in paths if path.is_file()]


def _sample(step: int, path: Path) -> Sample:
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            caption = str(picture.info.get(CAPTION, ""))
            if len(content) <= BYTES and max(picture.size) <= PIXELS:
                return Sample(step, caption, *picture.size, _url("png", content))
            small = picture.convert("RGB")
    except OSError as error:
        raise RunError(f"the picture {path} cannot be read: {error}. Delete it and write the page again.") from error
    small.thumbnail((PIXELS, PIXELS))
    smaller = io.BytesIO()
    small.save(smaller, "JPEG", quality=88)
    return Sample(step, f"{caption} Reduced for this page.".strip(), *small.size, _url("jpeg", smaller.getvalue()))


def _url(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
