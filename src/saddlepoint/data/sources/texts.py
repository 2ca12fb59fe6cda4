"""Texts from files: documents of .txt and .md, and rows of .jsonl, .csv and .tsv; cut into pieces and windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, cast, final

import numpy as np

from saddlepoint.data.pack import Say
from saddlepoint.data.pack_rows import Account, Cuttings, Rows
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tables import delimiter_of, rows_of, text_of
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokenizer import Way, encode, learn
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

TEXT = (".txt", ".md", ".text")
TABLES = (".jsonl", ".csv", ".tsv")
ENDINGS = (*TEXT, *TABLES)
WINDOW = 64
MOST_LENGTH = 65_536
"""pieces of the longest example"""
_MOST_FILE = 256 * 2**20
_NAMED = 20
"""rows of a file that are named where they cannot be used"""
_AT_ONCE = 1024

Form = Literal["text", "lines", "textpairs"]
_COLUMNS: dict[str, tuple[str, ...]] = {"text": ("text",), "lines": ("text",), "textpairs": ("source", "target")}


@final
class Texts(Cuttings):
    """Files of texts.

    form: "text" joins all documents, each with its end, and cuts them into windows of one length; of "lines" and of
    pairs each is an example of its own, filled up with ends. window: pieces of one example; None for 64, or for the
    longest line. way, most: of the tokenizer, which is learnt from the files themselves.
    """

    def __init__(
        self, held: FilePictures, sizes: Mapping[str, int], form: Form, window: int | None, way: Way, most: int | None
    ) -> None:
        self.held, self._sizes, self._form, self._window, self._way, self._most = held, sizes, form, window, way, most
        self.columns = _COLUMNS[form]
        self._kinds: dict[str, Kind] = {}

    @property
    def form(self) -> str:
        """See Cuttings."""
        return f"{self._form} {self._window} {self._way} {self._most}"

    def kinds(self) -> Mapping[str, Kind]:
        """A text, or both of a pair."""
        return self._kinds

    def rows(self, account: Account, say: Say) -> Iterator[tuple[int | None, Rows]]:
        """Reads the files twice (three times, where the longest line must be known): to learn pieces, and to cut."""
        good = [index for index, _ in self.each(account, say, "reading")]
        tokenizers = []
        for column, _ in enumerate(self.columns):
            texts = (record[column] for record in self._records(good))
            tokenizers.append(learn(texts, self._way, self._most))
        lengths = self._lengths(good, tokenizers)
        for column, name in enumerate(self.columns):
            self._kinds[name] = Tokens(lengths[column], tokenizers[column][0], self._way, tokenizers[column][1])
        counts = ", ".join(f"{len(pieces):,}" for pieces, _ in tokenizers)
        account.notes.append(f"cut into {_WORDS[self._way]} of {counts} kinds")
        cut = self._joined if self._form == "text" else self._apart
        for fields in cut(good, account):
            yield None, fields

    def look(self, index: int) -> None:
        """Reads a file as a whole, and names rows of it that cannot be used once."""
        for _ in records(self.held.name(index), self._read(index), self.columns, self._form == "lines", None):
            pass

    def _read(self, index: int) -> str:
        name = self.held.name(index)
        with self.held.stream(index) as stream:
            return read_text(name, stream, self._sizes[name])

    def _records(self, good: list[int], account: Account | None = None) -> Iterator[tuple[str, ...]]:
        """All texts, or pairs, in order."""
        for index in good:
            name = self.held.name(index)
            yield from records(name, self._read(index), self.columns, self._form == "lines", account)

    def _lengths(self, good: list[int], tokenizers: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> list[int]:
        if self._window is not None or self._form == "text":
            return [min(self._window or WINDOW, MOST_LENGTH)] * len(self.columns)
        longest = [1] * len(self.columns)
        for record in self._records(good):
            for column, text in enumerate(record):
                longest[column] = max(longest[column], len(encode(text, self._way, *tokenizers[column])) + 1)
        return [min(length, MOST_LENGTH) for length in longest]

    def _joined(self, good: list[int], account: Account) -> Iterator[Rows]:
        kind = cast(Tokens, self._kinds["text"])
        waiting, written, store = list[int](), 0, _stored(kind)
        for (text,) in self._records(good, account):
            waiting += [*encode(text, self._way, kind.pieces, kind.merges), 0]
            if len(waiting) >= _AT_ONCE * kind.length:
                whole = len(waiting) // kind.length
                yield {"text": np.array(waiting[: whole * kind.length], store).reshape(whole, kind.length)}
                written, waiting = written + whole, waiting[whole * kind.length :]
        whole = len(waiting) // kind.length
        if not (whole or written) and waiting:
            waiting, whole = waiting + [0] * (kind.length - len(waiting)), 1
            account.notes.append("all of it is shorter than one window: filled up with ends")
        if whole:
            yield {"text": np.array(waiting[: whole * kind.length], store).reshape(whole, kind.length)}
        rest = len(waiting) - whole * kind.length
        left = f"; the last {rest:,} left out" if rest else ""
        account.notes.append(f"joined and cut into windows of {kind.length}{left}")

    def _apart(self, good: list[int], account: Account) -> Iterator[Rows]:
        kinds = [cast(Tokens, self._kinds[name]) for name in self.columns]
        batch: list[list[list[int]]] = [[] for _ in kinds]
        long = 0
        for record in self._records(good, account):
            numbers = [encode(text, self._way, kind.pieces, kind.merges) for text, kind in zip(record, kinds)]
            if any(len(each) > kind.length for each, kind in zip(numbers, kinds)):
                long += 1
                continue
            for column, (each, kind) in enumerate(zip(numbers, kinds)):
                batch[column].append(each + [0] * (kind.length - len(each)))
            if len(batch[0]) >= _AT_ONCE:
                yield self._arrays(batch, kinds)
                batch = [[] for _ in kinds]
        if batch[0]:
            yield self._arrays(batch, kinds)
        if long:
            account.skipped.append((counted(long, "text"), f"longer than {max(kind.length for kind in kinds)} pieces"))

    def _arrays(self, batch: list[list[list[int]]], kinds: list[Tokens]) -> Rows:
        return {name: np.array(rows, _stored(kind)) for name, rows, kind in zip(self.columns, batch, kinds)}


_WORDS = {"characters": "characters", "words": "words", "bpe": "pieces of bytes"}


def _stored(kind: Tokens) -> str:
    return "<u2" if kind.vocabulary <= 2**16 else "<i4"


def read_text(name: str, stream: BinaryIO, size: int) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 with a mark; ends of lines as \\n. Raises UnusableFile."""
    if size > _MOST_FILE:
        raise UnusableFile(f"has {size // 2**20:,} MB, more than {_MOST_FILE // 2**20}")
    content = stream.read(size + 1)
    if not content.strip():
        raise UnusableFile("is empty")
    text = text_of(content, name).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise UnusableFile("holds zero bytes, so it is no text")
    return text


def records(
    name: str, text: str, columns: tuple[str, ...], lines: bool, account: Account | None
) -> Iterator[tuple[str, ...]]:
    """The texts of a file, one for each of `columns`: the whole of it, its lines, or the rows of a table.

    account: is told of rows that cannot be used; None for nobody. Raises UnusableFile for what is no such file, and
    where no row can be used.
    """
    ending, bad, count = PurePosixPath(name).suffix.lower(), list[tuple[int, str]](), 0
    if ending in TEXT:
        if len(columns) > 1:
            raise UnusableFile("is no table: pairs are rows of .jsonl, .csv or .tsv")
        yield from ((line,) for line in text.split("\n") if line.strip()) if lines else iter([(text,)])
        return
    for number, row in _of_lines(name, text, columns) if ending == ".jsonl" else _of_table(name, text, columns):
        if isinstance(row, str):
            bad.append((number, row))
        else:
            count += 1
            yield row
    if not count:
        raise UnusableFile(f"has no row that can be used; line {bad[0][0]}: {bad[0][1]}" if bad else "has no row")
    if account is not None:
        account.skipped += [(f"{name}, line {number}", words) for number, words in bad[:_NAMED]]
        if len(bad) > _NAMED:
            account.skipped.append((name, f"{len(bad) - _NAMED:,} more rows that cannot be used"))


def _of_lines(name: str, text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = documents.as_table(line, "the line")
        except Unfit as error:
            yield number, str(error)
            continue
        values = [row.get(column) for column in columns]
        lack = next((column for column, value in zip(columns, values) if not isinstance(value, str) or not value), None)
        yield number, tuple(map(str, values)) if lack is None else f"has no text called {lack!r}"


def _of_table(name: str, text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...] | str]]:
    delimiter = "\t" if name.lower().endswith(".tsv") else delimiter_of(text) or ","
    rows = rows_of(text, name, delimiter)
    begun, head = next(rows, (1, []))
    low = [cell.lower() for cell in head]
    if set(columns) <= set(low):
        places = [low.index(column) for column in columns]
    elif len(head) == len(columns) > 1:
        places = list(range(len(columns)))
        yield begun, tuple(head) if all(head) else "has an empty cell"
    else:
        raise UnusableFile(f"has no column{'s' * (len(columns) > 1)} called {' and '.join(columns)}")
    for number, cells in rows:
        if len(cells) != len(head):
            yield number, f"has {len(cells)} cells, where the first line has {len(head)}"
        else:
            chosen = tuple(cells[place] for place in places)
            yield number, chosen if all(chosen) else "has an empty cell"
