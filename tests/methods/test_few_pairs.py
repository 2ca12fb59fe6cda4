"""Few pairs: which are kept, that the others do not belong together, and the losses by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.few_pairs import FewPairs

TINY = {
    "pairs": 4, "pairs_at_once": 1, "blocks": 1, "generator_width": 2, "critic_width": 2, "halvings": 1,
    "shape": (3, 8, 8),
}  # fmt: skip


def game(**settings: Any) -> tuple[FewPairs, Any, PairedBatch]:
    torch.manual_seed(0)
    method = FewPairs(**({key: value for key, value in TINY.items() if key != "shape"} | settings))
    nets = method.networks(DataSpec({"source": Image(1, 8, 8), "target": Image(1, 8, 8)}))
    return method, nets, PairedBatch(*torch.rand(2, 4, 1, 8, 8) * 2 - 1)


def test_the_pairs_are_the_first_ones_and_too_few_are_refused() -> None:
    method, nets, batch = game()
    method.prepare(nets, lambda n: PairedBatch(batch.source[:n], batch.target[:n]))
    left, right = nets.kept(torch.tensor([0.0, 0.3, 0.99]))
    assert torch.equal(left, batch.source[[0, 1, 3]])
    assert torch.equal(right, batch.target[[0, 1, 3]])
    with pytest.raises(ConfigError, match="--pairs 2"):
        method.prepare(nets, lambda n: PairedBatch(batch.source[:2], batch.target[:2]))


def test_sources_and_targets_of_a_step_come_of_two_draws_and_pairs_are_told_both_ways() -> None:
    method, nets, batch = game(l1=3, cycle=2)
    nets.kept.learn(batch.source[:1].expand(4, -1, -1, -1), batch.target[:1].expand(4, -1, -1, -1))
    draw = HandDraw(batch)
    update: Any = next(method.train_step(nets, draw, Clock()))  # type: ignore[arg-type]
    assert draw.draws == 2
    losses = {name: value.item() for name, value in update.losses.items()}
    l1 = 3 * (nets.generator(batch.source[:1]) - batch.target[:1]).abs().mean().item()
    assert losses["l1_target"] == pytest.approx(l1, rel=1e-4)
    cycle = 2 * (nets.reverse(nets.generator(batch.source)) - batch.source).abs().mean().item()
    assert losses["cycle_source"] == pytest.approx(cycle, rel=1e-4)
    score = (nets.critic(nets.generator(batch.source)) - 1).square().mean().item()
    assert losses["fake_target"] == pytest.approx(score, rel=1e-4)


def test_without_scores_and_there_and_back_the_pairs_are_all() -> None:
    method, nets, batch = game(cycle=0, adversarial=0)
    (update,) = method.train_step(nets, HandDraw(batch), Clock())  # type: ignore[misc, arg-type]
    assert update.losses.keys() == {"l1_target", "l1_source"}  # type: ignore[union-attr]
    assert np.isfinite([value.item() for value in update.losses.values()]).all()  # type: ignore[union-attr]
