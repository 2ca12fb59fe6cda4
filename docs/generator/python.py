"""The reference of the Python interface: signatures and docstrings of all public names, read without importing."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from generator.text import Row, page

import saddlepoint
from saddlepoint.report.tables import markdown

SOURCE = Path(saddlepoint.__file__).parent
_HIDDEN = {"cli"}
"""rooms that are no Python interface"""
_ARGUMENT = re.compile(r"^([a-z_][\w]*(?:, [a-z_][\w]*)*): ")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def rooms() -> dict[str, list[Path]]:
    """Files of public modules by room."""
    grouped: dict[str, list[Path]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if parts[0] not in _HIDDEN and not any(part.startswith("_") for part in parts):
            grouped.setdefault(parts[0], []).append(path)
    return grouped


def index() -> str:
    """The page of the names that the package itself offers, and a table of all rooms."""
    parts = ["# Python", "What `import saddlepoint` offers, then all modules by room."]
    for name in saddlepoint.__all__:
        module = importlib.import_module(getattr(saddlepoint, name).__module__)
        path = Path(inspect.getfile(module))
        for node in _public(ast.parse(path.read_text(encoding="utf-8")).body):
            if node.name == name:
                parts += _definition(node, path.read_text(encoding="utf-8"), "##", f"saddlepoint.{name}")
    rows: list[Row] = []
    for name, files in rooms().items():
        file = SOURCE / name / "__init__.py"
        first = _docstring(file if file.exists() else SOURCE / f"{name}.py").partition("\n\n")[0].replace("\n", " ")
        rows.append({"room": f"[`saddlepoint.{name}`]({name}.md)", "modules": len(files), "what is in it": first})
    return page([*parts, "## All rooms", markdown(rows)])


def room(name: str, files: list[Path]) -> str:
    """The page of one room."""
    parts = [f"# saddlepoint.{name}"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
        module = ".".join(("saddlepoint", *file.relative_to(SOURCE).with_suffix("").parts))
        parts += [f"## {module}", _prose(ast.get_docstring(tree) or "", symbols=True)]
        for node in _public(tree.body):
            parts += _definition(node, text, "###", node.name)
    return page(parts)


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _public(body: list[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def _definition(node: Definition, text: str, level: str, name: str) -> list[str]:
    """Heading, signature and docstring of a function or class; of a class also its fields and methods."""
    parts = [f"{level} {name}"]
    if not isinstance(node, ast.ClassDef):
        return [*parts, _code(_signature(node, text)), _prose(ast.get_docstring(node) or "")]
    lines = [_signature(node, text)]
    for inner in node.body:
        if isinstance(inner, ast.AnnAssign) and not ast.unparse(inner.target).startswith("_"):
            lines.append(f"    {ast.unparse(inner)}")
        elif isinstance(inner, ast.FunctionDef) and (inner.name == "__init__" or not inner.name.startswith("_")):
            decorators = [f"    @{ast.unparse(one)}" for one in inner.decorator_list]
            lines += ["", *decorators, textwrap.indent(textwrap.dedent(_signature(inner, text)), "    ")]
            first = (ast.get_docstring(inner) or "").partition("\n\n")[0]
            lines += [f"        # {line}" for line in first.splitlines()]
    return [*parts, _prose(ast.get_docstring(node) or ""), _code("\n".join(lines))]


def _signature(node: Definition, text: str) -> str:
    """The lines of a definition up to its body, as they are written."""
    lines = text.splitlines()[node.lineno - 1 : node.body[0].lineno]
    if len(lines) == 1:
        return lines[0][: node.body[0].col_offset].rstrip(" :") if node.body[0].lineno == node.lineno else lines[0]
    return "\n".join(lines[:-1]).rstrip(" :")


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _prose(docstring: str, *, symbols: bool = False) -> str:
    """A docstring as Markdown: "name: what it is" becomes an item, what is aligned stays so."""
    paragraphs = []
    for paragraph in docstring.replace("<", "&lt;").split("\n\n"):
        if symbols and re.search(r"\S {2,}\S|^ {4}", paragraph, re.MULTILINE):
            paragraphs.append(f"```text\n{paragraph.replace('&lt;', '<')}\n```")
            continue
        text = "\n".join(_ARGUMENT.sub(r"\n- **\1**: ", line) for line in paragraph.split("\n"))
        # A sentence after the last item, such as "Raises ...", is no part of it.
        text = re.sub(r"\n(Raises|Returns|Yields) ", r"\n\n\1 ", text)
        paragraphs.append(text.strip("\n").replace("*args", "\\*args"))
    return "\n\n".join(paragraphs)
