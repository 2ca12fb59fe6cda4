"""The bounds of the service: bytes, pixels, images, time, queue and rate; each is a setting and has its refusal."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError

_CLIENTS = 10_000  # whose rate is remembered; the longest unseen one is forgotten first


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may ask for, and what all of them may hold."""

    most_bytes: int = 20_000_000
    """bytes of a request, uploaded images included (413)"""
    most_pixels: int = 25_000_000
    """width times height of an uploaded image (422)"""
    most_images: int = 64
    """images that one request makes while its client waits (422)"""
    most_job_images: int = 1024
    """images that one job makes (422)"""
    most_steps: int = 2000
    """steps of a projection (422)"""
    most_seconds: float = 30.0
    """seconds that a client waits for its answer, and may take to send its request (408)"""
    most_waiting: int = 512
    """images that wait for one model (429)"""
    most_jobs: int = 64
    """jobs that wait or run (429)"""
    most_requests: int = 128
    """requests that are worked on at once (429)"""
    rate: float = 50.0
    """requests a second of one client, after a burst of twice as many (429); 0 for no bound"""
    keep_jobs: int = 500
    """finished jobs that are kept; the oldest go first"""
    keep_bytes: int = 2_000_000_000
    """bytes of results that are kept; the oldest go first"""
    keep_hours: float = 24.0
    """hours for which a finished job is kept"""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            least = "0 or more" if one.name == "rate" else "more than 0"
            if value < 0 or (value == 0 and one.name != "rate"):
                raise ConfigError(f"{one.name} cannot be {value}: it must be {least}.")


class Rate:
    """A bucket of tokens for each client: `rate` flow in each second, up to twice as many lie in it.

    now: seconds that only rise.
    """

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._now = rate, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Take one token. Raises Refusal (429) when there is none."""
        if not self.rate:
            return
        now, room = self._now(), max(2 * self.rate, 1.0)
        tokens, then = self._buckets.pop(client, (room, now))
        tokens = min(room, tokens + (now - then) * self.rate)
        if tokens < 1:
            self._keep(client, tokens, now)
            wait = (1 - tokens) / self.rate
            raise Refusal(
                429,
                "rate",
                f"more than {self.rate:g} requests a second come from this client.",
                f"wait {wait:.1f} seconds",
                bound={"limit": self.rate},
                headers={"Retry-After": f"{max(1, round(wait))}"},
            )
        self._keep(client, tokens - 1, now)

    def _keep(self, client: str, tokens: float, now: float) -> None:
        self._buckets[client] = (tokens, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
