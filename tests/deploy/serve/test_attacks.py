"""Attacks on a service that runs as a process of its own: of each, another client notices nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psutil
import pytest
from service_parts import small
from service_process import KEY, Service

SECONDS = 5.0  # in which the other client gets each answer; without an attack it takes some milliseconds
HELD = 300_000_000  # bytes of memory that no attack may take
STYLES = {"latent": 8, "style": 8, "base": 128, "most": 8, "mapping_layers": 2}
BOUNDS = {
    "most-requests": 8,
    "most-connections": 60,
    "most-client-connections": 40,
    "head-seconds": 1.5,
    "send-seconds": 1.5,
    "rate": 0,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a key and small bounds."""
    folder = tmp_path_factory.mktemp("attacked")
    small("dcgan", (3, 16, 16), latent=64, generator_width=4).save_pretrained(folder / "faces")
    small("stylegan2", (3, 16, 16), **STYLES).save_pretrained(folder / "styles")
    words = [word for name, value in BOUNDS.items() for word in (f"--{name}", value)]
    started = Service(
        folder / "faces", folder / "styles", "--jobs", folder / "jobs", *words, key=KEY, log=folder / "log"
    )
    yield started
    started.end()


@contextmanager
def another_is_served(service: Service) -> Iterator[None]:
    """While this lasts and after it, a client with a key is answered in time, and the service stays small."""
    process = psutil.Process(service.process.pid)
    before = process.memory_info().rss
    yield
    begin = time.monotonic()
    for seed in range(3):
        assert service.ask("/health/live") == {"status": "live"}
        assert service.ask("/v1/sample", {"seeds": [seed]}).startswith(b"\x89PNG")
    assert time.monotonic() - begin < 6 * SECONDS
    assert process.memory_info().rss - before < HELD


def opened(service: Service, sends: bytes = b"", patience: float = 10.0) -> socket.socket:
    """A connection of an attacker, who has no key; the service may end it at any time."""
    connection = socket.create_connection(service.place, timeout=patience)
    with suppress(ConnectionError):
        connection.sendall(sends)
    return connection


def ended(connection: socket.socket) -> bool:
    """Whether the service ends a connection, after whatever it still says."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def test_bodies_that_are_announced_and_do_not_come_cost_nothing(service: Service) -> None:
    head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    with ExitStack() as stack, another_is_served(service):
        eight = [stack.enter_context(opened(service, head % 20_000_000)) for _ in range(8)]
        many = [stack.enter_context(opened(service, head % 1)) for _ in range(2 * BOUNDS["most-requests"])]
        assert many[0].recv(20).startswith(b"HTTP/1.1 405")
        assert all(ended(one) for one in (eight[-1], many[-1]))  # and nobody waits for them for ever


def test_bodies_of_clients_without_a_key_are_not_waited_for(service: Service) -> None:
    head = b"POST /v1/translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\nxx"
    with ExitStack() as stack, another_is_served(service):
        held = [stack.enter_context(opened(service, head)) for _ in range(2 * BOUNDS["most-requests"])]
        assert held[-1].recv(20).startswith(b"HTTP/1.1 401")


def test_slow_bodies_with_a_key_are_not_counted_as_work(service: Service) -> None:
    head = b"POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\nContent-Length: 90\r\n\r\n{"
    with ExitStack() as stack, another_is_served(service):
        for _ in range(4 * BOUNDS["most-requests"]):
            stack.enter_context(opened(service, head % KEY.encode()))


def test_readers_that_do_not_read_are_sent_away(service: Service) -> None:
    with ExitStack() as stack, another_is_served(service):
        readers = []
        for _ in range(2 * BOUNDS["most-requests"]):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(service.place)
            one.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 60)
            readers.append(one)
        time.sleep(2 * BOUNDS["send-seconds"])
        readers[0].settimeout(10)
        assert ended(readers[0])


def test_unfinished_heads_make_room_for_others_and_are_closed(service: Service) -> None:
    with ExitStack() as stack:
        with another_is_served(service):
            held = [stack.enter_context(opened(service, b"GET / HTTP/1.1\r\nX: ")) for _ in range(150)]
        assert len(psutil.Process(service.process.pid).net_connections()) < BOUNDS["most-connections"]
        assert ended(held[-1])
    assert service.log.stat().st_size < 300_000


def test_made_up_methods_are_not_remembered(service: Service) -> None:
    before = len(service.ask("/metrics"))
    with another_is_served(service):
        for number in range(30):
            words = b"".join(
                b"M%d_%d%s /health HTTP/1.1\r\nHost: localhost\r\n\r\n" % (number, i, b"x" * 9000) for i in range(7)
            )
            with opened(
                service, words + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ) as one:
                assert ended(one)
    assert len(service.ask("/metrics")) < before + 3000


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/v1/mix", {"model": "styles", "layers": "0-30000000"}, 422),
        ("/v1/mix", {"model": "styles", "layers": "0-9999999999"}, 422),
        ("/v1/sample", {"model": "faces", "seeds": [f"{i}:9999" for i in range(64)], "answer": "json"}, 200),
        ("/v1/sample", {"model": "faces", "seeds": [f"{i}:9999" for i in range(1024)]}, 422),
        ("/v1/sample", {f"k{i}": i for i in range(500_000)}, 413),
        ("/v1/jobs", {"task": "sample", **{f"k{i}": i for i in range(500_000)}}, 422),
        ("/v1/jobs", {"task": "sample", **{f"k{i}": i for i in range(4_000)}}, 422),
        ("/v1/sample", {"seeds": ["x"] * 1024}, 422),
        ("/v1/sample", {"seeds": [[[[7]]]] * 900}, 422),
    ],
)
def test_a_request_costs_no_more_than_what_it_may_ask_for(service: Service, path: str, asked: Any, status: int) -> None:
    body = json.dumps(asked).encode()
    with another_is_served(service), ThreadPoolExecutor(1) as pool:
        begin = time.monotonic()
        answer = pool.submit(service.answer, path, body)
        service.ask("/health/live")
        assert answer.result()[0] == status
        assert time.monotonic() - begin < SECONDS


def test_a_job_of_a_thousand_far_places_is_small(service: Service) -> None:
    with another_is_served(service):
        places = [f"{seed}:9999" for seed in range(1024)]
        job = service.ask("/v1/jobs", {"task": "sample", "model": "faces", "seeds": places})["id"]
        service.until(job, "done")


def test_jobs_of_clients_that_send_at_once_are_neither_lost_nor_refused_falsely(service: Service) -> None:
    with another_is_served(service), ThreadPoolExecutor(4) as pool:
        asked = [{"task": "sample", "seeds": [seed], "preview": True} for seed in range(40)]
        answers = list(pool.map(lambda one: service.answer("/v1/jobs", one), asked))
        assert {status for status, _ in answers} <= {202, 429}
        jobs = [json.loads(content)["id"] for status, content in answers if status == 202]
        assert len(jobs) > 20
        for job in jobs:
            service.until(job, "done")


def test_the_log_has_nothing_but_lines_of_json(service: Service) -> None:
    for _ in range(50):
        with opened(service, b"\x00nothing of HTTP\r\n\r\n") as one:
            assert ended(one)
    lines = service.lines()
    assert 1 <= sum("Invalid HTTP" in line.get("text", "") for line in lines) <= 6
    assert not [line for line in lines if line["event"] == "fault"]
