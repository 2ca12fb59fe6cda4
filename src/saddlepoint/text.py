"""Text as a person reads it: a number with its noun, and names that no terminal, file or page trips over."""

from __future__ import annotations

import unicodedata

_ESCAPED = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that are written as escapes: control characters, lone surrogates, line and paragraph ends"""
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""characters that turn the direction of the text around them"""


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with everything that a terminal obeys or UTF-8 cannot hold written as an escape, such as \\x1b or \\xff.

    Bytes of a file name that are no UTF-8, which Python carries as lone surrogates, appear as the bytes that they are.
    lines: keep line feeds, for a text of several lines.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _unsafe(c) and not (lines and c == "\n") else c for c in text)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun in the right form: "1 image", "1,200 images", "2 classes", "no copies" as "0 copies".

    thing: the noun in the singular. things: its plural, where it does not follow from the ending.
    """
    return f"{number:,} {thing if number == 1 else things or _plural(thing)}"


def _plural(thing: str) -> str:
    if thing.endswith(("s", "x", "ch", "sh")):
        return f"{thing}es"
    if thing.endswith("y") and thing[-2:-1] not in tuple("aeiou"):
        return f"{thing[:-1]}ies"
    return f"{thing}s"


def _unsafe(character: str) -> bool:
    return unicodedata.category(character) in _ESCAPED or character in _TURNING


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
