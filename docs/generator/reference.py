"""The reference of settings and commands, from the code."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
from pathlib import Path

from generator.python import SOURCE
from generator.text import page, settings

from saddlepoint.cli import verbs
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine.run import RunSettings
from saddlepoint.report.tables import markdown

FOLDERS = {
    "Families of methods": "methods/families",
    "Losses": "losses",
    "Networks": "nn/backbones",
    "Layers": "nn/layers",
    "Kinds of data": "kinds",
    "Made worlds, whose truth is known": "data/world",
    "Measures of proofs": "metrics/proofs",
}


def run_settings() -> str:
    """The page of the settings that every run has."""
    text = "Options of `saddle train` beside a method's own; the same names in Python and in a settings file."
    parts = ["# Settings of every run", text, "## Run", settings(RunSettings), "## Data", settings(DataSettings)]
    return page(parts)


def commands() -> str:
    """The page of all commands: what each does, and its options."""
    rows = [{"command": f"[`saddle {verb}`](#saddle-{verb})", "what it does": does} for verb, does in verbs().items()]
    parts = ["# Commands", "`saddle COMMAND --help` prints the same.", markdown(rows)]
    for verb, does in verbs().items():
        parts += [f"## saddle {verb}", does, *_options(f"saddlepoint.cli.{verb}")]
        package = importlib.import_module(f"saddlepoint.cli.{verb}")
        for part in pkgutil.iter_modules(getattr(package, "__path__", [])):
            options = _options(f"{package.__name__}.{part.name}")
            parts += [f"### saddle {verb} {part.name}", *options] if options else []
    return page(parts)


def _options(name: str) -> list[str]:
    """The table of a command's options: those of the dataclass that its module's `main` reads."""
    module = importlib.import_module(name)
    own = [kind for kind in vars(module).values() if getattr(kind, "__module__", "") == name]
    kinds = [kind for kind in own if dataclasses.is_dataclass(kind) and isinstance(kind, type)]
    return [settings(kinds[0])] if hasattr(module, "main") and len(kinds) == 1 else []


def parts() -> str:
    """The page of parts that a method is built from: one line for each file, by folder."""
    text = "What a new method can take instead of writing it: one line a file, with its source where it has one."
    made = ["# Parts to build from", text]
    for heading, folder in FOLDERS.items():
        rows = [
            {"module": f"[`{path.stem}`](python/{folder.split('/')[0]}.md)", "what is in it": _first_sentence(path)}
            for path in sorted((SOURCE / folder).glob("*.py"))
            if not path.name.startswith("_")
        ]
        made += [f"## {heading}", f"In `saddlepoint.{folder.replace('/', '.')}`.", markdown(rows)]
    return page(made)


def _first_sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ")
