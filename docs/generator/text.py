"""Small parts of generated pages: tables of settings, values as a person reads them, whole pages."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Iterable
from typing import Any

from saddlepoint import config
from saddlepoint.report.tables import markdown
from saddlepoint.report.wording import number

Row = dict[str, Any]


def page(parts: Iterable[str]) -> str:
    """The parts that are not empty, with an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def settings(kind: type) -> str:
    """A table of the fields of a dataclass: option, accepted values, default and its sentence of help."""
    types, sentences = typing.get_type_hints(kind), config.field_help(kind)
    return markdown(
        [
            {
                "option": option(field.name),
                "takes": config.kind_text(types[field.name]),
                "default": _default(field),
                "meaning": " ".join(sentences.get(field.name, "").split()) or " ",
            }
            for field in dataclasses.fields(kind)
            if field.init
        ]
    )


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return value(field.default)
    return value(field.default_factory()) if field.default_factory is not dataclasses.MISSING else "required"


def option(name: str) -> str:
    """A setting as it is typed on the command line."""
    return f"`--{name.replace('_', '-')}`"


def value(setting: object) -> str:
    """A setting as a person reads it; a list as it is typed."""
    if isinstance(setting, list | tuple):
        return " ".join(map(str, setting)) or "–"
    if isinstance(setting, float) and setting and (abs(setting) < 1e-3 or abs(setting) >= 1e6):
        return f"{setting:g}"
    return number(setting)


def paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")


def capital(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
