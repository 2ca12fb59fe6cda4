"""The methods: one file each, found by looking into the families' folders; nothing to register.

A method's name is its file's name. Names and first docstring lines are read without importing anything. Their classes
can be imported from here: `from saddlepoint.methods import DCGAN`. A person's own methods are added by `named`.
"""

from __future__ import annotations

import ast
import functools
import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError
from saddlepoint.methods import elsewhere, own

if TYPE_CHECKING:
    from saddlepoint.methods.base import Method, Proof

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """A method as a listing shows it: its name, family and module path."""

    name: str
    family: str
    module: str
    described: Path | str
    """its file, or the words that describe it"""

    @property
    def summary(self) -> str:
        """The first paragraph of its docstring, in one line."""
        if isinstance(self.described, str):
            return self.described
        return _first_sentences(self.described, self.described.stat().st_mtime_ns)


def listing() -> dict[str, Entry]:
    """All methods by name, in order of family and name, and a person's own last; reads files, imports none of them."""
    entries = _published()
    for name, added in own.known().items():
        entries[name] = Entry(name, "own", added.module.__name__, _paragraph(added.kind.__doc__ or ""))
    return entries


def _published() -> dict[str, Entry]:
    """The methods of this package and of those that are installed beside it."""
    entries = {path.stem: _entry(path) for path in _files()}
    for name, value in _plugged_in(tuple(sys.path)):
        entries.setdefault(name, Entry(name, "plug-in", value.split(":")[0], f"from {value}"))
    return entries


@functools.cache
def _files() -> tuple[Path, ...]:
    """The files of this package that hold a method each."""
    folders = (path for path in sorted(_HERE.iterdir()) if path.is_dir() and path.name != "families")
    return tuple(path for folder in folders for path in sorted(folder.glob("[!_]*.py")))


def _entry(path: Path) -> Entry:
    family = path.parent.name
    return Entry(path.stem, family, f"saddlepoint.methods.{family}.{path.stem}", path)


@functools.cache
def _plugged_in(_path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The methods of installed packages by name, with where each is; read once for each search path."""
    return tuple((point.name, point.value) for point in entry_points(group="saddlepoint.methods"))


@functools.cache
def _first_sentences(path: Path, _changed: int) -> str:
    """The first paragraph of a file's docstring in one line; read again when the file has changed."""
    return _paragraph(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")


def _paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", 1)[0].split())


def named(method: str | Path | type[Method] | Method) -> str:
    """The name of a method, which is added to those of this session where it is a person's own.

    method: a name, a .py file that holds one Method class, which is then run, a class, or an instance of one.
    Raises ConfigError for anything else, or where a method of another kind has its name already; MethodError for a file
    that fails.
    """
    from saddlepoint.methods.base import Method

    if isinstance(method, Path) or (isinstance(method, str) and method.endswith(".py")):
        return own.add_file(Path(method), _published())
    if isinstance(method, str):
        return method
    kind = method if isinstance(method, type) else type(method)
    if not issubclass(kind, Method):
        raise ConfigError(
            f"a method cannot be {method!r}: give a name that `saddle list` shows, a .py file, a Method class or one of"
            " its instances."
        )
    published = _published()
    for name, entry in published.items():
        if entry.module == kind.__module__:
            return name
    return own.add_class(kind, published)


def origin(name: str) -> Mapping[str, Any] | None:
    """Where a person's own method came from, as a run keeps it; None for one of the library or of a package."""
    return own.known()[name].origin if name in own.known() else None


def module(name: str) -> ModuleType:
    """The module of one method. Raises ConfigError with the nearest right name for an unknown one."""
    if name in own.known():
        return own.known()[name].module
    known = listing()
    if name not in known:
        if _is_file(Path(f"{name}.py")):
            raise ConfigError(f"no method is called {name!r}; to train the file in this folder, write ./{name}.py.")
        advice = elsewhere.advice(name, known)
        near = nearest(name, known) if advice is None else f": {advice}"
        raise ConfigError(f"no method is called {name!r}{near} `saddle list` shows all.")
    return importlib.import_module(known[name].module)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long for the disk
        return False


def load(name: str) -> type[Method]:
    """The class of one method; imports that one file. Raises ConfigError for an unknown name."""
    return own.known()[name].kind if name in own.known() else own.only_method(module(name))


def presets(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The rows of the method's `PRESETS` table: settings by preset name."""
    return dict(getattr(module(name), "PRESETS", {}))


def proof(name: str) -> Proof:
    """The method's `PROOF`. Raises ConfigError for a method without one."""
    statement: Proof | None = getattr(module(name), "PROOF", None)
    if statement is None:
        raise ConfigError(f"{name} states no PROOF.")
    return statement


def __getattr__(name: str) -> Any:
    """The class of a method by its own name, from its file."""
    for entry in _published().values() if name[:1].isupper() else ():
        source = _HERE.parent.parent / Path(*entry.module.split(".")).with_suffix(".py")
        if source.is_file() and f"\nclass {name}(" in source.read_text(encoding="utf-8"):
            kind = own.only_method(importlib.import_module(entry.module))
            if kind.__name__ == name:
                return kind
    raise AttributeError(f"module 'saddlepoint.methods' has no attribute {name!r}")
