"""Settings: frozen dataclasses to JSON and back, from files, with overrides; a field's own sentence is its help.

Knows no method. Every name that is not a field is refused with the nearest right one.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import json
import textwrap
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from saddlepoint.errors import ConfigError

T = TypeVar("T")


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when a known name is near, else a full stop: to end a sentence with."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else "."


def to_json(settings: Any) -> dict[str, Any]:
    """A dataclass of settings as a JSON object: tuples become lists, paths strings."""
    return {field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings) if field.init}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ConfigError(f"{value!r} cannot be written as JSON.")


def from_json(cls: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from a JSON object; every value is checked against its field's type.

    Raises ConfigError for an unknown name (with the nearest right one) or a value of the wrong type.
    """
    kinds = typing.get_type_hints(cls)
    known = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
    refuse_unknown(values, known)
    return cls(**{name: checked(name, value, kinds[name]) for name, value in values.items()})


def refuse_unknown(values: Iterable[str], known: Iterable[str]) -> None:
    """Raises ConfigError when a name is not a known one, with the nearest right name."""
    known = list(known)
    for name in values:
        if name not in known:
            raise ConfigError(f"no setting is called {name!r}{nearest(name, known)}")


def checked(name: str, value: Any, kind: Any) -> Any:
    """`value` as the type `kind` of the field `name`; JSON's lists become tuples, its strings paths.

    Raises ConfigError when it does not fit; nothing is converted that could hide a slip (no "1" for 1).
    """
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        for choice in inside:
            try:
                return checked(name, value, choice)
            except ConfigError:
                continue
    elif origin is Literal:
        if value in inside and type(value) in {type(choice) for choice in inside}:
            return value
        near = nearest(value, [str(choice) for choice in inside]) if isinstance(value, str) else "."
        choices = ", ".join(str(choice) for choice in inside)
        raise ConfigError(f"{name} cannot be {value!r}{near} It is one of: {choices}.")
    elif origin is tuple:
        if isinstance(value, list | tuple):
            if len(inside) == 2 and inside[1] is Ellipsis:
                return tuple(checked(name, item, inside[0]) for item in value)
            if len(inside) == len(value):
                return tuple(checked(name, item, want) for item, want in zip(value, inside))
    elif kind is None or kind is types.NoneType:
        if value is None:
            return None
    elif kind is Path:
        if isinstance(value, str | Path):
            return Path(value)
    elif kind is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
    elif isinstance(kind, type) and isinstance(value, kind):
        return value
    raise ConfigError(f"{name} cannot be {value!r}: it must be {kind_text(kind)}.")


def kind_text(kind: Any) -> str:
    """A type in words a person reads: "a whole number", "one of: a, b", "a number or nothing"."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(kind_text(choice) for choice in inside)
    if origin is Literal:
        return "one of: " + ", ".join(str(choice) for choice in inside)
    if origin is tuple:
        return "several, each " + kind_text(inside[0])
    words = {
        int: "a whole number",
        float: "a number",
        str: "a text",
        bool: "true or false",
        Path: "a path",
        types.NoneType: "nothing",
    }
    return words.get(kind, getattr(kind, "__name__", str(kind)))


def read_file(path: Path) -> dict[str, Any]:
    """Settings from a .json or .toml file, one flat table. Raises ConfigError in words when it cannot be read."""
    if path.suffix not in (".json", ".toml"):
        raise ConfigError(f"the settings file {path} must be called .json or .toml.")
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # what either parser raises, and bytes that are no text
        raise ConfigError(f"the settings file {path} is not valid {path.suffix[1:].upper()}: {error}.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"the settings file {path} must hold one table of names and values.")
    return values


@cache
def field_help(cls: type) -> Mapping[str, str]:
    """The sentence under each field of a dataclass, own and inherited, by field name."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for statement, below in zip(body.body, body.body[1:]):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                found[statement.target.id] = inspect.cleandoc(str(below.value.value))
    return types.MappingProxyType(found)
