"""beta-VAE: a VAE that weighs the divergence more, so that codes become simple. Higgins et al. 2017.

The weight presses on all three parts of the divergence alike (`losses/divergence.py`), also on what a code tells of its
image, which costs detail; `beta_tcvae` presses on the total correlation alone. The paper appeared at ICLR; why it works
is in Burgess et al. 2018, arXiv:1804.03599, section 3.

Paper  here
beta   weight of the divergence of q(z|x) from the prior
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from saddlepoint.config import Weight, Width
from saddlepoint.losses.divergence import kl_to_prior
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.variational import Variational


@final
@dataclass(frozen=True, kw_only=True)
class BetaVAE(Variational):
    """An autoencoder whose codes are pressed towards a few independent numbers."""

    latent: Width = 10
    """length of the code"""
    beta: Weight = 4.0
    """weight of the divergence from the prior; 1 is a VAE, more makes codes simpler and images less exact"""

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.shown(draw().image, draw)  # [N, C, H, W] in [-1, 1], or [N, D]
        mean, log_variance = self.posterior(nets, image)
        latent = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        reconstruction = -self.log_density(image, nets.decoder(latent)).mean()
        divergence = kl_to_prior(mean, log_variance).mean()
        yield Update(
            "autoencoder",
            {"reconstruction": reconstruction, "divergence": self.beta * divergence},
            watch={"bound": -(reconstruction + divergence).detach()},
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "study": {  # google-research/disentanglement_lib, unsupervised_study_v1: 300,000 steps, beta 1, 2, 4, 6, 8, 10
        "resolution": 64,
        "lr": 1e-4,
        "batch": 64,
        "examples": 19_200_000,
    },
}

PROOF = Proof(
    claim="On all combinations of four factors, the numbers of a beta-VAE's codes are far less tied to one another than"
    " those of a PCA with as many, and make the images again with less error.",
    data="world:factorial",
    measure="factors",
    difference=3.0,  # nats
    bars={"error": 0.007, "middle": 0.013},
    settings={
        "resolution": 16,
        "held_out": 0.0,
        "examples": 96_000,
        "batch": 128,
        "latent": 6,
        "likelihood": "gaussian",
        "deviation": 0.2,
        "beta": 6.0,
        "layers": "dense",
        "widths": (256, 256),
    },
)
