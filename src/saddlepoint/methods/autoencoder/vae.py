"""VAE: an encoder and a decoder that bound the likelihood together. Kingma & Welling 2014, arXiv:1312.6114, eq. 7, 10.

Paper  here
z      latent, N(0, 1) before anything is seen
q(z|x) the encoder's normal distribution, by mean and log-variance
p(x|z) the decoder's distribution of each pixel: `likelihood`
beta   weight of the divergence of q from the prior (Higgins et al. 2017, beta-VAE)
k      `samples`: of the importance-weighted bound (IWAE), Burda et al. 2016, arXiv:1509.00519, eq. 8
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

from saddlepoint.config import Count, Weight
from saddlepoint.errors import ConfigError
from saddlepoint.losses.divergence import kl_to_prior
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.variational import Variational


@final
@dataclass(frozen=True, kw_only=True)
class VAE(Variational):
    """A variational autoencoder: it samples, reconstructs, and says how likely an image is."""

    beta: Weight = 1.0
    """weight of the divergence from the prior; above 1 codes are simpler and images less exact"""
    samples: Count = 1
    """codes drawn of each image; with more than 1 the importance-weighted bound is trained (IWAE), which is tighter"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples > 1 and self.beta != 1:
            raise ConfigError("the importance-weighted bound has no divergence to weigh: leave beta at 1, or samples.")

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.shown(draw().image, draw)  # [N, C, H, W] in [-1, 1], or [N, D]
        if self.samples > 1:
            weights = self.log_weights(nets, image, draw.noise(len(image), self.samples, self.latent))
            bound = (weights.logsumexp(1) - math.log(self.samples)).mean()
            yield Update("autoencoder", {"minus_bound": -bound}, watch={"bound": bound.detach()})
            return
        mean, log_variance = self.posterior(nets, image)
        latent = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        reconstruction = -self.log_density(image, nets.get_submodule("decoder")(latent)).mean()
        divergence = kl_to_prior(mean, log_variance).mean()
        yield Update(
            "autoencoder",
            {"reconstruction": reconstruction, "divergence": self.beta * divergence},
            watch={"bound": -(reconstruction + divergence).detach()},
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "iwae": {  # github.com/yburda/iwae, experiments.py, one layer: tanh there, ReLU here
        "samples": 50,  # k: 1, 5 and 50 there
        "resolution": 28,
        "layers": "dense",
        "latent": 50,
        "widths": (200, 200),
        "lr": 1e-3,  # falls tenfold over 3,280 epochs there, constant here
        "batch": 20,
    },
}

PROOF = Proof(
    claim="A VAE finds held-out digits far likelier than knowing how often each pixel is white does.",
    data="digits",
    measure="held-out-bound",
    share=0.85,
    settings={"images": 400_000, "batch": 64, "held_out": 0.2, "latent": 16},
)
