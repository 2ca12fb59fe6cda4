"""DualGAN: clipped weights, one slope an image, and its sizes."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.dualgan import DualGAN

TINY = {
    "generator_width": 2, "critic_width": 2, "halvings": 1, "depth": 2, "keep_flat": "penalty", "shape": (3, 8, 8),
}  # fmt: skip
SMALL: dict[str, Any] = {"generator_width": 2, "critic_width": 2, "halvings": 1, "depth": 2}


def game(**settings: Any) -> tuple[Any, UnpairedBatch, Any]:
    torch.manual_seed(0)
    method = DualGAN(**SMALL, **settings)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    batch = UnpairedBatch(*torch.rand(2, 3, 1, 8, 8) * 2 - 1)
    return nets, batch, method.train_step(nets, HandDraw(batch), Clock())  # type: ignore[arg-type]


def test_the_critics_weights_are_clipped_after_their_move() -> None:
    nets, _, moves = game(bound=0.005)
    update = next(moves)
    assert update.group == "critics"
    assert next(moves).group == "generators"
    for kind in "ab":
        assert (
            max(float(weight.detach().abs().max()) for weight in nets.get_submodule(f"critic_{kind}").parameters())
            <= 0.005 + 1e-9
        )


def test_the_penalty_is_of_each_images_own_slope() -> None:
    nets, _, moves = game(keep_flat="penalty", penalty=10)
    for kind in "ab":
        for layer in nets.get_submodule(f"critic_{kind}").modules():
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.zeros_(layer.weight)
    assert next(moves).losses["penalty_a"].item() == pytest.approx(10)  # a flat critic: (0 - 1)^2


def test_a_side_that_cannot_be_halved_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--resolution 32"):
        DualGAN().networks(DataSpec.of((3, 34, 34)))
