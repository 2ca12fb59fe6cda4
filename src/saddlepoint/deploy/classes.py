"""Classes as a person names them: on the command line, in file names and captions, and in exported files."""

from __future__ import annotations

import re
from collections.abc import Callable

from saddlepoint.checkpoint.model import Model
from saddlepoint.text import printable


def class_number(model: Model, label: str | None, say: Callable[[str], object] = lambda text: None) -> int | None:
    """The number of the class that a text names, None for none: its name, else its number in digits.

    say: is told where a text is the name of one class and could be taken for the number of another. Whether there is a
    class of a number in digits is checked by what takes it.
    Raises CapabilityError for a name that no class has.
    """
    if label is None:
        return None
    if label.isdecimal() and label not in model.spec.classes:
        return int(label)
    number = model.class_number(label)
    if label.isdecimal() and int(label) != number:
        say(f"label {label} is the class that is called {label!r}, which has number {number}")
    return number


def class_name(model: Model, number: int | None) -> str | None:
    """The name of a class; its number where it has none."""
    if number is None:
        return None
    return printable(model.spec.classes[number]) if number < len(model.spec.classes) else str(number)


def as_stem(name: str) -> str:
    """A name as a part of a file's name: letters, digits and a few marks."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("_") or "_"
