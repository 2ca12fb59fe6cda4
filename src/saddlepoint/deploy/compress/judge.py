"""How much worse a smaller model is: by the distance to real images, or for translations by the change they suffer.

Both models are asked with the same inputs, so what is compared is the model and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saddlepoint.deploy.compress.feed import Feed, makes_images
from saddlepoint.deploy.parity import Runs
from saddlepoint.deploy.parts import Part
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.extractors.features import Extractor, features, statistics
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian

JUDGED = 2_000
"""images that a distance is measured on"""
TRANSLATED = 128
"""images that are translated for it"""
_REAL = 10_000
_BATCH = 64


@dataclass(frozen=True)
class Limits:
    """What is let pass. ratio: of the Fréchet distance to the original's. levels: mean absolute change of a translated
    image, of 0 to 255."""

    ratio: float
    levels: float


@dataclass(frozen=True)
class Verdict:
    """One model's figures, the worst of its parts.

    distance: Fréchet distance to real images; ratio: to that of the original. levels: see `Limits`; both None where the
    model has no such part. fine: within the limits.
    """

    distance: float | None
    ratio: float | None
    levels: float | None
    fine: bool

    def row(self) -> dict[str, float | None]:
        """As the table shows it."""
        figures = {"distance": self.distance, "times the original": self.ratio, "change in levels": self.levels}
        return {name: value for name, value in figures.items() if value is not None}


class Judge:
    """Knows what the original makes of fixed inputs, and how far that is from real images.

    parts: of the original. real: uint8 [n, C, H, W]. extractor: made when it is first needed.
    """

    def __init__(
        self, parts: list[Part], feed: Feed, real: np.ndarray, extractor: Callable[[], Extractor], limits: Limits
    ) -> None:
        self.limits = limits
        self.inputs: dict[str, tuple[Tensor, ...]] = {}
        self.references: dict[str, np.ndarray] = {}
        for part in filter(makes_images, parts):
            most = TRANSLATED if "images" in part.inputs else min(JUDGED, len(real))
            self.inputs[part.name] = feed.to_judge(part, most)
            self.references[part.name] = outputs(part.truth, self.inputs[part.name])
        self.extractor = extractor() if "generate" in self.references else None
        if self.extractor is not None:
            self.known = statistics(self.extractor, real[:_REAL])
            self.original = self._distance(self.references["generate"])

    @property
    def protocol(self) -> str:
        """How the figures are made, in a sentence or two."""
        sentences = []
        if self.extractor is not None:
            count = len(self.references["generate"])
            sentences.append(
                f"Fréchet distance of {count:,} images of the same latents in features of {self.extractor.identity}."
            )
        translated = [len(images) for name, images in self.references.items() if name != "generate"]
        if translated:
            sentences.append(
                f"Change: mean absolute difference to the original's translations of {translated[0]:,} images."
            )
        return " ".join(sentences)

    def itself(self) -> Verdict:
        """The original's own line."""
        whole = None if self.extractor is None else 1.0
        return Verdict(
            getattr(self, "original", None), whole, 0.0 if len(self.references) > (whole or 0) else None, True
        )

    def verdict(self, runs: Mapping[str, Runs]) -> Verdict:
        """Of a smaller model, whose parts are run by name."""
        distance = ratio = levels = None
        fine = True
        for name, reference in self.references.items():
            images = outputs(lambda *inputs, name=name: runs[name](inputs), self.inputs[name])
            if name == "generate":
                distance = self._distance(images)
                ratio = distance / max(self.original, 1e-12)
                fine &= ratio <= self.limits.ratio
            else:
                levels = max(levels or 0.0, float(np.abs(images.astype(np.float32) - reference).mean()))
                fine &= levels <= self.limits.levels
        return Verdict(distance, ratio, levels, fine)

    def _distance(self, images: np.ndarray) -> float:
        assert self.extractor is not None
        return frechet_distance(gaussian(features(self.extractor, images)), self.known)


@torch.no_grad()
def outputs(act: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> np.ndarray:
    """uint8 images of all examples, some at a time. inputs of no axis go to each batch."""
    batches = []
    for start in range(0, len(inputs[0]), _BATCH):
        part = (value[start : start + _BATCH] if value.dim() else value for value in inputs)
        batches.append(to_uint8(act(*part)))
    return torch.cat(batches).numpy()
