"""Reads a command line into a dataclass of options: the same help and the same refusals for every command."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection
from typing import Annotated, Any, TypeVar

import tyro

from saddlepoint import config

T = TypeVar("T")

PLAIN = (tyro.conf.DisallowNone,)
"""an option that need not be given shows its type alone: INT instead of {None}|INT"""


def parsed(options: type[T], command: str, arguments: list[str]) -> T:
    """The options of `command`, as `arguments` say them; where they are wrong, tyro explains it and exits.

    options: a dataclass, whose sentences under the fields are the help.
    """
    return tyro.cli(described(options), prog=command, args=arguments, config=PLAIN)


def described(options: type[T], hidden: Collection[str] = ()) -> type[T]:
    """A dataclass whose help says beside each default which numbers an option may be, and nothing of an absent default.

    hidden: fields that are left out of the help, and cannot be read from a line then.
    """
    kinds, sentences = config.field_kinds(options), config.field_help(options)  # type: ignore[arg-type]
    fields = []
    for field in dataclasses.fields(options):  # type: ignore[arg-type]
        kind: Any = kinds[field.name]
        bounds, words = config.range_text(kind), sentences.get(field.name)
        one_line = " ".join(words.split()) if words else None  # tyro keeps some of the breaks of a docstring
        hint = None if _repeats(kind) else functools.partial(_hint, bounds)
        shown: Any = Annotated[kind, tyro.conf.arg(help=one_line, help_behavior_hint=hint)]
        if field.name in hidden:
            shown = tyro.conf.Suppress[kind]  # type: ignore[misc]
        own_default = {key: getattr(field, key) for key in ("default", "default_factory")}
        fields.append((field.name, shown, dataclasses.field(**own_default, kw_only=field.kw_only)))
    own = dataclasses.make_dataclass(options.__name__, fields, bases=(options,), frozen=True)
    own.__doc__ = options.__doc__
    return own


def _hint(bounds: str, default: str) -> str:
    words = [bounds] if bounds else []
    words += [f"default: {default}"] if default not in ("None", "") else []
    return f"({'; '.join(words)})" if words else ""


def _repeats(kind: Any) -> bool:
    """Whether an option may be typed several times, which its help says by itself."""
    return tyro.conf.UseAppendAction in getattr(kind, "__metadata__", ())
