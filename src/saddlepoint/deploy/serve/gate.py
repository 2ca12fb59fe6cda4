"""Before every request: who asks, how often, how much; after it: a line in the log and the figures. Plain ASGI.

A request costs what has come of it, never what it announces, and counts as one that is worked on only after it was
admitted and its body is here. Bodies are read for the interface alone; of others they run past unread.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, final

from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import CHUNK, LEAST_PAGES, MOST_TOGETHER, Limits, Rate
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal, fault, over, stopping

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")
_READING = ("GET", "HEAD", "OPTIONS")  # methods that change nothing
_METHODS = frozenset({*_READING, "POST", "PUT", "PATCH", "DELETE"})
_PROBES = ("/health", "/ready")
_OPERATOR = "/v1/operator"
_GONE = 499  # the client went away; seen in the log alone
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class _Gone(Exception):
    """The client went away before its request was here."""


@final
class Gate:
    """Stands before an application.

    uploads: the paths to which an image may be sent; bodies of the others are small. keys: of which a request must
    carry one for /v1 and /metrics; none leaves all open. operators: of which it must carry one for /v1/operator; they
    open the rest too. local: answer only to requests that name this machine, so
    that no page of the web reaches a service on loopback under another name.
    closed: take no new work; what is done already can still be asked for.
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        monitor: Monitor,
        journal: Journal,
        keys: Collection[bytes] = (),
        operators: Collection[bytes] = (),
        *,
        local: bool,
        uploads: Collection[str] = (),
    ) -> None:
        self._app, self._limits, self._monitor, self._journal = app, limits, monitor, journal
        self._local, self._rate = local, Rate(limits.rate)
        self._operators = tuple(operators or keys)
        self._keys = (*keys, *operators) if keys else ()
        self._pages = Rate(limits.rate and max(limits.rate, LEAST_PAGES))
        self._uploads, self._held = frozenset(uploads), 0
        self.closed = False
        self._running: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, headers = time.perf_counter(), dict(scope["headers"])
        wanted_id = headers.get(b"x-request-id", b"").decode("latin-1")
        request = wanted_id if _REQUEST.fullmatch(wanted_id) else secrets.token_hex(8)
        scope.setdefault("state", {})["request"] = request
        answer, receive = _Answer(send, request), _Incoming(receive)
        body = b""
        try:
            try:
                counts = self._admit(scope, headers)
                if counts and scope["method"] == "POST":
                    body = await self._body(scope["path"], headers, receive)
                await self._do(scope, body, receive, answer, counts)
            except Refusal as refusal:
                self._monitor.refusals.labels(refusal.kind).inc()
                await refuse(refusal, request, answer, None if refusal.status == 408 else self._let_in(receive))
        except _Gone:
            pass
        except Exception as error:
            self._journal.fault(request, error)
            if answer.status == _GONE:
                await refuse(fault(), request, answer)
        finally:
            self._held -= len(body)
            self._note(scope, request, answer.status, time.perf_counter() - start)

    async def quiet(self) -> None:
        """Wait until no request is worked on."""
        while self._running:
            await asyncio.wait(self._running)

    def cut(self) -> None:
        """End what is worked on."""
        for work in self._running:
            work.cancel()

    def _admit(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request is work, and counts as such. Raises Refusal for who may not come in, or comes too often."""
        if self._local and not _LOCAL.fullmatch(headers.get(b"host", b"localhost").decode("latin-1")):
            raise Refusal(421, "host", "this service only answers requests that name this machine.", "ask localhost")
        changes = scope["method"] not in _READING
        if changes and _foreign(headers):
            raise Refusal(403, "foreign-page", "a page of another site sent this.", "use the studio, or a program")
        client = scope["client"][0] if scope.get("client") else ""
        if scope["path"].startswith(_PROBES):
            return False
        if not scope["path"].startswith(("/v1", "/metrics")):
            self._pages.take(client)
            return False
        self._rate.take(client)
        keys = self._operators if scope["path"].startswith(_OPERATOR) else self._keys
        if keys and not _known(headers, keys):
            mend = "send `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            raise Refusal(401, "key", "this service asks for a key.", mend, headers={"WWW-Authenticate": "Bearer"})
        if changes and self.closed:
            raise stopping()
        return True

    async def _body(self, path: str, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, which is held until it is given back. Raises Refusal (408, 413, 429), _Gone."""
        most, mend = self._limits.most_bytes, "send a smaller image, or a JPEG"
        if path not in self._uploads:
            most, mend = min(most, self._limits.most_json_bytes), "send less at once"
        length = headers.get(b"content-length", b"")
        if length.isdigit() and len(length) < 16 and int(length) > most:
            raise over(413, "bytes", most, int(length), "bytes", mend)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.most_seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    parts.append(message.get("body", b""))
                    more = message.get("more_body", False)
                    size, self._held = size + len(parts[-1]), self._held + len(parts[-1])
                    if size > most:
                        raise over(413, "bytes", most, size, "bytes", mend)
                    if self._held > MOST_TOGETHER * self._limits.most_bytes:
                        raise _busy("too many large requests come in at once.")
            return b"".join(parts)
        except TimeoutError as error:
            self._held -= size
            bound = {"limit": self._limits.most_seconds}
            raise Refusal(408, "time", "the request came too slowly.", "send it faster", bound=bound) from error
        except BaseException:
            self._held -= size
            raise

    async def _let_in(self, receive: _Incoming) -> None:
        """Let the rest of a body run past, for a while: most clients read no answer before they have sent it all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.head_seconds):
                while not receive.ended:
                    await receive()

    async def _do(self, scope: Scope, body: bytes, receive: Receive, answer: _Answer, counts: bool) -> None:
        """The application's work, ended when its client goes away. Raises Refusal (429, 503), _Gone."""
        if counts and len(self._running) >= self._limits.most_requests:
            most = self._limits.most_requests
            raise _busy(f"{most} requests are worked on already.", {"limit": most})
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        left = asyncio.Event()

        async def replay() -> MutableMapping[str, Any]:
            if messages:
                return messages.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass  # a body that nobody reads
            left.set()
            work.cancel()

        work = asyncio.ensure_future(self._app(scope, replay, answer))
        watcher = asyncio.ensure_future(watch())
        if counts:
            self._running.add(work)
        self._monitor.running.set(len(self._running))
        try:
            await asyncio.wait([work])
        finally:
            watcher.cancel()
            work.cancel()  # does nothing to what is done
            self._running.discard(work)
            self._monitor.running.set(len(self._running))
        if work.cancelled() and answer.status == _GONE and not left.is_set():
            raise stopping()
        if work.cancelled():
            raise _Gone
        work.result()

    def _note(self, scope: Scope, request: str, status: int, seconds: float) -> None:
        """Count and log a request, by names that are known: a client must not fill the memory with names of its own."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._monitor.requests.labels(route, method, str(status)).inc()
        self._monitor.seconds.labels(route).observe(seconds)
        if not scope["path"].startswith((*_PROBES, "/metrics")):
            self._journal.line("request", request, method=method, route=route, status=status, seconds=round(seconds, 4))


class _Incoming:
    """What comes from a client.

    ended: whether its body is here, or it has gone.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive, self.ended = receive, False

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self.ended = not message.get("more_body", False)
        return message


class _Answer:
    """Sends an answer in pieces, so that what a client does not take is not heaped up for it.

    status: of HTTP, once its head is sent.
    """

    def __init__(self, send: Send, request: str) -> None:
        self._send, self._request, self.status = send, request, _GONE

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            known = {name for name, _ in message["headers"]}
            own = [(b"x-request-id", self._request.encode()), *(pair for pair in _SAFE if pair[0] not in known)]
            message = {**message, "headers": [*message["headers"], *own]}
        whole = message.get("body", b"")
        for first in range(0, len(whole) - CHUNK, CHUNK):
            await self._send({**message, "body": whole[first : first + CHUNK], "more_body": True})
        if len(whole) > CHUNK:
            message = {**message, "body": whole[(len(whole) - 1) // CHUNK * CHUNK :]}
        await self._send(message)


def _known(headers: Mapping[bytes, bytes], keys: Sequence[bytes]) -> bool:
    """Whether a request carries one of the keys; takes the same time for a near one and a far one."""
    scheme, _, key_sent = headers.get(b"authorization", b"").partition(b" ")
    key_sent = key_sent.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")
    return bool(sum(hmac.compare_digest(key_sent, key) for key in keys))


def _foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that a page of another site sent a request.

    A form of any page may be sent to any address; browsers say so by Sec-Fetch-Site, older ones by Origin.
    """
    if b"sec-fetch-site" in headers:
        return headers[b"sec-fetch-site"] not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2].lower() != headers.get(b"host", b"").lower()


def _busy(text: str, bound: Mapping[str, float] | None = None) -> Refusal:
    return Refusal(429, "busy", text, "try again", bound=bound, headers={"Retry-After": "1"})


async def refuse(refusal: Refusal, request: str, send: Send, meanwhile: Awaitable[None] | None = None) -> None:
    """Send a refusal as an answer. meanwhile: what is done when it is sent and before it ends, None for nothing."""
    content = json.dumps(refusal.body(request)).encode()
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(content)), **refusal.headers}
    if refusal.status == 408:
        headers["connection"] = "close"  # what is left of the body is not waited for
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": content, "more_body": meanwhile is not None})
    if meanwhile is not None:
        await meanwhile
        await send({"type": "http.response.body", "body": b"", "more_body": False})
