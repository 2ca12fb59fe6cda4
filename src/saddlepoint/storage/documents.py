"""JSON within bounds of bytes, items and depth: all of it that is read passes here; a test holds every room to that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from saddlepoint.storage.plain import Unfit, content, opened, shortened

MOST_BYTES = 64 << 20
MOST_ITEMS = 2_000_000
MOST_DEPTH = 64
MOST_LINE = 1 << 20
_SPACE = re.compile(r"\s*")


def table(path: Path, *, within: Path | None = None) -> dict[str, Any]:
    """The JSON object of a plain file. Raises Unfit, and OSError where it cannot be read."""
    return as_table(content(path, MOST_BYTES, within=within), path.name)


def value(path: Path) -> Any:
    """The JSON value of a plain file. Raises as `table` does."""
    return parsed(content(path, MOST_BYTES), path.name)


def lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Every line of a plain file as it stands, with the JSON object in it; None for a line that holds none.

    A line that is longer than MOST_LINE bytes comes in parts, which hold none. Raises Unfit for what is no plain file,
    and OSError where it cannot be read.
    """
    with opened(path) as file:
        while line := file.readline(MOST_LINE):
            try:
                yield line, as_table(line, path.name)
            except Unfit:
                yield line, None


def as_table(text: bytes | str, name: str) -> dict[str, Any]:
    """The JSON object in these bytes. name: of the file, for the words of the error."""
    value = parsed(text, name)
    if not isinstance(value, dict):
        raise Unfit(f"{name} holds no JSON object of names and values")
    return value


def parsed(
    text: bytes | str, name: str, *, most_bytes: int = MOST_BYTES, most_items: int = MOST_ITEMS, finite: bool = False
) -> Any:
    """The JSON value in these bytes or this text.

    finite: whether NaN and the infinities, which are no JSON but are often written, are refused. Raises Unfit for what
    is none, has too many items or nests too deeply.
    """
    marks = (b",", b"[", b"{") if isinstance(text, bytes) else (",", "[", "{")
    if len(text) > most_bytes or sum(text.count(mark) for mark in marks) > most_items:  # type: ignore[arg-type, misc]
        raise Unfit(f"{name} has more than {most_items:,} items")
    try:
        words = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(words, parse_constant=_refused if finite else None)
    except RecursionError:
        raise Unfit(f"{name} nests more than {MOST_DEPTH} deep") from None
    except json.JSONDecodeError as error:
        raise Unfit(f"line {error.lineno} of {name} is not JSON ({error.msg})") from error
    except ValueError as error:  # bytes that are no text, and numbers of thousands of digits
        raise Unfit(f"{name} is not JSON ({shortened(str(error))})") from error
    return _shallow(value, name)


def first(text: str, name: str) -> str:
    """The first JSON value of a text that goes on behind it, as it stands. Raises Unfit as `parsed` does."""
    return text[: _decoded(text, 0, name)[1]]


def members(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Key and value of each member of one JSON object that is too large to be held at once, in its order.

    Raises Unfit, naming the line, for what is no JSON object, and for a member that nests too deeply.
    """
    place = _space(text, 0)
    if text[place : place + 1] != "{":
        raise _no_json(text, place, "an object was expected", name)
    place = _space(text, place + 1)
    while text[place : place + 1] != "}":
        key, place = _decoded(text, place, name)
        place = _space(text, place)
        if not isinstance(key, str) or text[place : place + 1] != ":":
            raise _no_json(text, place, "a name and a colon were expected", name)
        value, place = _decoded(text, _space(text, place + 1), name)
        yield key, _shallow(value, name)
        place = _space(text, place)
        if text[place : place + 1] == ",":
            place = _space(text, place + 1)
        elif text[place : place + 1] != "}":
            raise _no_json(text, place, "a comma or the end was expected", name)


def _decoded(text: str, place: int, name: str) -> tuple[Any, int]:
    """The value that begins at this place, and the place behind it."""
    try:
        return json.JSONDecoder().raw_decode(text, place)
    except RecursionError:
        raise Unfit(f"{name} nests more than {MOST_DEPTH} deep") from None
    except json.JSONDecodeError as error:
        raise _no_json(text, error.pos, error.msg, name) from error
    except ValueError as error:
        raise Unfit(f"{name} is not JSON ({shortened(str(error))})") from error


def _no_json(text: str, place: int, why: str, name: str) -> Unfit:
    return Unfit(f"line {text.count(chr(10), 0, place) + 1} of {name} is not JSON ({why})")


def _space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place


def _shallow(value: Any, name: str) -> Any:
    """The value. Raises Unfit where it nests too deeply."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [item for part in inside for item in part if isinstance(item, dict | list)]
        if not level:
            return value
    raise Unfit(f"{name} nests more than {MOST_DEPTH} deep")


def _refused(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
