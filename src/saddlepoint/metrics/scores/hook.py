"""The hook that scores a run while it trains: the averaged networks against the real images, every so many images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import loss
from saddlepoint.metrics.extractors.features import Extractor, Features, features
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.measure import direction_of, measure
from saddlepoint.metrics.scores.score import Protocol, circumstances
from saddlepoint.metrics.sets import Generated
from saddlepoint.nn.modes import evaluating


@final
class Scores(Hook):
    """Adds "score/METRIC" to the figures of the first report step after every `score_every` images.

    metrics: the first decides when `patience` is set. extractor: made when it is first needed.
    real: uint8 [N, C, H, W] to compare with; as many of them as images are generated, always the same ones.
    Of several processes the first measures; the others wait for its figures.
    """

    def __init__(self, metrics: Sequence[str], extractor: Callable[[], Extractor], real: Bytes) -> None:
        self.metrics, self._make, self._real = tuple(metrics), extractor, real
        self._known: tuple[Extractor, Features] | None = None
        self._last = 0
        self._best: tuple[float, int] | None = None

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Score when it is time; ask the run to stop when the first metric has not improved for long enough."""
        every = run.settings.score_every
        if not run.reporting or run.clock.examples // every <= self._last // every:
            return
        self._last = run.clock.examples
        measured = self._values(run) if run.main else [0.0] * len(self.metrics)
        values = torch.tensor(measured, dtype=torch.float64)
        if run.machine.world > 1:  # the sum with zeros: all processes wait here and come to the same judgement
            values = values.to(run.machine.device)
            run.machine.sum_(values)
        scores = dict(zip(self.metrics, values.tolist()))
        run.figures.update({f"score/{name}": value for name, value in scores.items()})
        self._judge(run, scores[self.metrics[0]])

    def _judge(self, run: Run, value: float) -> None:
        better = loss(direction_of(self.metrics[0]), value)
        if self._best is None or better < self._best[0]:
            self._best = (better, run.clock.examples)
        patience = run.settings.patience
        if patience is not None and run.clock.examples - self._best[1] >= patience:
            since = run.clock.examples - self._best[1]
            run.note(f"{self.metrics[0]} was best {since:,} {run.unit} ago; the run stops early.")
            run.stop("no longer improving")

    def _values(self, run: Run) -> list[float]:
        first = self._known is None
        extractor, real = self._reference(run)
        nets = run.nets if run.average is None else run.average
        with evaluating(nets):
            images = Generated(run.method, nets, len(real), run.settings.seed, device=run.machine.device)
            fake = features(extractor, images.stream())
        scores = measure(self.metrics, extractor, real, fake, Protocol("", 0, 0, reference="all"), run.settings.seed)
        if first:
            run.note(f"Scores are of {circumstances(scores[0])}.")
        return [score.value for score in scores]

    def _reference(self, run: Run) -> tuple[Extractor, Features]:
        if self._known is None:
            count = min(run.settings.score_images, len(self._real))
            rows = numpy_generator("score rows", len(self._real)).permutation(len(self._real))[:count]
            extractor = self._make()
            self._known = (extractor, features(extractor, self._real[np.sort(rows)]))
        return self._known

    def state(self) -> Json:
        """When it last scored, and the best so far."""
        return {"last": self._last, "best": self._best}

    def restore(self, state: Json) -> None:
        """Go on where `state` was taken."""
        self._last, self._best = state["last"], None if state["best"] is None else tuple(state["best"])
