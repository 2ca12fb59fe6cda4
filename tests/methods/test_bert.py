"""BERT: which tokens are asked for, nothing leaks of what is hidden, and the world's law by enumeration."""

import itertools

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, TextBatch
from saddlepoint.data.world import agreement
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.text.bert import BERT, hide, other_halves

TINY = {"layers": 1, "heads": 2, "width": 8, "hidden": 12, "dropout": 0.0, "masked": 0.5, "shape": (8, 6)}


def small() -> tuple[BERT, Networks]:
    method = BERT(layers=2, heads=2, width=8, hidden=12)
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"text": Tokens(8, tuple("<>abcd"), "words")})).eval()
    for weight in nets.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return method, nets


def test_of_15_percent_80_are_hidden_10_another_and_10_stay() -> None:
    torch.manual_seed(0)
    text, meaning = torch.randint(1, 50, (2000, 100)), torch.ones(2000, 100).bool()
    meaning[:, 70:] = False
    shown, asked = hide(text, meaning, torch.rand(2000, 100, 3), 0.15, 50)
    assert not asked[:, 70:].any()
    assert asked[:, :70].float().mean().item() == pytest.approx(0.15, abs=0.003)
    assert (shown[asked] == 50).float().mean().item() == pytest.approx(0.8, abs=0.01)
    assert (shown[asked] == text[asked]).float().mean().item() == pytest.approx(0.1 + 0.1 / 50, abs=0.01)
    assert torch.equal(shown[~asked], text[~asked])
    assert shown.max() == 50
    assert shown[asked & (shown != 50)].min() >= 0


def test_half_of_the_second_parts_are_of_another_text() -> None:
    text, follows = torch.arange(24).view(4, 6), torch.tensor([True, False, True, False])
    joined, told = other_halves(text, follows)
    assert torch.equal(joined[:, :3], text[:, :3])
    assert torch.equal(joined[1, 3:], text[0, 3:])
    assert torch.equal(joined[2], text[2])
    assert torch.equal(told, follows)
    assert bool(other_halves(text[:1], torch.tensor([False]))[1])


def test_a_hidden_word_has_no_influence_on_its_own_guess_and_all_others_have() -> None:
    method, nets = small()
    text, hidden = torch.randint(1, 6, (1, 8)), torch.zeros(1, 8).bool()
    hidden[0, 2] = True
    logs = method.hidden_words(nets, text, hidden)
    for place in range(8):
        other = text.clone()
        other[0, place] = text[0, place] % 5 + 1
        same = torch.allclose(method.hidden_words(nets, other, hidden)[0, 2], logs[0, 2], atol=1e-6)
        assert same == (place == 2)
    assert torch.allclose(logs.exp().sum(2), torch.ones(1, 8), atol=1e-5)


def test_what_follows_the_end_is_not_looked_at_and_the_losses_are_means_over_texts() -> None:
    method, nets = small()
    text = torch.tensor([[2, 3, 4, 0, 0, 0, 0, 0]])
    meaning = torch.tensor([[True] * 4 + [False] * 4])
    other = text.clone()
    other[0, 4:] = 5
    assert torch.allclose(
        nets.encoder.states(other, meaning)[:, 0], nets.encoder.states(text, meaning)[:, 0], atol=1e-6
    )
    update = next(method.train_step(nets, HandDraw(TextBatch(torch.randint(1, 6, (16, 8)))), Clock()))
    assert isinstance(update, Update)
    assert set(update.losses) == {"masked", "next"}
    with pytest.raises(ConfigError, match="--window 2 or more"):
        method.networks(DataSpec({"text": Tokens(1, tuple("<>a"), "words")}))


def test_the_worlds_law_agrees_with_sums_over_all_that_is_not_told() -> None:
    law, shown = agreement.law(), agreement.texts(3).astype(int)
    assert np.allclose(law.sum(3), 1)
    known = np.ones((3, 12), bool)
    known[:, [2, 9]] = False
    weights = []
    for topic, first, second in itertools.product(range(8), range(2), range(2)):
        own = np.concatenate((law[topic, first], law[topic, second]))  # [12, pieces]
        seen = np.prod([np.where(known[:, at], own[at, shown[:, at]], 1.0) for at in range(12)], 0)
        weights.append((seen, own))
    total = sum(seen for seen, _ in weights)
    by_hand = sum(seen[:, None, None] * own[None] for seen, own in weights) / total[:, None, None]
    assert np.allclose(agreement.hidden_words(shown, known), by_hand, atol=1e-9)
    pairs = agreement.texts(4000).astype(int)
    follows = agreement.goes_on(pairs[:, :6], pairs[:, 6:]) > 0.5
    apart = agreement.goes_on(pairs[:, :6], np.roll(pairs[:, 6:], 1, 0)) <= 0.5
    assert follows.mean() > 0.95
    assert 0.8 < apart.mean() < 0.92  # one in eight is of the same topic by chance
