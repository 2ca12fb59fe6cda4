"""How near a translation comes to one of several right answers, to how many, and to the one that a reference shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.colours import answer
from saddlepoint.data.world.shapes import factors
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import mean_image, recoloured
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.translation import MOST_NAIVE

DRAWS = 16
"""translations of each cut-out"""
CUT_OUTS = 100
"""held-out ones that are translated"""
COLOURS, HUES = 8, 24
"""parts of the circle of hues that count as a colour each, and hues in it whose answers stand for all"""

Translator = Callable[[int], np.ndarray]
"""the translations of all cut-outs by the number of the draw, uint8 [N, 3, S, S]"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Distance of translated cut-outs from the nearest of their right answers, of which each hue is one."""
    if dataset.source != "world:colours":
        raise ConfigError(f"nobody knows all right answers of {dataset.source}; those of world:colours are known.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    side, draw = dataset.images.shape[-1], numpy_generator(seed, "answers")
    rows = held_out[held_out % 2 == 0][:CUT_OUTS]
    cut_outs = dataset.images[rows]
    right = np.stack([answer(rows, number / HUES, side) for number in range(HUES)], 1).astype(np.float32)
    own, other = (train[train % 2 == kind][:MOST_NAIVE] for kind in (0, 1))
    like = draw.choice(held_out[held_out % 2 == 1], len(rows))  # a reference for each cut-out
    wanted = answer(rows, factors(like).hue, side)
    chance = draw.random((DRAWS, len(rows)))
    apart = np.mean([_apart(right[:, a], right[:, b]) for a in range(HUES) for b in range(a)])

    def row(kind: str, name: str, translator: Translator, guided: np.ndarray | None) -> dict[str, Any]:
        each = np.stack([translator(number).astype(np.float32) for number in range(DRAWS)], 1)  # [N, draws, 3, S, S]
        far = _distances(each, right)
        pairs = [_apart(each[:, a], each[:, b]) for a in range(DRAWS) for b in range(a)]
        return {
            "kind": kind,
            "name": name,
            "error": float(far.min(2).mean()),
            "colours": float(np.mean([len(np.unique(_colour(one))) for one in far.argmin(2)])),
            "diversity": float(np.mean(pairs) / apart),
            "guided": float(_apart(each[:, 0] if guided is None else guided, wanted)),
        }

    sources = pixels(torch.from_numpy(cut_outs))
    guided = to_uint8(model.translate(sources, "a", reference=pixels(torch.from_numpy(dataset.images[like])))).numpy()
    mean = mean_image(dataset.images[other], len(rows))
    same = recoloured(cut_outs, dataset.images[own], dataset.images[other])
    drawn = draw.choice(other, (DRAWS, len(rows)))
    naive = [
        row("other", "naive: the cut-out itself", lambda number: cut_outs, None),
        row("other", "naive: the mean of the lit images", lambda number: mean, None),
        row("other", "naive: the colours of the lit images", lambda number: same, None),
        row("other", "naive: any lit image", lambda number: dataset.images[drawn[number]], dataset.images[like]),
    ]
    best = min(naive, key=lambda line: line["error"])
    best["kind"] = "baseline"

    def translated(number: int) -> np.ndarray:
        return to_uint8(model.translate(sources, "a", seed=seed * DRAWS + number)).numpy()

    def by_chance(number: int) -> np.ndarray:
        return answer(rows, chance[number], side)

    own_row = row("generated", model.name, translated, guided)
    return Table(
        rows=(own_row, row("real", "right, in any hue", by_chance, None), *naive),
        protocol=(
            f"{len(rows)} held-out cut-outs, {DRAWS} translations of each. error: mean absolute difference, in levels"
            f" of 0 to 255, to the nearest right answer, of {HUES} in hues around the circle. colours: how many of"
            f" {COLOURS} parts of the circle this hue was in for some translation. diversity: mean difference of two"
            " translations, as a share of that of two right answers. guided: difference of a translation in the manner"
            f" of a reference to the answer in its hue. The baseline is the best of the naive maps: {best['name']}."
        ),
    )


MEASURE = Measure(
    compare,
    {"error": "less", "colours": "more", "diversity": "one", "guided": "less"},
    fields={"image": Image, "label": Label},
)


def _colour(hue: np.ndarray) -> np.ndarray:
    """The part of the circle that each hue is in, by numbers; hue 0 is in the middle of part 0."""
    step = HUES // COLOURS
    return (hue + step // 2) % HUES // step


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean())


def _distances(translated: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each translation to each right answer of its cut-out.  [N, draws, colours]"""
    return np.stack([np.abs(translated - right[:, None, place]).mean((2, 3, 4)) for place in range(right.shape[1])], 2)
