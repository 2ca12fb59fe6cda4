"""How the service listens: connections are bounded and closed when their client keeps them waiting; a stop is gentle.

uvicorn speaks HTTP. It has no bound on the time of a request's head or on what a client does not take of its answer,
and none on connections that is fair; those are here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import time
from collections import Counter
from functools import partial
from types import FrameType
from typing import Any, final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from saddlepoint.deploy.serve.app import Application
from saddlepoint.deploy.serve.journal import Journal, Relay
from saddlepoint.deploy.serve.limits import Limits

_BACKLOG = 128  # connections that the system holds until they are taken
_FILES = 128  # descriptors that the service needs beside its connections
_CLOSING = 1  # seconds in which connections are closed at the end
_EVERY = 0.5  # seconds between two looks at the connections


@final
class Connection(H11Protocol):
    """One connection, and for how long its client has kept it waiting."""

    def __init__(self, hall: Hall, **settings: Any) -> None:
        super().__init__(**settings)
        self._hall, self.host = hall, ""
        self._since = time.monotonic()
        self._stuck: float | None = None  # since when the client takes nothing

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self._hall.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hall.leave(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._since = time.monotonic()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._stuck = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stuck = None
        super().resume_writing()

    @property
    def idle(self) -> bool:
        """Whether no request is here, or only a part of its head."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def waits(self) -> float | None:
        """Since when it waits for its client, for a head or a body; None while it is the client that waits."""
        return self._since if self.idle or self.cycle.more_body else None

    def look(self, now: float, limits: Limits) -> None:
        """Close it where its client has kept it waiting for too long."""
        if self._stuck is not None and now - self._stuck > limits.send_seconds:
            self.transport.abort()
        elif self.idle and self.transport.get_write_buffer_size():  # a little is left of its last answer
            if now - self._since > limits.send_seconds:
                self.transport.abort()
        elif self.idle and now - self._since > limits.head_seconds:
            self.transport.close()


@final
class Hall:
    """All connections. For one too many, the one that has waited longest for its client is closed; else the new one.

    So who sends its request at once gets in, however many others hold connections open.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._most = limits, min(limits.most_connections, _room())
        self._inside: dict[Connection, None] = {}
        self._hosts: Counter[str] = Counter()

    def enter(self, new: Connection) -> None:
        """Take a connection in."""
        self._inside[new] = None
        self._hosts[new.host] += 1
        if self._hosts[new.host] > self._limits.most_client_connections:
            self._drop(new.host, new)
        elif len(self._inside) > self._most:
            self._drop(self._hosts.most_common(1)[0][0], new)

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection in self._inside:
            del self._inside[connection]
            self._hosts[connection.host] -= 1
            if not self._hosts[connection.host]:
                del self._hosts[connection.host]

    def _drop(self, host: str, new: Connection) -> None:
        waiting = [(one.waits, one) for one in self._inside if one.host == host and one is not new]
        longest = min((pair for pair in waiting if pair[0] is not None), key=lambda pair: pair[0] or 0.0, default=None)
        out = new if longest is None else longest[1]
        self.leave(out)
        out.transport.abort()

    async def keep(self) -> None:
        """Close what keeps waiting for too long, until it is cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            now = time.monotonic()
            for one in list(self._inside):
                one.look(now, self._limits)


def _room() -> int:
    """How many connections the system lets one process have open, beside what else it needs."""
    try:
        import resource
    except ImportError:  # Windows
        return sys.maxsize
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else max(16, most - _BACKLOG - _FILES)


@final
class Server(uvicorn.Server):
    """uvicorn with bounded connections; a first signal lets what runs finish, a second one ends at once."""

    def __init__(self, application: Application, limits: Limits, greeting: str) -> None:
        self._application, self._greeting, self._hall = application, greeting, Hall(limits)
        super().__init__(
            uvicorn.Config(
                application,
                http=partial(Connection, self._hall),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # a header must not decide whose rate is counted
                ws="none",
                backlog=_BACKLOG,
                timeout_graceful_shutdown=_CLOSING,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._keeping = asyncio.create_task(self._hall.keep())
        if self.started:
            print(self._greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._application.drain()  # while it still listens, so that who asks for its health is told
        self._keeping.cancel()
        await super().shutdown(sockets)
        self._captured_signals.clear()  # they were answered

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)  # the jobs that run are called interrupted at the next start
        super().handle_exit(sig, frame)


def serve(application: Application, limits: Limits, journal: Journal, listening: socket.socket, greeting: str) -> None:
    """Serve until a signal. greeting: said as soon as requests are taken.

    Raises the application's failure where it could not start.
    """
    relay = Relay(journal)
    logging.basicConfig(handlers=[relay], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    try:
        Server(application, limits, greeting).run([listening])
    except SystemExit:
        if application.failure is not None:
            raise application.failure from None
        raise
    finally:
        relay.tell()
    _leave()


def _leave() -> None:
    """End the process where threads are still at work that nobody waits for any more."""
    until = time.monotonic() + _CLOSING
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
    if any(not one.daemon and one is not threading.current_thread() for one in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
