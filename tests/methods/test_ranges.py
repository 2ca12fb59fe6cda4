"""Every number that can be set has a range, and what lies outside of it is refused before anything is built."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from saddlepoint import config, methods
from saddlepoint.config import Range
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError

SETTINGS: dict[str, Any] = {"run": RunSettings, "data": DataSettings} | {
    name: methods.load(name) for name in methods.listing()
}


def numbers(kind: Any) -> Iterator[tuple[Any, Range | None]]:
    """The types of numbers within the type of a field, each with its range."""
    inside = typing.get_args(kind)
    if typing.get_origin(kind) is Annotated:
        yield inside[0], next((each for each in inside[1:] if isinstance(each, Range)), None)
    elif kind in (int, float):
        yield kind, None
    elif typing.get_origin(kind) is not typing.Literal:
        for each in inside:
            yield from numbers(each)


def outside(kind: Any, bounds: Range) -> Iterator[Any]:
    """Numbers of the type that do not lie within the bounds."""
    one = 1 if kind is int else 1e-3
    yield from () if bounds.least is None else (kind(bounds.least) - one, -(10**6))
    yield from () if bounds.above is None else (kind(bounds.above), kind(bounds.above) - one)
    yield from () if bounds.most is None else (kind(bounds.most) + one,)
    yield from () if bounds.below is None else (kind(bounds.below),)
    yield from (10**30,) if kind is int else (float("nan"), float("inf"), -float("inf"))


@pytest.mark.parametrize("name", SETTINGS)
def test_every_number_has_a_range_that_holds_its_default(name: str) -> None:
    for field, kind in config.field_kinds(SETTINGS[name]).items():
        if typing.get_origin(kind) is not typing.ClassVar:
            assert all(bounds is not None for _, bounds in numbers(kind)), f"{name} {field}: say Count, Share, ..."
    config.check(SETTINGS[name]())


@pytest.mark.parametrize("name", SETTINGS)
def test_what_lies_out_of_range_is_refused_from_python_and_from_a_file(name: str) -> None:
    for field, kind in config.field_kinds(SETTINGS[name]).items():
        if typing.get_origin(kind) is typing.ClassVar:
            continue
        for number, bounds in numbers(kind):
            assert bounds is not None
            for value in outside(number, bounds):
                wrong = (value,) * (2 if field == "leader_rests" else 1) if "tuple" in str(kind) else value
                with pytest.raises(ConfigError, match=f"{field} cannot be "):
                    SETTINGS[name](**{field: wrong})
                with pytest.raises(ConfigError, match=f"{field} cannot be "):
                    config.from_json(SETTINGS[name], {field: wrong})
