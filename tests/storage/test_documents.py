"""JSON is read within bounds of bytes, items and depth, whoever asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from saddlepoint.errors import SaddlepointError
from saddlepoint.kinds.camera import read_cameras
from saddlepoint.report.log import read_log
from saddlepoint.report.page import read_json
from saddlepoint.runs import evaluation
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 80 + "]" * 80, "9" * 5000, "{", "NaN", b"\xff"])
def test_what_is_too_deep_or_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(Unfit, match="the text"):
        documents.parsed(text, "the text", finite=True)


def test_the_members_of_an_object_come_one_by_one() -> None:
    assert list(documents.members(' { "a" : [1] ,\n"b":2}', "the text")) == [("a", [1]), ("b", 2)]
    assert documents.first('{"a": "}"} and more', "the text") == '{"a": "}"}'


def test_bytes_and_items_are_counted_before_they_are_parsed() -> None:
    assert documents.parsed("[1, 2]", "the text", most_items=2) == [1, 2]
    with pytest.raises(Unfit, match="more than 2 items"):
        documents.parsed("[1, 2, 3]", "the text", most_items=2)
    with pytest.raises(Unfit, match="more than"):
        documents.parsed("[1, 2, 3]", "the text", most_bytes=2)


def test_lines_that_hold_no_object_are_none_and_a_long_one_comes_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": 1}\n[1]\n{"a"\n' + " " * (documents.MOST_LINE + 5) + "\n")
    assert [row for _, row in documents.lines(path)] == [{"a": 1}, None, None, None, None]


@pytest.mark.parametrize("read", [read_json, evaluation.read, read_cameras, read_log])
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"scores": 5}', b'{"scores": [{"protocol": 3}]}', None])
def test_no_reader_of_json_ends_in_a_traceback_or_waits_for_a_pipe(
    tmp_path: Path, read: Callable[[Path], object], content: bytes | None
) -> None:
    path = tmp_path / "file.json"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    with suppress(SaddlepointError):  # a log leaves out what it cannot read
        read(path)
