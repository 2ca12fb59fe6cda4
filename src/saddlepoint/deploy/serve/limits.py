"""The bounds of the service, all of them: what a request may hold, what all may hold together, and for how long.

Those of `Limits` are settings. The others are part of what a request means, and stand in the OpenAPI description.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError

MOST_PLACES = 1024
"""images that a request names: by seed, by seed and row, by job"""
MOST_WAYPOINTS = 64
"""images on the way of an interpolation; images that an edit moves; strengths by which it moves them"""
MOST_SIDE = 32
"""rows, and columns, of a table of mixtures"""
MOST_NEIGHBOURS = 16
"""directions along which an edit is not to move"""
MOST_CANDIDATES = 1024
"""random codes among which a projection begins"""
MOST_CAMERAS = 64
"""cameras of its own that a request for views brings"""
MOST_VIEW_SIDE = 2048
"""pixels of a side of a view from such a camera"""
MOST_PHOTOGRAPHS = 8
"""photographs that a scene is made of: image, image_2 and so on"""
MOST_CONDITIONS = 8
"""conditions that a request for samples gives"""
MOST_OVERLAP = 4096
"""pixels that the windows of a translation share"""
MOST_REGION = 100_000
"""pixels of a side of a region, and of its place"""
MOST_LETTERS = 200
"""letters of a name: of a class, a direction, layers"""
MOST_UNIT = 128
"""letters of a client's key for the person or the device that an answer goes to"""
MOST_VALUES = 5000
"""values of a JSON body, counted before it is read"""
MOST_PARTS = 32
"""parts of a multipart body"""
MOST_TIMES = 16
"""how often the windows of a translation may cover the most pixels that an upload has: overlaps of three quarters"""
MOST_TOGETHER = 8
"""bodies of the largest size that are held at once; translations and projections that are under way at once"""
LEAST_PAGES = 50.0
"""files of the studio that a client may ask for in a second, however low `rate` is: its page has some twenty"""
CHUNK = 1 << 16
"""bytes of an answer that are sent in one piece"""
_CLIENTS = 10_000  # whose rate is remembered; the longest unseen one is forgotten first


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may ask for, and what all of them may hold."""

    most_bytes: int = 20_000_000
    """bytes of a request, uploaded images included (413)"""
    most_json_bytes: int = 200_000
    """bytes of a request that carries no image (413)"""
    most_pixels: int = 25_000_000
    """width times height of an uploaded image (422)"""
    most_deep_pixels: int = 12_500_000
    """the same of an image whose grey has more than 8 bits (422)"""
    most_images: int = 64
    """images that one request makes while its client waits (422)"""
    most_job_images: int = 1024
    """images that one job makes (422)"""
    most_made_pixels: int = 200_000_000
    """pixels of all images that a request or a job makes, at the size of the model (422)"""
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
    most_connections: int = 512
    """open connections; for one more, the one that has waited longest for its client is closed"""
    most_client_connections: int = 256
    """open connections of one client; for one more, as above"""
    head_seconds: float = 10.0
    """seconds in which a client sends the head of a request; after them its connection is closed"""
    send_seconds: float = 20.0
    """seconds in which a client takes a part of its answer; after them its connection is closed"""
    grace_seconds: float = 10.0
    """seconds that are left to what is running when the service is stopped"""
    rate: float = 50.0
    """requests a second of one client, after a burst of twice as many (429); 0 for no bound"""
    keep_jobs: int = 500
    """finished jobs that are kept; the oldest go first"""
    keep_bytes: int = 2_000_000_000
    """bytes of results that are kept; the oldest go first"""
    keep_hours: float = 24.0
    """hours for which a finished job is kept"""
    most_held: int = 100
    """answers that wait for review; of more, the next is refused (429)"""
    keep_days: float = 400.0
    """days for which opinions, outcomes, reviews and figures of drift are kept"""
    keep_rows: int = 1_000_000
    """rows of each of them that are kept; more are refused (429)"""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            least = "0 or more" if one.name == "rate" else "more than 0"
            if not 0 <= value < math.inf or (value == 0 and one.name != "rate"):
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
                # what else it has sent on this connection is not looked at
                headers={"Retry-After": f"{max(1, round(wait))}", "Connection": "close"},
            )
        self._keep(client, tokens - 1, now)

    def _keep(self, client: str, tokens: float, now: float) -> None:
        self._buckets[client] = (tokens, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
