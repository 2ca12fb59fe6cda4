"""ViLT: what a hidden word is guessed from, padding that changes nothing, and transport whose margins are even."""

import pytest
import torch
from drive import HandDraw
from scipy.optimize import linear_sum_assignment

from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.losses.transport import alignment, plan
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.recognition.vilt import ViLT

TINY = {"patch": 4, "layers": 1, "heads": 2, "width": 8, "dropout": 0.0, "masked": 0.5, "shape": (8, 8, 8)}


def small() -> tuple[ViLT, Networks]:
    method = ViLT(patch=4, layers=2, heads=2, width=8)
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"image": Image(3, 8, 8), "text": Tokens(6, tuple("<>abcd"), "words")})).eval()
    for weight in nets.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return method, nets


def test_a_hidden_word_is_guessed_from_the_image_and_the_other_words_and_not_from_itself() -> None:
    method, nets = small()
    image, text = torch.rand(1, 3, 8, 8, requires_grad=True), torch.tensor([[2, 3, 4, 5, 0, 0]])
    hidden = torch.zeros(1, 6).bool()
    hidden[0, 1] = True
    logs = method.words_of(nets, image, text, hidden)
    (slope,) = torch.autograd.grad(logs[0, 1, 3], image)
    assert (slope != 0).all()
    for place in range(4):
        other = text.clone()
        other[0, place] = (text[0, place] - 1) % 4 + 2
        moved = method.words_of(nets, image, other, hidden)
        assert torch.allclose(moved[0, 1], logs[0, 1], atol=1e-6) == (place == 1)


def test_what_follows_the_end_of_a_caption_changes_nothing() -> None:
    method, nets = small()
    image, text = torch.rand(2, 3, 8, 8), torch.tensor([[2, 3, 0, 0, 0, 0], [2, 3, 4, 5, 2, 3]])
    shares = method.matches(nets, image, text)
    nets.network.places.weight.data[4:] += torch.randn(3, 8)
    assert torch.allclose(method.matches(nets, image, text)[0], shares[0])
    assert not torch.allclose(method.matches(nets, image, text)[1], shares[1])


def test_half_of_the_images_are_foreign_and_all_losses_are_there() -> None:
    method, nets = small()
    batch = CaptionBatch(torch.rand(16, 3, 8, 8), torch.randint(2, 6, (16, 6)))
    update = next(method.train_step(nets, HandDraw(batch), Clock()))
    assert isinstance(update, Update)
    assert set(update.losses) == {"match", "masked", "aligned"}
    with pytest.raises(ConfigError, match="choose a share above 0"):
        ViLT(masked=0.0)


def test_transport_has_even_margins_and_comes_near_the_best_plan() -> None:
    torch.manual_seed(0)
    cost, meaning = torch.rand(2, 5, 5), torch.ones(2, 5).bool()
    moved = plan(cost, meaning, rounds=1000, beta=0.1)
    assert torch.allclose(moved.sum(1), torch.full((2, 5), 0.2), atol=1e-4)
    assert torch.allclose(moved.sum(2), torch.full((2, 5), 0.2), atol=1e-4)
    rows, columns = linear_sum_assignment(cost[0])
    assert (moved[0] * cost[0]).sum().item() == pytest.approx(float(cost[0][rows, columns].mean()), abs=1e-2)
    meaning[0, 3:] = False
    words = torch.randn(2, 5, 4, requires_grad=True)
    alignment(words, torch.randn(2, 7, 4), meaning).sum().backward()
    assert words.grad is not None
    assert (words.grad[0, 3:] == 0).all()
    assert (words.grad[0, :3] != 0).any()
