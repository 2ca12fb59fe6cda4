"""A fingerprint of the code that a proof's figures come from, so that evidence can say when that code has changed.

It is read from the files, nothing is imported. From the method, the measure and the world it follows every definition
that is used, through the rooms in `ROOMS`. What cannot change a figure does not count: comments, docstrings, the words
of errors, where a definition lies, and the tables PROOF and PRESETS, of which evidence keeps what it needs.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import saddlepoint

ROOMS = ("methods", "nn", "losses", "data.world", "metrics")
"""the rooms whose code is followed; the engine and the data room are held by tests of their own"""
_TABLES = ("PROOF", "PRESETS")


Definition = tuple[str, str]
"""a module and a name that it defines"""


class Code:
    """The files of the package, each read once.

    root: the folder of the package, which need not be the one that runs.
    """

    def __init__(self, root: Path = Path(saddlepoint.__file__).parent) -> None:
        self.root = root
        self._files: dict[str, File | None] = {}

    def fingerprint(self, modules: Iterable[str]) -> str:
        """16 hex digits that change when code that these modules, by their full names, use may compute otherwise."""
        texts = {text for module, name in self.used(modules) for text in self._file(module).text(name)}
        return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]

    def used(self, modules: Iterable[str]) -> set[Definition]:
        """Every definition that the modules hold or use, directly or not."""
        own = [(module, name) for module in modules for name in self._file(module).definitions if name not in _TABLES]
        used, waiting = set(own), own
        while waiting:
            new = set(self._uses(*waiting.pop())) - used
            used |= new
            waiting += new
        return used

    def _uses(self, module: str, name: str) -> Iterator[Definition]:
        """The definitions, in the rooms that are followed, that one definition names."""
        file = self._file(module)
        for origin, used_name in file.names(name):
            if not origin:
                yield module, used_name
                continue
            inner = f"{origin}.{used_name}"
            if self._followed(inner):  # a module that was imported by its package's name
                known = self._file(inner).definitions.keys()
                yield from ((inner, each) for each in file.attributes(name, used_name) & known)
            elif self._followed(origin) and used_name in self._file(origin).definitions:
                yield origin, used_name

    def _followed(self, module: str) -> bool:
        if module not in self._files:
            inside = any(f"{module}.".startswith(f"saddlepoint.{room}.") for room in ROOMS)
            path = self._path(module) if inside else None
            self._files[module] = None if path is None else File(path)
        return self._files[module] is not None

    def _file(self, module: str) -> File:
        """A file that is followed, or that of a method by entry point, which lies in another package."""
        if self._followed(module):
            return self._files[module]  # type: ignore[return-value]
        spec = importlib.util.find_spec(module)
        self._files[module] = file = File(Path(str(spec and spec.origin)))
        return file

    def _path(self, module: str) -> Path | None:
        place = self.root.joinpath(*module.split(".")[1:])
        paths = (place.with_suffix(".py"), place / "__init__.py")
        return next((path for path in paths if path.is_file()), None)


class File:
    """The definitions of one file: functions, classes and assigned names, each with its statements."""

    def __init__(self, path: Path) -> None:
        self.tree = _Meaning().visit(ast.parse(path.read_text(encoding="utf-8")))
        self._texts: dict[str, list[str]] = {}

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """The statements that define each name at the top of the file."""
        definitions: dict[str, list[ast.stmt]] = {}
        for statement in self.tree.body:
            for name in _defined(statement):
                definitions.setdefault(name, []).append(statement)
        return definitions

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Module and name behind each imported name."""
        imports: dict[str, tuple[str, str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        return imports

    def text(self, name: str) -> list[str]:
        """What the statements of a definition compute, in one form."""
        if name not in self._texts:
            self._texts[name] = [ast.unparse(ast.fix_missing_locations(one)) for one in self.definitions[name]]
        return self._texts[name]

    def names(self, name: str) -> set[tuple[str, str]]:
        """Every name that a definition uses, with the module it is from; "" for this file."""
        used = {node.id for one in self.definitions[name] for node in ast.walk(one) if isinstance(node, ast.Name)}
        own = {("", each) for each in used if each in self.definitions}
        return own | {self.imports[each] for each in used if each in self.imports}

    def attributes(self, name: str, module: str) -> set[str]:
        """The attributes of an imported module that a definition uses."""
        return {
            node.attr
            for one in self.definitions[name]
            for node in ast.walk(one)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if self.imports.get(node.value.id, ("", ""))[1] == module
        }


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]


class _Meaning(ast.NodeTransformer):
    """Leaves out what changes no figure, and writes f-strings in a form that is the same in every Python release."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Raise(None, None)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return self.generic_visit(ast.Tuple(parts, ast.Load()))
