"""SeqGAN: the worth of a token by rollouts and by all ways to go on, each stage's players, and the oracle's law."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec, TextBatch
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import oracle
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.gan.seqgan import SeqGAN, Staged
from saddlepoint.metrics.proofs import oracle_nats

TINY = {
    "width": 4,
    "rollouts": 2,
    "critic_steps": 2,
    "critic_width": 4,
    "widths": (1, 2),
    "filters": (3, 3),
    "critic_dropout": 0.0,
    "text_examples": 8,
    "critic_examples": 8,
    "shape": (5, 4),
}


def small(length: int = 2, pieces: int = 3) -> tuple[SeqGAN, Networks]:
    method = SeqGAN(width=4, rollouts=8, critic_steps=2, critic_width=4, widths=(1, 2), filters=(6, 6))
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"text": Tokens(length, tuple(map(str, range(pieces))))}))
    for weight in nets.parameters():
        weight.data.mul_(4)  # far from even
    nets.rollout.load_state_dict(nets.network.state_dict())
    return method, nets.eval()


def test_the_mean_over_rollouts_is_the_exact_expectation_on_two_tokens() -> None:
    method, nets = small()
    texts = torch.tensor([[0, 1], [2, 2]])
    worth = method.worth(nets, texts, torch.rand(2, 20_000, 2, 2))
    for row, (first, second) in enumerate(texts.tolist()):
        whole = torch.tensor([[first, other] for other in range(3)])
        law = method.log_probabilities(nets, whole, {})[:, 1].exp()
        verdicts = nets.critic(whole).sigmoid()
        assert law.sum().item() == pytest.approx(1, abs=1e-5)
        assert worth[row, 0].item() == pytest.approx((law * verdicts).sum().item(), abs=0.01)
        assert worth[row, 1].item() == pytest.approx(verdicts[second].item(), abs=1e-6)


def test_longer_texts_are_played_from_each_place() -> None:
    method, nets = small(length=4, pieces=2)
    texts = torch.tensor([[0, 1, 1, 0]])
    worth = method.worth(nets, texts, torch.rand(1, 20_000, 4, 4))[0]
    for place in range(4):
        ends = [[*texts[0, : place + 1].tolist(), *end] for end in product(range(2), repeat=3 - place)]
        whole = torch.tensor(ends)
        law = method.log_probabilities(nets, whole, {})[:, place + 1 :].sum(1).exp()
        exact = (law * nets.critic(whole).sigmoid()).sum().item()
        assert worth[place].item() == pytest.approx(exact, abs=0.01), place


def test_the_slope_is_that_of_the_mean_verdict() -> None:
    """REINFORCE with exact worths, over all texts by their probability, against the derivative of the expectation."""
    method, nets = small()
    whole = torch.tensor(list(product(range(3), repeat=2)))
    logs = method.log_probabilities(nets, whole, {})
    verdicts = nets.critic(whole).sigmoid().detach()
    weights = [*nets.network.parameters()]
    exact = torch.autograd.grad((logs.sum(1).exp() * verdicts).sum(), weights, retain_graph=True)
    chance = logs.detach().sum(1).exp()
    first = (chance * verdicts).view(3, 3).sum(1) / chance.view(3, 3).sum(1)  # of each first token
    worth = torch.stack((first.repeat_interleave(3), verdicts), 1)
    slopes = torch.autograd.grad((chance[:, None] * worth * logs).sum(), weights)
    for one, other in zip(exact, slopes):
        assert torch.allclose(one, other, atol=1e-6)


def test_each_stage_moves_its_own_players() -> None:
    method, nets = small(length=3)
    draw = HandDraw(TextBatch(torch.randint(3, (8, 3))))
    groups = []
    for stage in range(3):
        updates = list(method.train_step(nets, draw, Clock(stage=stage)))
        groups.append([update.group for update in updates if isinstance(update, Update)])
    assert groups == [["generator"], ["critic"], ["generator", "critic", "critic"]]
    assert [Staged(1.0, 2.0)(Clock(stage=stage)) for stage in range(3)] == [1, 2, 2]


def test_the_network_of_the_rollouts_follows() -> None:
    method, nets = small()
    before = nets.rollout.head.bias.clone()
    nets.network.head.bias.data += 1
    method.after_step(nets, {}, Clock(stage=2))
    assert torch.allclose(nets.rollout.head.bias, before + 0.2)
    method.after_step(nets, {}, Clock(stage=0))
    assert torch.equal(nets.rollout.head.bias, nets.network.head.bias)


def test_the_oracles_law_sums_to_one_and_is_that_of_its_texts() -> None:
    texts = oracle.tokens(2000, 2).astype(np.int64)
    every = np.array(list(product(range(oracle.SYMBOLS), repeat=2)))
    chance = np.exp(oracle.log_probability(every))
    assert chance.sum() == pytest.approx(1, abs=1e-9)
    first = chance.reshape(50, 50).sum(1)
    assert np.abs(np.bincount(texts[:, 0], minlength=50) / 2000 - first).max() < 0.04


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="as many of one"):
        SeqGAN(widths=(1, 2), filters=(3,))
    method = replace(small()[0], widths=(3,), filters=(3,))
    with pytest.raises(ConfigError, match="lower --widths"):
        method.networks(DataSpec({"text": Tokens(2, ("0", "1"))}))


def test_nothing_is_written_after_the_end() -> None:
    method = SeqGAN(width=4, rollouts=2, critic_width=4, widths=(1,), filters=(3,))
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"text": Tokens(6, tuple("<>ab"), "words")}))
    texts = method._written(nets, HandDraw(torch.zeros(1)), 200)
    over = (texts == 0).long().cummax(1).values == 1
    assert over.any()
    assert (texts[over] == 0).all()
    assert torch.allclose(
        method.worth(nets, texts[over[:, 0]], torch.rand(int(over[:, 0].sum()), 2, 6, 6)).std(1), torch.zeros(())
    )


def test_texts_are_asked_of_who_wrote_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle_nats, "_TEXTS", 200)
    dataset = oracle.WORLD.dataset(DataSettings(data="world:oracle"), print)
    method, spec = replace(small()[0], lr=1e-3), dataset.spec()
    nets = method.networks(spec).eval()
    facts = {"method": "seqgan", "data": {"held_out": 0.1}, "run": {"batch": 64}}
    model = Model(method, nets, spec, facts, Clock(examples=128), Path(), Path())
    rows = {row["kind"]: row for row in oracle_nats.MEASURE(model, dataset, 0).rows}
    assert rows["real"]["nats"] == pytest.approx(2.65, abs=0.05)
    assert rows["real"]["nats"] < rows["other"]["nats"]
    assert rows["generated"]["held_out"] == pytest.approx(np.log(50), abs=0.2)  # it has learnt nothing
    assert rows["generated"]["different"] > 0.9
