"""What the service tells Prometheus: requests, their time, what waits, how full batches are, images, refusals, jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_PIXELS = (1e4, 1e5, 1e6, 4e6, 1.6e7, 2.5e7, 1e8)


@final
class Monitor:
    """The figures of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._watched: dict[str, Collector] = {}
        common: dict[str, Any] = {"namespace": "saddlepoint", "registry": self.registry}
        self.requests = Counter("requests", "Answered requests.", ("route", "method", "status"), **common)
        self.seconds = Histogram(
            "request_seconds", "From the first byte of a request to the last of its answer.", ("route",),
            buckets=_SECONDS, **common,
        )  # fmt: skip
        self.refusals = Counter("refusals", "Requests that were refused, by the kind of problem.", ("kind",), **common)
        self.batches = Histogram("batch_size", "Images of a batch.", ("model",), buckets=_SIZES, **common)
        self.images = Counter("images", "Images that left.", ("model", "task", "made"), **common)
        self.uploads = Histogram("upload_pixels", "Pixels of uploaded images.", ("model",), buckets=_PIXELS, **common)
        self.running = Gauge("requests_running", "Requests that are worked on.", **common)
        self.jobs = Counter("jobs", "Jobs that ended, by their state.", ("task", "state"), **common)
        self.held = Counter("held", "Answers that fell short of their gate and wait for review.", ("model",), **common)
        ProcessCollector(registry=self.registry)

    def watch(
        self, name: str, what: str, labels: str | tuple[str, ...], values: Callable[[], Mapping[Any, float]]
    ) -> None:
        """A gauge that is read when it is asked for; the last one of its name counts.

        values: by the label, or by the tuple of labels.
        """
        if name in self._watched:
            self.registry.unregister(self._watched[name])
        self._watched[name] = _Read(f"saddlepoint_{name}", what, labels, values)
        self.registry.register(self._watched[name])

    def text(self) -> bytes:
        """All of it, in Prometheus' text form."""
        return generate_latest(self.registry)


class _Read(Collector):
    def __init__(
        self, name: str, what: str, labels: str | tuple[str, ...], values: Callable[[], Mapping[Any, float]]
    ) -> None:
        self._gauge = name, what, [labels] if isinstance(labels, str) else list(labels)
        self._values = values

    def collect(self):  # type: ignore[no-untyped-def]
        name, what, labels = self._gauge
        gauge = GaugeMetricFamily(name, what, labels=labels)
        for of, value in self._values().items():
            gauge.add_metric([of] if isinstance(of, str) else list(of), value)
        yield gauge
