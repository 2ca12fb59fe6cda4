"""beta-TCVAE: its terms sum to the bound of a VAE at a weight of 1, and only the total correlation is weighed."""

from typing import Literal

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.autoencoder.beta_tcvae import BetaTCVAE
from saddlepoint.methods.base import Clock, Networks, Update

TINY = {"latent": 4, "width": 8}
IMAGE = torch.rand(6, 1, 8, 8) * 2 - 1


def one_step(nets: Networks, beta: float, estimator: Literal["weighted", "stratified"] = "weighted") -> Update:
    method = BetaTCVAE(beta=beta, estimator=estimator, latent=4, width=8)
    update = next(method.train_step(nets, HandDraw(IMAGE), Clock()))
    assert isinstance(update, Update)
    return update


def networks() -> Networks:
    torch.manual_seed(0)
    return BetaTCVAE(latent=4, width=8).networks(DataSpec.of((1, 8, 8), examples=1000))


def test_at_a_weight_of_one_the_loss_has_the_gradient_of_a_vaes() -> None:
    """The estimate of q(z) cancels, whatever it is; the divergence is of drawn codes here and in closed form there."""
    nets = networks()
    losses = {estimator: one_step(nets, 1.0, estimator).losses for estimator in ("weighted", "stratified")}
    totals = [sum(terms.values()) for terms in losses.values()]
    assert totals[0].item() == pytest.approx(totals[1].item(), abs=1e-3)
    assert losses["weighted"]["total_correlation"] != losses["stratified"]["total_correlation"]


def test_the_weight_presses_on_the_total_correlation_alone() -> None:
    nets = networks()
    plain, pressed = one_step(nets, 1.0).losses, one_step(nets, 6.0).losses
    assert pressed["total_correlation"].item() == pytest.approx(6 * plain["total_correlation"].item(), rel=1e-5)
    for name in ("reconstruction", "information", "dimensions"):
        assert pressed[name] == plain[name]


def test_a_batch_larger_than_the_data_counts_as_all_of_it() -> None:
    nets = networks()
    nets.examples.value.fill_(3)
    assert all(torch.isfinite(term) for term in one_step(nets, 6.0, "stratified").losses.values())
