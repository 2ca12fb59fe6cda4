"""Text as a person reads it: plurals, and names that cannot harm a terminal or stop a file from being written."""

from __future__ import annotations

import os

import pytest

from saddlepoint.errors import DataError, MissingExtra, RunError, SaddlepointError
from saddlepoint.text import count_shown, counted, printable


@pytest.mark.parametrize(
    ("number", "thing", "words"),
    [
        (1, "image", "1 image"),
        (0, "image", "0 images"),
        (12_000, "image", "12,000 images"),
        (1, "class", "1 class"),
        (2, "class", "2 classes"),
        (2, "box", "2 boxes"),
        (2, "copy", "2 copies"),
        (2, "day", "2 days"),
    ],
)
def test_a_noun_has_the_form_of_its_number(number: int, thing: str, words: str) -> None:
    assert counted(number, thing) == words


def test_a_plural_of_its_own_is_taken() -> None:
    assert [counted(number, "mesh with holes", "meshes with holes") for number in (1, 2)] == [
        "1 mesh with holes",
        "2 meshes with holes",
    ]


@pytest.mark.parametrize("name", ["a b.png", "ü.png", "猫", "👩‍👧.png", "C:\\photos\\a.png", "a\u00a0b"])
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (os.fsdecode(b"\xffcls"), "\\xffcls"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("a\x9b2Jb", "a\\x9b2Jb"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("\ud83d", "\\ud83d"),
        ("\x7f\x00", "\\x7f\\x00"),
    ],
)
def test_what_a_terminal_obeys_or_utf_8_cannot_hold_is_written_as_an_escape(name: str, words: str) -> None:
    assert printable(name) == words
    assert printable(name).encode()
    assert printable(printable(name)) == printable(name)


def test_a_text_of_lines_keeps_its_lines() -> None:
    assert printable("a\nb\x1b", lines=True) == "a\nb\\x1b"


@pytest.mark.parametrize("kind", [SaddlepointError, DataError, RunError, MissingExtra])
def test_an_error_never_sends_an_escape_to_the_terminal(kind: type[SaddlepointError]) -> None:
    error = kind(f"a\x1b[2Jb {os.fsdecode(b'%c' % 255)} is not there\nbut here")
    assert str(error) == "a\\x1b[2Jb \\xff is not there\nbut here"


def test_what_training_showed_is_said_with_how_many_there_are() -> None:
    assert count_shown(300_032, 1_708) == "300,032 images seen (1,708, each about 176 times)"
    assert count_shown(256, 100, "example") == "256 examples seen (100, each about 2.6 times)"
    assert (count_shown(1, 100), count_shown(50, 0)) == ("1 image seen", "50 images seen")
