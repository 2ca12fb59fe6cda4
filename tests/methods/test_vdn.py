"""VDN: the public networks and losses answer alike, and the divergence of two inverse Gamma laws is that of scipy."""

import numpy as np
import pytest
import torch
from official_networks import Official
from scipy import integrate, stats

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.vdn import VDN

TINY = {"width": 4, "depth": 2, "level_width": 4, "level_layers": 2, "spread": 0.1}


def test_the_public_networks_and_losses_answer_alike() -> None:
    official = Official("denoise_vdn_danet")
    image = Image(3, 32, 32)
    method = VDN(width=6, depth=3, level_width=8, level_layers=4)
    nets = method.networks(DataSpec({"source": image, "target": image}))
    denoised = official.into(nets.restorer, "vdn.DNet.")(official.input("noisy"))
    levels = official.into(nets.level, "vdn.SNet.")(official.input("noisy"))
    official.check(denoised, "vdn_phi_Z")
    official.check(levels, "vdn_phi_sigma")
    given = (official.input(name) for name in ("noisy", "gt", "sigmaMap"))
    terms = method.evidence_terms(denoised, levels, *given)
    for ours, theirs in (("likelihood", "lh"), ("image", "kl_gauss"), ("noise", "kl_igamma")):
        official.check(terms[ours], f"vdn_{theirs}")


def test_the_divergence_of_the_noise_is_that_of_two_inverse_gamma_laws() -> None:
    method, alpha, beta, variance = VDN(noise_window=5), 9.0, 0.4, 0.05
    law, prior = stats.invgamma(alpha, scale=beta), stats.invgamma(0.5 * 25 - 1, scale=0.5 * 25 * variance)
    wanted, _ = integrate.quad(lambda s: law.pdf(s) * (law.logpdf(s) - prior.logpdf(s)), 1e-4, 1, limit=200)
    one = torch.ones(1, 1, 1, 1)
    levels = torch.cat((np.log(alpha) * one, np.log(beta) * one), 1)
    terms = method.evidence_terms(torch.zeros(1, 2, 1, 1), levels, one, one, variance * one)
    assert terms["noise"].item() == pytest.approx(wanted, rel=1e-3)


def test_an_even_window_is_refused() -> None:
    with pytest.raises(ConfigError, match="odd --noise-window"):
        VDN(noise_window=4)
