"""Settings: frozen dataclasses to JSON and back, from files, with overrides; a field's own sentence is its help.

A number's type says which numbers it may be: `latent: Count = 100`, `beta1: Decay = 0.5`, or with a `Range` of its own.
Knows no method. Every name that is not a field is refused with the nearest right one.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import math
import numbers
import sys
import textwrap
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from saddlepoint.errors import ConfigError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit, content, judged

T = TypeVar("T")

_NEAR = 0.7
"""share of common letters from which one name may be a slip for another: "epochs" and "keep" have .6"""
_MOST_BYTES = 1 << 20
"""of a settings file"""
_LARGEST = 2**53
"""numbers up to which whole ones are exact in JSON, and fit into a tensor's sizes"""


@dataclass(frozen=True)
class Range:
    """The finite numbers that a setting may be; None for a side without a bound.

    least, most: bounds that belong to it. above, below: bounds that do not.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Whether `value` is one of them."""
        finite = abs(value) <= _LARGEST if isinstance(value, int) else math.isfinite(value)
        return (
            finite
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """As help and errors say it: "1 or more", "from 0 to 1", "at least 0 and less than 1"."""
        if self.least is not None and self.most is not None:
            return f"from {self.least:,} to {self.most:,}"
        bounds_by_word = (
            ("at least", self.least),
            ("more than", self.above),
            ("at most", self.most),
            ("less than", self.below),
        )
        bounds = [f"{words} {bound:,}" for words, bound in bounds_by_word if bound is not None]
        if self.least is not None and len(bounds) == 1:
            return f"{self.least:,} or more"
        return " and ".join(bounds) or "any finite number"


Count = Annotated[int, Range(least=1)]
"""how many, where none would make no sense: widths, steps, examples"""
Natural = Annotated[int, Range(least=0)]
"""how many, where 0 stands for none"""
Threads = Annotated[int, Range(least=1, most=1024)]
"""threads of a processor: the system ends a program that asks for more of them than it has"""
Width = Annotated[int, Range(least=1, most=1_000_000)]
"""numbers side by side: channels of a layer, numbers of a latent"""
Layers = Annotated[int, Range(least=1, most=1_000)]
"""layers or blocks one after the other"""
LayersOrNone = Annotated[int, Range(least=0, most=1_000)]
"""the same, where 0 stands for none"""
Finite = Annotated[float, Range()]
"""any number but infinity"""
Positive = Annotated[float, Range(above=0)]
"""a number above 0: learning rates, half-lives"""
Weight = Annotated[float, Range(least=0)]
"""a weight of a loss, where 0 leaves it out"""
Share = Annotated[float, Range(least=0, most=1)]
"""a probability, or a share of a whole"""
Decay = Annotated[float, Range(least=0, below=1)]
"""a share that is kept at each step: Adam's betas, momentum"""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when a known name is near, else a full stop: to end a sentence with."""
    plain = {_plainly(each): each for each in known}  # by what is left without case and dashes
    close = difflib.get_close_matches(_plainly(name), list(plain), n=1, cutoff=_NEAR)
    return f"; did you mean {plain[close[0]]!r}?" if close else "."


def _plainly(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "") or name


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
    kinds = field_kinds(cls)  # type: ignore[arg-type]
    known = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
    values = respelt(values, cls)
    refuse_unknown(values, known)
    return cls(**{name: checked(name, value, kinds[name]) for name, value in values.items()})


def check(settings: Any) -> None:
    """Checks every field of a frozen dataclass against its type and range: for its `__post_init__`.

    Lists become tuples and whole numbers floats where the type says so. Raises ConfigError.
    """
    kinds = field_kinds(type(settings))  # type: ignore[arg-type]
    for field in dataclasses.fields(settings):
        object.__setattr__(settings, field.name, checked(field.name, getattr(settings, field.name), kinds[field.name]))


@cache
def field_kinds(cls: Any) -> Mapping[str, Any]:
    """The type of each field of a dataclass by its name, with the `Range` that it may carry."""
    return types.MappingProxyType(typing.get_type_hints(cls, include_extras=True))


def respelt(values: Mapping[str, Any], *kinds: type) -> dict[str, Any]:
    """`values` by the names of today, where a dataclass in `kinds` has other `spellings` of a setting's name.

    Raises ConfigError for one setting under two of its names.
    """
    spellings: dict[str, str] = {}
    for kind in kinds:
        spellings |= getattr(kind, "spellings", {})
    for kind in kinds:  # a name that is a setting itself means that setting
        spellings = {old: new for old, new in spellings.items() if old not in getattr(kind, "__dataclass_fields__", {})}
    for name in values:
        if spellings.get(name) in values:
            raise ConfigError(f"{name} is another word for {spellings[name]}: give one of them.")
    return {spellings.get(name, name): value for name, value in values.items()}


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
    if kind in (int, float) and not isinstance(value, int | float):
        value = _of_numpy(value)
    if origin is Annotated:
        plain = checked(name, value, inside[0])
        if isinstance(plain, int) and abs(plain) > _LARGEST:
            raise ConfigError(f"{name} cannot be so large: it must be at most {_LARGEST:,}.")
        for bounds in inside[1:]:
            if isinstance(bounds, Range) and plain is not None and not bounds.holds(plain):
                raise ConfigError(f"{name} cannot be {value!r}: it must be {bounds}.")
        return plain
    if origin in (typing.Union, types.UnionType):
        rest = [choice for choice in inside if choice is not types.NoneType]
        if value is None and len(rest) < len(inside):
            return None
        if len(rest) == 1 and typing.get_origin(rest[0]) is Annotated:
            return checked(name, value, rest[0])  # whose words tell more than those of both together
        for choice in rest:
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
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < sys.float_info.max:
            return float(value)
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
    elif isinstance(origin or kind, type) and isinstance(value, origin or kind):
        return value
    raise ConfigError(f"{name} cannot be {value!r}: it must be {kind_text(kind)}.")


def _of_numpy(value: Any) -> Any:
    """A number of numpy as Python's own; anything else as it is."""
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


def range_text(kind: Any) -> str:
    """The range of a field's type in words, such as "1 or more"; empty for a type without bounds."""
    inside = typing.get_args(kind)
    if typing.get_origin(kind) is Annotated:
        return next((str(bounds) for bounds in inside[1:] if isinstance(bounds, Range) and bounds != Range()), "")
    return next((words for each in inside if (words := range_text(each))), "")


def kind_text(kind: Any) -> str:
    """A type in words a person reads: "a whole number", "one of: a, b", "a number or nothing"."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return kind_text(inside[0])
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
    with judged(f"the settings file {path}", ConfigError):
        text = content(path, _MOST_BYTES)
        if path.suffix == ".json":
            return documents.as_table(text, path.name)
        try:
            return tomllib.loads(text.decode("utf-8"))
        except ValueError as error:  # also for bytes that are no text
            raise Unfit(f"{path.name} is not TOML ({error})") from error


@cache
def field_help(cls: type) -> Mapping[str, str]:
    """The sentence under each field of a dataclass, own and inherited, by field name."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        try:
            source = inspect.getsource(base)
        except (OSError, TypeError):  # of a class that was typed into a session
            continue
        body = ast.parse(textwrap.dedent(source)).body[0]
        assert isinstance(body, ast.ClassDef)
        for statement, below in zip(body.body, body.body[1:]):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                texts[statement.target.id] = inspect.cleandoc(str(below.value.value))
    return types.MappingProxyType(texts)
