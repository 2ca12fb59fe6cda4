"""The first twenty steps of each method, as they have always been: the method's own settings, one thread, and float64,
for in float32 a game makes of one processor's rounding a thousand times another's within them.

Where a change of a curve is meant, renew it with `python tests/test_golden.py NAME` and say why in the commit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from games import Game, Reports, pictures, trainer
from saddlepoint import methods
from saddlepoint.data.batches import ImageBatch
from saddlepoint.methods.base import Draw

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))


class Doubled:
    """A draw in float64 of the same numbers."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def __call__(self) -> ImageBatch:
        return ImageBatch(self.draw().image.double())

    def noise(self, n: int, *shape: int) -> Tensor:
        return self.draw.noise(n, *shape).double()

    def uniform(self, n: int, *shape: int) -> Tensor:
        return self.draw.uniform(n, *shape).double()


def curve(name: str) -> list[dict[str, float]]:
    """The figures of twenty steps of 16 images."""
    own, seen = methods.load(name)(), Reports()
    game = Game(
        step=lambda nets, draw, clock: own.train_step(nets, Doubled(draw), clock),
        make=lambda data: own.networks(data).double(),
        moves=own.optimisers(),
        average=own.ema(),
        after=own.after_step,
    )
    with patch.object(Tensor, "float", Tensor.double):  # losses ask for float32, which here would be less
        trainer(game, pictures(256), batch=16, examples=16 * 20, hooks=[seen]).fit()
    return seen.figures()


@pytest.mark.parametrize("name", NAMES)
def test_the_first_twenty_steps_are_as_they_were(name: str) -> None:
    """Within 1e-6, since processors sum in different orders."""
    known = json.loads((GOLDEN / f"{name}.json").read_text())
    found = curve(name)
    assert len(found) == len(known) == 20
    for step, (line, wanted) in enumerate(zip(found, known)):
        assert line == pytest.approx(wanted, abs=1e-6), f"{name} parts from its golden curve at step {step + 1}"


def test_every_method_of_the_first_family_has_a_golden_curve() -> None:
    assert {"gan", "mnist_gan", "dcgan"} <= {*NAMES}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or NAMES:
        lines = [json.dumps({key: round(value, 7) for key, value in line.items()}) for line in curve(name)]
        (GOLDEN / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
