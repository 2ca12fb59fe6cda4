"""beta-TCVAE: a VAE that presses the numbers of a code apart. Chen et al. 2018, arXiv:1802.04942, equations 2 and 4.

Paper  here
beta   weight of the total correlation, the one part of the divergence that ties the numbers of a code together
alpha  the weight of what a code tells of its image, 1; gamma, that of each number's distance from the prior, 1
q(z)   the mixture of all posteriors, estimated within a batch: `estimator`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

from saddlepoint.config import Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.losses import divergence
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.variational import Variational
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class BetaTCVAE(Variational):
    """An autoencoder whose codes are pressed towards independent numbers, and not towards telling less."""

    batch_statistics = True
    defaults = {"batch": 2048}

    latent: Width = 10
    """length of the code"""
    beta: Weight = 6.0
    """weight of the total correlation of the codes; 1 is a VAE"""
    estimator: Literal["weighted", "stratified"] = "weighted"
    """how the density of all codes is estimated within a batch: minibatch-weighted sampling, as published, or
    minibatch-stratified, whose total correlation is no constant too high"""

    def networks(self, data: DataSpec) -> Networks:
        nets = super().networks(data)
        nets.add_module("examples", Number(data.examples))
        return nets

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.shown(draw().image, draw)  # [N, C, H, W] in [-1, 1], or [N, D]
        mean, log_variance = self.posterior(nets, image)
        latent = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        reconstruction = -self.log_density(image, nets.decoder(latent)).mean()
        weights = getattr(divergence, self.estimator)(len(image), int(nets.examples.value)).to(mean.device)
        parts = divergence.parts(latent, mean, log_variance, weights)
        yield Update(
            "autoencoder",
            {
                "reconstruction": reconstruction,
                "information": parts.information,
                "total_correlation": self.beta * parts.total_correlation,
                "dimensions": parts.dimensions,
            },
            watch={"bound": -(reconstruction + divergence.kl_to_prior(mean, log_variance).mean()).detach()},
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "dsprites": {  # github.com/rtqichen/beta-tcvae, vae_quant.py, 50 epochs of 737,280; the decoder is of tanh there
        "resolution": 64,
        "layers": "dense",
        "widths": (1200, 1200),
        "latent": 10,
        "beta": 6.0,
        "batch": 2048,
        "lr": 1e-3,
        "examples": 36_864_000,
    },
}

PROOF = Proof(
    claim="On all combinations of four factors, the numbers of a beta-TCVAE's codes are nearly independent, far nearer"
    " than those of a PCA with as many, and make the images again with less error.",
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
        "layers": "dense",
        "widths": (256, 256),
    },
)
