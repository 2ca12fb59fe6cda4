"""VAT: the worst direction of a linear classifier, statistics that stay, and pseudo-labels of the sure alone."""

import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec, SemiBatch
from saddlepoint.methods.base import Clock
from saddlepoint.methods.recognition.vat import VAT, change, divergence, still, worst

TINY = {"widths": [8], "pseudo_weight": 1.0, "ramp": 0.0}


def batch() -> SemiBatch:
    return SemiBatch(torch.rand(6, 1, 8, 8), torch.arange(6) % 2, torch.rand(6, 1, 8, 8))


def test_the_worst_direction_of_two_classes_is_the_difference_of_their_weights() -> None:
    torch.manual_seed(0)
    layer, image = nn.Linear(16, 2), torch.randn(8, 16)
    direction = worst(layer, image, torch.randn(8, 16))
    apart = layer.weight[0] - layer.weight[1]
    assert torch.allclose((direction @ apart / apart.norm()).abs(), torch.ones(8), atol=1e-2)
    assert torch.allclose(direction.norm(dim=1), torch.ones(8), atol=1e-5)
    random = divergence(
        layer(image).log_softmax(1), layer(image + nn.functional.normalize(torch.randn(8, 16))).log_softmax(1)
    )
    assert change(layer, image, torch.randn(8, 16), 1.0) > random


def test_extra_passes_leave_batch_norm_as_it_is() -> None:
    norm = nn.BatchNorm1d(2)
    with still(norm):
        norm(torch.randn(4, 2) + 5)
    assert torch.equal(norm.running_mean, torch.zeros(2))
    assert norm.momentum == 0.1


def test_only_sure_verdicts_become_labels_and_weights_rise() -> None:
    torch.manual_seed(0)
    method = VAT(widths=(8,), pseudo_weight=1.0, threshold=1.0)
    nets = method.networks(DataSpec.of((1, 8, 8), ("a", "b")))
    (update,) = method.train_step(nets, HandDraw(batch()), Clock(examples=50, total=1000))
    assert update.losses["pseudo"].item() == 0
    assert update.watch["sure"].item() == 0
    (later,) = method.train_step(nets, HandDraw(batch()), Clock(examples=200, total=1000))
    assert later.losses["smooth"].item() > update.losses["smooth"].item() > 0
    (plain,) = VAT(widths=(8,), smooth_weight=0.0, entropy_weight=0.0).train_step(nets, HandDraw(batch()), Clock())
    assert set(plain.losses) == {"label"}


def test_the_divergence_of_a_verdict_from_itself_is_nothing() -> None:
    log = torch.randn(3, 4).log_softmax(1)
    assert divergence(log, log).item() == pytest.approx(0, abs=1e-6)
