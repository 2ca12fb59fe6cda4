"""Tables of text as people export them: with commas, semicolons or tabs, quoted or not, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from saddlepoint.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = (",", ";", "\t")


def text_of(content: bytes, source: str) -> str:
    """The text of a file in UTF-8, UTF-16 or UTF-32. Raises DataError, naming the line, where it is in none of them."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _unmarked(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"line {line} of {source} is not {encoding.upper()}: save the file as UTF-8.") from error


def _unmarked(content: bytes) -> str:
    """UTF-16 without a mark shows by its zero bytes: every second one, of a text in Latin letters."""
    start = content[:4096]
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = start[place::2]
        if len(half) > 1 and half.count(0) > 0.8 * len(half) and start[1 - place :: 2].count(0) == 0:
            return encoding
    return "utf-8"


def delimiter_of(text: str) -> str | None:
    """What parts the cells: the comma, semicolon or tab that is most in the first line that has one; else None."""
    for line in text.splitlines():
        unquoted = "".join(line.split('"')[::2])
        counts = [unquoted.count(delimiter) for delimiter in _DELIMITERS]
        if any(counts):
            return _DELIMITERS[counts.index(max(counts))]
    return None


def rows_of(text: str, source: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank; without a delimiter, cells are parted by white space.

    Raises DataError, naming the line, where quotes do not close.
    """
    if delimiter is None:
        yield from ((number, line.split()) for number, line in enumerate(text.splitlines(), start=1) if line.strip())
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"line {first_line} of {source} cannot be read ({error}): correct its quotes.") from error
        if any(cell.strip() for cell in cells):
            yield first_line, [cell.strip() for cell in cells]
