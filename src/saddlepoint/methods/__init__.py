"""The methods: one file each, found by looking into the families' folders; nothing to register.

A method's name is its file's name. Names and first docstring lines are read without importing anything.
"""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError, MethodError

if TYPE_CHECKING:
    from saddlepoint.methods.base import Method, Proof

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """A method as a listing shows it: its name, family, module path and the first line of its docstring."""

    name: str
    family: str
    module: str
    summary: str


def listing() -> dict[str, Entry]:
    """All methods by name, in order of family and name; reads files, imports none of them."""
    found: dict[str, Entry] = {}
    for path in sorted(_HERE.glob("*/*.py")):
        if path.name.startswith("_") or path.parent.name == "families":
            continue
        module = f"saddlepoint.methods.{path.parent.name}.{path.stem}"
        found[path.stem] = Entry(path.stem, path.parent.name, module, _summary(path))
    for point in entry_points(group="saddlepoint.methods"):
        found.setdefault(point.name, Entry(point.name, "plug-in", point.value.split(":")[0], f"from {point.value}"))
    return found


def _summary(path: Path) -> str:
    return _first_line(path, path.stat().st_mtime_ns)


@functools.cache
def _first_line(path: Path, _changed: int) -> str:
    """The first line of a file's docstring; read again when the file has changed."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n", 1)[0]


def module(name: str) -> ModuleType:
    """The module of one method. Raises ConfigError with the nearest right name for an unknown one."""
    known = listing()
    if name not in known:
        raise ConfigError(f"no method is called {name!r}{nearest(name, known)} `saddle list` shows all.")
    return importlib.import_module(known[name].module)


def load(name: str) -> type[Method]:
    """The class of one method; imports that one file. Raises ConfigError for an unknown name."""
    from saddlepoint.methods.base import Method

    where = module(name)
    own = [
        value
        for value in vars(where).values()
        if isinstance(value, type) and issubclass(value, Method) and value.__module__ == where.__name__
    ]
    if len(own) != 1:
        raise MethodError(f"{where.__name__} must hold one Method class; it holds {len(own)}.")
    return own[0]


def presets(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The rows of the method's `PRESETS` table: settings by preset name."""
    return dict(getattr(module(name), "PRESETS", {}))


def proof(name: str) -> Proof:
    """The method's `PROOF`. Raises ConfigError for a method without one."""
    found: Proof | None = getattr(module(name), "PROOF", None)
    if found is None:
        raise ConfigError(f"{name} states no PROOF.")
    return found
