"""Plain files alone: no device, pipe or folder is ever opened, and no link that leads out of a model's folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from saddlepoint.errors import DataError, OutOfMemory, SaddlepointError

_PIECE = 1 << 20
"""bytes"""


class Unfit(DataError):
    """Why a file is not taken, in a few words without a full stop; `judged` makes a sentence of it."""


@contextmanager
def judged(what: object, kind: type[SaddlepointError], mend: str = "") -> Iterator[None]:
    """Turns whatever goes wrong while `what` is read into one sentence of `kind`.

    A crafted or half-copied file makes a reader raise nearly anything, so nothing is left out but errors that are
    sentences already. mend: a sentence that says what to do.
    """
    end = f". {mend}" if mend else "."
    try:
        yield
    except Unfit as error:
        raise kind(f"{what} is refused: {error}{end}") from error
    except SaddlepointError as error:
        if isinstance(error, OutOfMemory):
            raise
        raise error if isinstance(error, kind) else kind(f"{what} is refused: {error}") from error
    except MemoryError as error:
        raise kind(f"{what} needs more memory than there is{end}") from error
    except OSError as error:
        raise kind(f"{what} cannot be read: {reason(error)}{end}") from error
    except Exception as error:
        raise kind(f"{what} is damaged ({reason(error)}){end}") from error


def reason(error: BaseException) -> str:
    """An error of Python or of another library in a few words without a full stop."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, KeyError) and error.args:
        return f"it has no {error.args[0]!r}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error).strip().split("\n", 1)[0].rstrip(".")
    return shortened(text) or type(error).__name__


def shortened(text: str, most: int = 300) -> str:
    """The beginning and the end of a text that is very long: a name in a file may fill many pages."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 3 :]}"


def opened(path: Path, *, within: Path | None = None) -> BufferedReader:
    """A plain file, open for reading. within: a folder that it must lie in, links followed.

    Links of the Hugging Face cache, from a model's folder to the blobs beside it, are allowed. Raises Unfit for what is
    no plain file or lies elsewhere, and OSError where it is not there.
    """
    if within is not None and not _lies_in(path, within):
        raise Unfit(f"{path.name} is a link that leads out of the folder")
    # Opened without waiting, since a pipe would wait for a writer; what it is is asked of what was opened.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise Unfit(f"{path.name} is no plain file")
    return os.fdopen(number, "rb")


def content(path: Path, most: int, *, within: Path | None = None) -> bytes:
    """The bytes of a plain file, at most so many. Raises Unfit as `opened` does, and for a larger file."""
    data = bytearray()
    with opened(path, within=within) as file:
        while len(data) <= most and (piece := file.read(_PIECE)):  # one large read takes its memory beforehand
            data += piece
    if len(data) > most:
        raise Unfit(f"{path.name} has more than the {most:,} bytes that are read of such a file")
    return bytes(data)


def _lies_in(path: Path, folder: Path) -> bool:
    real, home = path.resolve(), folder.resolve()
    if real.parent == home:
        return True
    # models--OWNER--NAME/snapshots/REVISION/config.json is a link to models--OWNER--NAME/blobs/SHA
    return home.parent.name == "snapshots" and real.parent == home.parent.parent / "blobs"
