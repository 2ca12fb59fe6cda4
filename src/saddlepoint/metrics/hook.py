"""The hook that scores a run while it trains: the averaged networks against the real images, every so many images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

import torch
from torch import Tensor

from saddlepoint.data.pixels import to_uint8
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import numpy_generator
from saddlepoint.methods.abilities import Samples
from saddlepoint.metrics.features import Extractor, Features, features
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.measure import LOWER, Metric, measure
from saddlepoint.metrics.score import Protocol
from saddlepoint.nn.modes import evaluating

_BATCH = 256


@final
class Scores(Hook):
    """Adds "score/METRIC" to the figures of the first report step after every `score_every` images.

    metrics: the first decides when `patience` is set. extractor: made when it is first needed.
    real: uint8 [N, C, H, W] to compare with; as many of them as images are generated, always the same ones.
    """

    def __init__(self, metrics: Sequence[Metric], extractor: Callable[[], Extractor], real: Bytes) -> None:
        self.metrics, self._make, self._real = tuple(metrics), extractor, real
        self._known: tuple[Extractor, Features] | None = None
        self._last = 0
        self._best: tuple[float, int] | None = None

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Score when it is time; ask the run to stop when the first metric has not improved for long enough."""
        every = run.settings.score_every
        if not run.reporting or run.clock.images // every <= self._last // every:
            return
        self._last = run.clock.images
        scores = self._scores(run)
        run.figures.update({f"score/{name}": value for name, value in scores.items()})
        self._judge(run, scores[self.metrics[0]])

    def _judge(self, run: Run, value: float) -> None:
        better = value if self.metrics[0] in LOWER else -value
        if self._best is None or better < self._best[0]:
            self._best = (better, run.clock.images)
        patience = run.settings.patience
        if patience is not None and run.clock.images - self._best[1] >= patience:
            run.note(
                f"{self.metrics[0]} was best {run.clock.images - self._best[1]:,} images ago; the run stops early."
            )
            run.stop("no longer improving")

    def _scores(self, run: Run) -> dict[str, float]:
        extractor, real = self._reference(run)
        count = min(run.settings.score_images, len(self._real))
        fake = features(extractor, made(run, count))
        found = measure(self.metrics, extractor, real, fake, Protocol("", 0, 0, reference="train"))
        return {score.protocol.metric: score.value for score in found}

    def _reference(self, run: Run) -> tuple[Extractor, Features]:
        if self._known is None:
            count = min(run.settings.score_images, len(self._real))
            rows = numpy_generator("score rows", len(self._real)).permutation(len(self._real))[:count]
            extractor = self._make()
            self._known = (extractor, features(extractor, self._real[sorted(rows)]))
        return self._known

    def state(self) -> Json:
        """When it last scored, and the best so far."""
        return {"last": self._last, "best": self._best}

    def restore(self, state: Json) -> None:
        """Go on where `state` was taken."""
        self._last, self._best = state["last"], None if state["best"] is None else tuple(state["best"])


@torch.no_grad()
def made(run: Run, count: int) -> Iterator[Bytes]:
    """`count` images of the run as it stands, in batches: from the averages where there are any. uint8.

    Raises CapabilityError when the method makes no images from latents.
    """
    method, nets = run.method, run.nets if run.average is None else run.average
    if not isinstance(method, Samples):
        raise CapabilityError("this method makes no images from latents to score; leave --score out.")
    with evaluating(nets):
        latents = method.latents(nets, count, run.settings.seed)
        for start in range(0, count, _BATCH):
            yield to_uint8(method.generate(nets, latents[start : start + _BATCH].to(run.machine.device))).numpy()
