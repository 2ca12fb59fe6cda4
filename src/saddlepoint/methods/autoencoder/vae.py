"""VAE: an encoder and a decoder that bound the likelihood together. Kingma & Welling 2014, arXiv:1312.6114, eq. 7, 10.

Paper  here
z      latent, N(0, 1) before anything is seen
q(z|x) the encoder's normal distribution, by mean and log-variance
p(x|z) the decoder's distribution of each pixel: `likelihood`
beta   weight of the divergence of q from the prior (Higgins et al. 2017, beta-VAE)
The importance-weighted bound for held-out images is Burda et al. 2016, arXiv:1509.00519, eq. 8.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import generator, normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.initialisation import initialise

Likelihood = Literal["bernoulli", "gaussian"]
_DECODED = 20_000
"""latents decoded at once for a bound"""


@final
@dataclass(frozen=True, kw_only=True)
class VAE(Method):
    """A variational autoencoder: it samples, reconstructs, and says how likely an image is."""

    takes = ImageBatch
    prior: ClassVar[str] = "normal"
    exact: ClassVar[bool] = False
    compiles = ("encoder", "decoder")

    latent: Width = 50
    """length of the code"""
    likelihood: Likelihood = "bernoulli"
    """what the decoder states of a pixel: that it is white with some probability, or a mean with a fixed deviation"""
    deviation: Positive = 1.0
    """standard deviation of a Gaussian pixel, where images span -1 to 1"""
    beta: Weight = 1.0
    """weight of the divergence from the prior; above 1 codes are simpler and images less exact"""
    layers: Literal["convolutional", "dense"] = "convolutional"
    """networks for images: strided convolutions, or fully connected ones, which points always get"""
    width: Width = 32
    """convolutional channels at half the image's side; they double with each halving, to at most 8 times"""
    widths: tuple[Width, ...] = (200, 200)
    """units of the dense encoder's hidden layers; the decoder has them in reverse"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.shape) == 1 and self.likelihood == "bernoulli":
            raise ConfigError("points are not black or white; use --likelihood gaussian.")
        if self.layers == "dense" or len(data.shape) == 1:
            encoder: nn.Module = MLPCritic(data.shape, self.widths, outputs=2 * self.latent)
            decoder: nn.Module = MLPGenerator(self.latent, self.widths[::-1], data.shape, bounded=False)
        else:
            image = (data.channels, check_size(data.size, instead=" or --layers dense"), self.width, 4)
            encoder = DCGANCritic(*image, outputs=2 * self.latent, norm="none")
            decoder = DCGANGenerator(self.latent, *image, norm=False, bounded=False)
        nets = Networks(encoder=encoder, decoder=decoder)
        initialise(nets, "glorot")
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        return {"autoencoder": Adam("encoder", "decoder", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1], or [N, D]
        if self.likelihood == "bernoulli":  # made black or white afresh each time it is shown
            image = torch.where(draw.uniform(*image.shape) < (image + 1) / 2, 1.0, -1.0)
        mean, log_variance = self.posterior(nets, image)
        latent = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        reconstruction = -self.log_density(image, nets.get_submodule("decoder")(latent)).mean()
        divergence = kl_to_prior(mean, log_variance).mean()
        yield Update(
            "autoencoder",
            {"reconstruction": reconstruction, "divergence": self.beta * divergence},
            watch={"bound": -(reconstruction + divergence).detach()},
        )

    def posterior(self, nets: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x), [N, latent] each, float32."""
        mean, log_variance = nets.get_submodule("encoder")(image).float().chunk(2, 1)
        return mean, log_variance

    def log_density(self, image: Tensor, decoded: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over all pixels of an image.  [N]

        image: [N, ...] in [-1, 1]. decoded: [N, ...], logits of white (Bernoulli) or means (Gaussian).
        """
        if self.likelihood == "bernoulli":
            terms = -F.binary_cross_entropy_with_logits(decoded, (image + 1) / 2, reduction="none")
        else:
            square = ((image - decoded) / self.deviation).square()
            terms = -0.5 * square - math.log(self.deviation) - 0.5 * math.log(2 * math.pi)
        return terms.flatten(1).sum(1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU, from the prior; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent, seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """The mean of each pixel, [n, C, H, W] in [-1, 1] (points [n, D]), float32; no pixel noise is added.

        Truncation under 1 leaves latents near the middle of the prior.
        """
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        decoded: Tensor = nets.get_submodule("decoder")(truncated(latents, how))
        if self.likelihood == "bernoulli":
            return decoded.sigmoid() * 2 - 1
        return decoded.clamp(-1, 1) if decoded.dim() > 2 else decoded

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The mean of q(z|x).  [n, latent]"""
        return self.posterior(nets, images)[0]

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from the means of their codes."""
        return self.generate(nets, self.encode(nets, images))

    @property
    def pixels_as(self) -> PixelsAs:
        """What the bound is of: black and white pixels have a probability, others a density."""
        return "binary" if self.likelihood == "bernoulli" else "continuous"

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """The importance-weighted lower bound of log p(x) in nats, [n]: of a probability (Bernoulli) or a density.

        Its expectation rises with `samples` (k in the paper) towards log p(x); with 1 it is the usual bound.
        Raises CapabilityError for grey pixels under a Bernoulli likelihood, which have no probability.
        """
        if self.likelihood == "bernoulli" and not bool((images.abs() == 1).all()):
            raise CapabilityError("this likelihood is of black and white pixels: set each to -1 or 1, as by chance.")
        at_once = max(1, _DECODED // samples)
        stream = generator(seed, "importance", device=images.device)
        return torch.cat([self._bound(nets, part, samples, stream) for part in images.split(at_once)])

    def _bound(self, nets: nn.Module, images: Tensor, samples: int, stream: torch.Generator) -> Tensor:
        mean, log_variance = (each.repeat_interleave(samples, 0) for each in self.posterior(nets, images))
        noise = torch.randn(mean.shape, generator=stream, device=mean.device)
        latent = mean + (log_variance / 2).exp() * noise  # [n samples, latent]
        decoded = nets.get_submodule("decoder")(latent)
        # log p(x|z) + log p(z) - log q(z|x), where the constants of the two normal densities cancel
        weight = self.log_density(images.repeat_interleave(samples, 0), decoded)
        weight += 0.5 * (noise.square() + log_variance - latent.square()).sum(1)
        return weight.view(len(images), samples).logsumexp(1) - math.log(samples)


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, summed over a code.  [N, latent] twice -> [N]

    Source: Kingma & Welling 2014, arXiv:1312.6114, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "iwae": {  # github.com/yburda/iwae, experiments.py, one layer and k = 1: tanh there, ReLU here
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
