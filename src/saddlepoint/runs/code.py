"""A fingerprint of the code that a proof's figures come from, so that evidence can say when that code has changed.

It is read from the files, nothing is imported. From the method, the measure and the world it follows every definition
that is used, through the rooms in `ROOMS`. What cannot change a figure does not count: comments, docstrings, the words
of errors, where a definition lies, what a function calls its local variables, and the tables PROOF and PRESETS, of
which evidence keeps what it needs.
"""

from __future__ import annotations

import ast
import builtins
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
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.tree = _Meaning(_global_names(tree)).visit(tree)
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


def _global_names(tree: ast.Module) -> set[str]:
    """Names that a file defines, imports anywhere or gives arguments by, and those that every file has."""
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    keywords = {str(node.arg) for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    defined = {name for statement in tree.body for name in _defined(statement)}
    return imported | keywords | defined | set(dir(builtins))


def _local_names(function: ast.FunctionDef, known: set[str]) -> dict[str, str]:
    """New names, by order of appearance, for the variables that a function assigns, and functions within it.

    The parameters of functions within it are among them, and those of a private function: other files do not call it.
    Those of a public one keep their names, by which they may be given, and so does what is bound in another way.
    """
    nodes = list(ast.walk(function))[1:]
    private = function.name.startswith("_") and not function.name.startswith("__")
    own = {id(argument) for argument in ast.walk(function.args) if isinstance(argument, ast.arg) and not private}
    kept = known | {node.arg for node in nodes if id(node) in own and isinstance(node, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            kept.add(str(node.name))
        elif isinstance(node, ast.Global | ast.Nonlocal):
            kept.update(node.names)
    assigned = [
        node.arg if isinstance(node, ast.arg) else node.id
        for node in nodes
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return {name: f"local_{number}" for number, name in enumerate(dict.fromkeys(assigned)) if name not in kept}


class _Meaning(ast.NodeTransformer):
    """Leaves out what changes no figure, and writes f-strings in a form that is the same in every Python release.

    known: names that mean something outside of functions.
    """

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.locals: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self.locals or any(isinstance(inner, ast.ClassDef) for inner in ast.walk(node)):
            return self.generic_visit(node)
        self.locals = _local_names(node, self.known)
        written = self.generic_visit(node)
        self.locals = {}
        return written

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.locals.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.locals.get(node.arg, node.arg)
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Raise(None, None)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return self.generic_visit(ast.Tuple(parts, ast.Load()))
