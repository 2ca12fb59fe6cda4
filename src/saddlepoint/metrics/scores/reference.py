"""What `evaluate` measures: a model's images or a folder's against real ones, each metric with the inputs it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast, get_args

from saddlepoint.metrics.extractors.classifier import Classifier
from saddlepoint.metrics.extractors.features import Extractor, Features, features
from saddlepoint.metrics.extractors.sharded import all_features, place
from saddlepoint.metrics.scores import MetricKind, names
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores.base import ImageSetMetric
from saddlepoint.metrics.scores.measure import at_equal_counts, check_metrics, measure
from saddlepoint.metrics.scores.measure_images import PATCHED, measure_images
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet, Rows

if TYPE_CHECKING:
    Metric = str
else:  # so that the command line shows and checks the names of all files
    Metric = Literal[tuple(name for kind in get_args(MetricKind) for name in names(kind))]
"""all that can be asked for, by what it needs: features, sets of images, the model, or pairs of images or texts"""


def among(metrics: Iterable[str], kind: MetricKind) -> list[str]:
    """Those of `metrics` that are of a kind, in their order."""
    return [metric for metric in metrics if metric in names(kind)]


class Reference:
    """The real images: their features are measured once, by the extractor that is made when it is first needed.

    content: changes with any pixel of the data. protocol: as far as it is known.
    All processes of a group call the same methods; the first alone has the scores.
    """

    def __init__(
        self, metrics: Iterable[str], real: Rows, content: str, protocol: Protocol, extractor: Callable[[], Extractor]
    ) -> None:
        self.real, self.protocol, self._make = real, protocol, extractor
        self._content = f"{content}/{real.choice}"
        self._first: tuple[ImageSet, Features | None] | None = None
        self._of_features = among(metrics, "FeatureMetric")
        self._of_images = among(metrics, "ImageSetMetric")

    @cached_property
    def extractor(self) -> Extractor:
        """The network that makes the features."""
        return self._make()

    def prepare(self) -> None:
        """Makes the network, and refuses what cannot be measured by it, before anything is computed."""
        of_features = [cast(ImageSetMetric, metric_named(name)).of_features for name in self._of_images]
        if self._of_features or any(of_features):
            check_metrics(self._of_features, self.extractor)

    @cached_property
    def _features(self) -> Features:
        return all_features(self.extractor, self.real, self._content)

    def features(self, fake: ImageSet) -> tuple[Features, Features]:
        """Of the real and of generated images; of the first process alone."""
        if self._first is not None and self._first[0] is fake and self._first[1] is not None:
            return self._features, self._first[1]
        return self._features, features(self.extractor, fake.stream())

    def notes(self) -> list[str]:
        """What must be known of the extractor beside its name."""
        if "extractor" not in self.__dict__ or not isinstance(self.extractor, Classifier):
            return []
        share, count = self.extractor.accuracy, self.extractor.held_out
        return [f"the accuracy of the classifier on {count:,} held-out images is {share:.1%}"]

    def scores(self, fake: ImageSet, seed: int | None) -> list[Score]:
        """The figures of features and of images."""
        scores: list[Score] = []
        if self._of_features:
            real, fake_features = self._features, all_features(self.extractor, fake)
            if place()[0] == 0:
                scores += measure(
                    self._of_features, self.extractor, real, fake_features, self.protocol, seed, errors=True
                )
                self._first = self._first or (fake, fake_features)
        if self._of_images and place()[0] == 0:
            scores += self._images(self.real, fake, seed, errors=True)
            self._first = self._first or (fake, None)
        return scores

    def at_equal_counts(self) -> tuple[list[Score], list[Score]]:
        """The figures of the first generated images and of other real ones in their place, at one count for both."""
        generated: list[Score] = []
        floor: list[Score] = []
        if self._first is None:
            return generated, floor
        fake, fake_features = self._first
        if fake_features is not None:
            generated, floor = at_equal_counts(
                self._of_features, self.extractor, self._features, fake_features, self.protocol
            )
        if self._of_images:
            reference, other = self.real.halves()
            count = min(len(reference), len(other), len(fake))
            generated = generated + self._images(reference.first(count), Rows(fake.spread(count)), None)
            floor = floor + self._images(reference.first(count), other.first(count), None)
        return generated, floor

    def _images(self, real: ImageSet, fake: ImageSet, seed: int | None, *, errors: bool = False) -> list[Score]:
        most = min(PATCHED, len(self.real) // 2)  # so that the figure and its floor are of equally many
        return measure_images(
            self._of_images, lambda: self.extractor, real, fake, self.protocol, seed, most, errors=errors
        )
