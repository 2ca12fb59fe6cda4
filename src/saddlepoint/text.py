"""Text as a person reads it: a number with its noun, and names that no terminal, file or page trips over."""

from __future__ import annotations

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""control characters, ends of lines and paragraphs, lone surrogates, and what turns the direction of the text"""
_UNSAFE_IN_LINES = re.compile(f"(?![\t\n]){_UNSAFE.pattern}")


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with everything that a terminal obeys or UTF-8 cannot hold written as an escape, such as \\x1b or \\xff.

    Bytes of a file name that are no UTF-8, which Python carries as lone surrogates, appear as the bytes that they are.
    lines: keep line feeds and tabs, for a text of several lines.
    """
    return (_UNSAFE_IN_LINES if lines else _UNSAFE).sub(_escaped, text)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun in the right form: "1 image", "1,200 images", "2 classes", "0 copies".

    thing: the noun in the singular. things: its plural, where it does not follow from the ending.
    """
    return f"{number:,} {thing if number == 1 else things or _plural(thing)}"


def count_shown(shown: int, known: int, thing: str = "image") -> str:
    """How many examples training showed, and of how many: "300,032 images seen (1,708, each about 176 times)".

    known: how many there are to train on; 0 where that is not known.
    """
    words = f"{counted(shown, thing)} seen"
    if not 0 < known < shown:
        return words
    times = shown / known
    each = f"{times:,.0f}" if times >= 9.5 else f"{times:.1f}"
    return f"{words} ({known:,}, each about {each} times)"


def _plural(thing: str) -> str:
    if thing.endswith(("s", "x", "ch", "sh")):
        return f"{thing}es"
    if thing.endswith("y") and thing[-2:-1] not in tuple("aeiou"):
        return f"{thing[:-1]}ies"
    return f"{thing}s"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape").decode("ascii")
