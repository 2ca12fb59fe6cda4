"""Before every request: who asks, how often, how much; after it: a line in the log and the figures. Plain ASGI."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, final

from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits, Rate
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal, over

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")
_BODIES = 8  # bodies of the largest size that may be held at once
_GONE = 499  # the client went away; seen in the log alone
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


@final
class Gate:
    """Stands before an application.

    keys: of which a request must carry one for /v1 and /metrics; none leaves all open. local: answer only to requests
    that name this machine, so that no page of the web reaches a service on loopback under another name.
    """

    def __init__(
        self, app: App, limits: Limits, monitor: Monitor, journal: Journal, keys: Collection[bytes] = (), *, local: bool
    ) -> None:
        self._app, self._limits, self._monitor, self._journal = app, limits, monitor, journal
        self._keys, self._local, self._rate = tuple(keys), local, Rate(limits.rate)
        self._running, self._held = 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, headers = time.perf_counter(), dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request = given if _REQUEST.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request"] = request
        status, held = _GONE, 0
        self._running += 1

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                known = {name for name, _ in message["headers"]}
                own = [(b"x-request-id", request.encode()), *(pair for pair in _SAFE if pair[0] not in known)]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        try:
            try:
                self._admit(scope, headers)
                self._held += (held := self._expected(headers))
                body, self._held, held = await self._body(receive, held)
                await self._do(scope, body, receive, answer)
            except Refusal as refusal:
                self._monitor.refusals.labels(refusal.kind).inc()
                await refuse(refusal, request, answer)
        except Exception as error:
            self._journal.fault(request, error)
            if status == _GONE:
                await refuse(Refusal(500, "fault", "the service failed at this; its log says why."), request, answer)
        finally:
            self._held -= held
            self._running -= 1
            self._note(scope, request, status, time.perf_counter() - begun)

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Raises Refusal for who may not come in, comes too often, or comes when too many are here."""
        if self._local and not _LOCAL.fullmatch(headers.get(b"host", b"localhost").decode("latin-1")):
            raise Refusal(421, "host", "this service answers to the name of this machine alone.", "ask localhost")
        path = scope["path"]
        if not path.startswith(("/v1", "/metrics")):
            return
        self._rate.take(scope["client"][0] if scope.get("client") else "")
        if self._keys and not self._known(headers):
            mend = "send `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            raise Refusal(401, "key", "this service asks for a key.", mend, headers={"WWW-Authenticate": "Bearer"})
        if self._running > self._limits.most_requests:
            text = f"{self._limits.most_requests} requests are worked on already."
            bound = {"limit": self._limits.most_requests}
            raise Refusal(429, "busy", text, "try again", bound=bound, headers={"Retry-After": "1"})

    def _known(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a request carries one of the keys; takes the same time for a near one and a far one."""
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        given = given.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")
        return bool(sum(hmac.compare_digest(given, key) for key in self._keys))

    def _expected(self, headers: dict[bytes, bytes]) -> int:
        """Bytes of the body, as far as they are stated. Raises Refusal (413, 429)."""
        stated = headers.get(b"content-length", b"0")
        size = int(stated) if stated.isdigit() and len(stated) < 16 else 0
        if b"transfer-encoding" in headers:
            size = self._limits.most_bytes  # it may become that
        self._check_size(size)
        if self._held + size > _BODIES * self._limits.most_bytes:
            raise Refusal(
                429, "busy", "too many large requests come in at once.", "try again", headers={"Retry-After": "1"}
            )
        return size

    def _check_size(self, size: int) -> None:
        if size > self._limits.most_bytes:
            raise over(413, "bytes", self._limits.most_bytes, size, "bytes", "send a smaller image, or a JPEG")

    async def _body(self, receive: Receive, held: int) -> tuple[bytes, int, int]:
        """The whole body, and what is held then by all and by this one. Raises Refusal (408, 413)."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.most_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise asyncio.CancelledError
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    self._check_size(size)
                    if not message.get("more_body"):
                        return b"".join(parts), self._held + size - held, size
        except TimeoutError as error:
            bound = {"limit": self._limits.most_seconds}
            raise Refusal(
                408, "time", "the request came too slowly.", "send it faster, or less", bound=bound
            ) from error

    async def _do(self, scope: Scope, body: bytes, receive: Receive, answer: Send) -> None:
        """The application's work, ended when its client goes away."""
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        gone = asyncio.Event()

        async def replay() -> MutableMapping[str, Any]:
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()
            work.cancel()

        work = asyncio.ensure_future(self._app(scope, replay, answer))
        watcher = asyncio.ensure_future(watch())
        try:
            await asyncio.wait([work])
        finally:
            watcher.cancel()
            if not work.done():
                work.cancel()
        if not work.cancelled():
            work.result()

    def _note(self, scope: Scope, request: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._monitor.requests.labels(route, scope["method"], str(status)).inc()
        self._monitor.seconds.labels(route).observe(seconds)
        if not scope["path"].startswith(("/health", "/metrics")):
            self._journal.line(
                "request", request, method=scope["method"], route=route, status=status, seconds=round(seconds, 4)
            )


async def refuse(refusal: Refusal, request: str, send: Send) -> None:
    """Send a refusal as an answer."""
    content = json.dumps(refusal.body(request)).encode()
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(content)), **refusal.headers}
    if refusal.status in (408, 413):
        headers["connection"] = "close"  # what is left of the body is not waited for
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})
