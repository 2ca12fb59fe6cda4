"""How connections make room for one another, and a server that is told to stop before it has started."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.server import Hall, Server
from saddlepoint.deploy.serve.shelf import Shelf


class Guest:
    """What a hall knows of a connection. waits: since when it waits for its client, None while that waits itself."""

    def __init__(self, host: str, waits: float | None) -> None:
        self.host, self.waits, self.gone = host, waits, False
        self.transport = self

    def abort(self) -> None:
        self.gone = True


def entered(limits: Limits, *guests: Guest) -> list[bool]:
    """Which of them had to go."""
    hall: Any = Hall(limits)
    for guest in guests:
        hall.enter(guest)
    return [guest.gone for guest in guests]


def test_the_connection_that_has_waited_longest_makes_room() -> None:
    guests = [Guest("a", 3.0), Guest("a", 1.0), Guest("a", None), Guest("a", 5.0)]
    assert entered(Limits(most_client_connections=3), *guests) == [False, True, False, False]


def test_where_all_are_being_answered_the_new_one_goes() -> None:
    assert entered(Limits(most_client_connections=2), *(Guest("a", None) for _ in range(3))) == [False, False, True]


def test_of_all_connections_the_client_with_most_makes_room() -> None:
    guests = [Guest("b", 1.0), Guest("a", 7.0), Guest("a", 6.0), Guest("c", 8.0)]
    assert entered(Limits(most_connections=3), *guests) == [False, False, True, False]


def test_what_has_left_is_forgotten() -> None:
    hall: Any = Hall(Limits(most_client_connections=1))
    first, second = Guest("a", None), Guest("a", None)
    hall.enter(first)
    hall.leave(first)
    hall.leave(first)
    hall.enter(second)
    assert not second.gone


def test_a_server_that_is_told_to_stop_while_it_starts_stops_in_good_order(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(jobs=tmp_path, journal=Journal(None))
    server = Server(build(shelf, service), service.limits, "it listens")
    server.should_exit = True
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.run([listening])
    assert capsys.readouterr().out == "it listens\n"
    build(shelf, service)  # the folder of jobs is free again
