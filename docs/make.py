"""Writes what is made from code and evidence: docs/methods/*.md, two pages of evidence, the README's table of methods.

--check only looks.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import json
import sys
import tokenize
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint import config, methods
from saddlepoint.data.batches import DataSpec, ImageBatch, LabelledBatch, PairedBatch, SemiBatch, UnpairedBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import RunSettings
from saddlepoint.report.tables import markdown
from saddlepoint.report.wording import number

DOCS = Path(__file__).parent
EVIDENCE = DOCS.parent / "evidence"
README = DOCS.parent / "README.md"

Row = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Write every page, or with --check name those that are stale and return 1."""
    made = pages()
    old = {path for path in (DOCS / "methods").glob("*.md") if path not in made}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        for path in sorted({*stale, *old}):
            print(f"{path.relative_to(DOCS.parent)} is stale: run `make docs`.")
        return 1 if stale or old else 0
    for path in old:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
        print(path.relative_to(DOCS.parent))
    return 0


def pages() -> dict[Path, str]:
    """Every generated page by where it belongs."""
    names = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]
    made = {DOCS / "methods" / f"{name}.md": _method(name) for name in names}
    made[DOCS / "methods" / "index.md"] = _index(names)
    made[DOCS / "evidence.md"] = _overview(names)
    made[DOCS / "benchmarks.md"] = _benchmarks()
    made[README] = _readme(names)
    return made


_FOLDERS = {
    ImageBatch: "./photos --resolution 32",
    LabelledBatch: "./one-folder-a-class --resolution 32",
    SemiBatch: "./one-folder-a-class --labels-per-class 10",
    PairedBatch: "paired:./side-by-side --resolution 256",
    UnpairedBatch: "unpaired:./horses,./zebras --resolution 128",
}
"""images as a reader may have them, by what a method takes"""


# -- one method -------------------------------------------------------------------------------------------------------


def _method(name: str) -> str:
    title, _, source = methods.listing()[name].summary.partition(": ")
    kind, module = methods.load(name), methods.module(name)
    rest = inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]
    parts = [f"# {title}", _capital(source), _paragraph(kind.__doc__)]
    parts += [f"```text\n{rest}\n```"] if rest else []
    picture = EVIDENCE / f"{name}.png"
    parts += [f"![what the {title} of the proof makes](../../evidence/{picture.name})"] if picture.exists() else []
    data = _FOLDERS[kind.takes]
    parts += [f"```sh\nsaddle train {name} --data {data} --dry-run\nsaddle prove {name}\n```"]
    parts += ["## Evidence", _evidence(name)]
    parts += ["## Networks", _networks(name)]
    parts += ["## Settings", "Beside the [settings of every run](index.md#settings-of-every-run).", _settings(kind)]
    parts += ["## Presets", *_presets(name)] if methods.presets(name) else []
    parts += [f"The code: [{_path(name).name}](../../{_path(name)})."]
    return _page(parts)


def _networks(name: str) -> str:
    proof = methods.proof(name)
    made = plans.make(name, {**proof.settings, "data": proof.data})
    spec = _spec(made.data)
    rows: list[Row] = []
    for network, module in made.method.networks(spec).named_children():
        parameters = sum(p.numel() for p in module.parameters())
        rows.append({"network": f"`{network}`", "class": f"`{type(module).__name__}`", "parameters": parameters})
    shape = " x ".join(map(str, spec.shape))
    return f"As its proof builds them, for examples of shape {shape} from `{proof.data}`.\n\n{markdown(rows)}"


def _spec(data: DataSettings) -> DataSpec:
    dataset = open_data(data)
    return dataset.spec(len(dataset.split(data.held_out)[0]))


def _settings(kind: type) -> str:
    kinds, told = typing.get_type_hints(kind), config.field_help(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    return markdown(
        [
            {
                "option": _option(field.name),
                "takes": config.kind_text(kinds[field.name]),
                "default": _value(field.default),
                "": " ".join(told[field.name].split()),
            }
            for field in fields
        ]
    )


def _presets(name: str) -> list[str]:
    """Each preset as a table, with the remarks that stand beside its lines in the code."""
    text = _path(name).read_text(encoding="utf-8")
    remarks, table = _remarks(text), _table(text)
    parts = []
    for (preset, settings), key, inner in zip(methods.presets(name).items(), table.keys, table.values, strict=True):
        lines = [line.lineno for line in inner.keys if line] if isinstance(inner, ast.Dict) else []
        rows: list[Row] = [
            {"option": _option(setting), "value": _value(value), "": remarks.get(line, " ")}
            for (setting, value), line in zip(settings.items(), lines)
        ]
        told = remarks.get(key.lineno) if key else None
        parts += [f"`--preset {preset}`" + (f": {told}" if told else ""), markdown(rows)]
    return parts


def _table(text: str) -> ast.Dict:
    """The dictionary that a module assigns to PRESETS, as it is written."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            if ast.unparse(target) == "PRESETS":
                return statement.value
    raise ValueError("PRESETS must be written as one dictionary.")


def _remarks(text: str) -> dict[int, str]:
    """Comments by line."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


# -- evidence ---------------------------------------------------------------------------------------------------------


def _evidence(name: str) -> str:
    proof, held = methods.proof(name), _held(name)
    first = _compared(held)
    demands = [
        f"its {first or 'first figure'} at least {number(1 / proof.share)} times better than the naive baseline's"
    ]
    demands += [f"{figure.replace('_', ' ')} {bar:g}" for figure, bar in proof.bars.items()]
    text = f"{proof.claim}\n\nData `{proof.data}`, measure `{proof.measure}`; demanded: {', '.join(demands)}.\n\n"
    if not held:
        return f"{text}Nothing is recorded yet: `saddle prove {name}` measures it and keeps evidence/{name}.json."
    rows: list[Row] = []
    for run in held["runs"]:
        for row in run["rows"]:
            figures = {key: value for key, value in row.items() if key not in ("kind", "name")}
            rows.append(
                {
                    "seed": run["seed"],
                    "precision": run["precision"],
                    "what": row["name"],
                    **figures,
                    "verdict": _verdict(run) if row["kind"] == "generated" else " ",
                }
            )
    protocols = dict.fromkeys(run["protocol"] for run in held["runs"])
    made: list[Row] = [
        {
            "command": f"`{run['command']}`",
            "seconds of training": run["seconds"],
            "of processor time": run.get("processor_seconds"),
            "machine": run["machine"],
            "torch": run["torch"],
            "commit": run["commit"],
        }
        for run in held["runs"]
    ]
    from_file = f"From [evidence/{name}.json](../../evidence/{name}.json)."
    return f"{text}{markdown(rows)}\n{' '.join(protocols)}\n\n{markdown(made)}\n{from_file}"


def _overview(names: list[str]) -> str:
    rows = [row for name in names for row in _lines(name)]
    told = (
        "Every method states a proof: what to train, what to measure, and which naive baseline to beat by how much."
        " `saddle prove NAME` runs it, ends with 1 if it fails, and keeps the figures in `evidence/`; this table is"
        " made from those files. Minutes are those that passed, with whatever else the machine did meanwhile; processor"
        " minutes are the training's own. What the figures mean and do not mean is in"
        " [the index](index.md#what-the-figures-mean-and-do-not-mean)."
    )
    return _page(["# Evidence", told, markdown(rows) if rows else "Nothing is recorded yet."])


def _lines(name: str) -> list[Row]:
    """A line for each run of a proof."""
    held = _held(name)
    compared = _compared(held)
    lines: list[Row] = []
    for run in held.get("runs", []):
        figures = {row["kind"]: row[compared] for row in run["rows"] if compared in row}
        lines.append(
            {
                "method": f"[{name}](methods/{name}.md)",
                "data": f"`{held['data']}`",
                "seed": run["seed"],
                "precision": run["precision"],
                "figure": compared.replace("_", " "),
                "generated": figures["generated"],
                "real": figures.get("real"),
                "baseline": figures["baseline"],
                "minutes": run["seconds"] / 60,
                "processor minutes": run["processor_seconds"] / 60 if "processor_seconds" in run else None,
                "verdict": _verdict(run),
            }
        )
    return lines


def _held(name: str) -> dict[str, Any]:
    path = EVIDENCE / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _verdict(run: Mapping[str, Any]) -> str:
    return "passed" if run["passed"] else "FAILED"


def _compared(held: Mapping[str, Any]) -> str:
    """The figure that is compared with the baseline."""
    return str(held["runs"][0]["figure"]) if held.get("runs") else ""


# -- benchmarks -------------------------------------------------------------------------------------------------------


def _benchmarks() -> str:
    """A part for each file that a benchmark recorded, by title."""
    held = [json.loads(path.read_text(encoding="utf-8")) for path in (EVIDENCE / "benchmarks").glob("*.json")]
    parts = ["# Benchmarks", "What was measured beside the proofs of the methods, each by one command, with its file."]
    for one in sorted(held, key=lambda one: str(one["title"])):
        parts += [f"## {one['title']}", one["protocol"]]
        for table in one["tables"]:
            parts += [f"**{table['heading']}**"] if table["heading"] else []
            parts += [markdown(table["rows"])]
        parts += ["\n".join(f"- {note}" for note in one["notes"])]
        parts += [f"`{one['command']}`, torch {one['torch']}, {one['machine']}, commit {one['commit'] or 'unknown'}."]
    return _page(parts)


# -- the index of methods ---------------------------------------------------------------------------------------------


def _readme(names: list[str]) -> str:
    """The README as it is, with a fresh table of methods between its two marks."""
    rows = [
        {
            "method": f"[{name}](docs/methods/{name}.md)",
            "what it is": methods.listing()[name].summary,
            "its proof": _proved(name),
        }
        for name in names
    ]
    before, begin, rest = README.read_text(encoding="utf-8").partition("<!-- methods -->\n")
    _, end, after = rest.partition("<!-- end of methods -->\n")
    return f"{before}{begin}\n{markdown(rows)}\n{end}{after}"


def _proved(name: str) -> str:
    """How many of the recorded runs of a proof passed, in words."""
    runs = _held(name).get("runs", [])
    return f"{sum(run['passed'] for run in runs)} of {len(runs)} runs passed" if runs else "not recorded"


def _index(names: list[str]) -> str:
    rows: list[Row] = []
    for name in names:
        entry = methods.listing()[name]
        rows.append(
            {
                "method": f"[{name}]({name}.md)",
                "family": entry.family,
                "what it is": entry.summary,
                "proof": _proved(name),
            }
        )
    told = "One file each; `saddle list` shows the same. How to add one: [write a method](../how-to/write-a-method.md)."
    every = "Options of `saddle train` beside a method's own; the same names in Python and in a settings file."
    parts = ["# Methods", told, markdown(rows), "## Settings of every run", every]
    return _page([*parts, "### Run", _settings(RunSettings), "### Data", _settings(DataSettings)])


# -- small things -----------------------------------------------------------------------------------------------------


def _path(name: str) -> Path:
    """The method's file, from the root of the repository."""
    return Path("src", *methods.listing()[name].module.split(".")).with_suffix(".py")


def _option(name: str) -> str:
    return f"`--{name.replace('_', '-')}`"


def _value(value: object) -> str:
    """A setting as a person reads it; a list as it is typed."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, float) and value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:g}"
    return number(value)


def _paragraph(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _page(parts: list[str]) -> str:
    """Parts with an empty line between them, and a remark that the page is made."""
    return "\n\n".join(["<!-- made by docs/make.py -->", *(part.strip("\n") for part in parts if part)]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
