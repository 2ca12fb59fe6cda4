"""Autoencoders that describe an image by a normal distribution of codes: their networks, and what trained ones can do.

q(z|x) is the encoder's normal distribution, p(x|z) the decoder's distribution of each pixel. Kingma & Welling 2014,
arXiv:1312.6114. The importance-weighted bound is Burda et al. 2016, arXiv:1509.00519, eq. 8.
"""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import generator, normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Adam, Draw, Method, Networks, Optim
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.initialisation import initialise

Likelihood = Literal["bernoulli", "gaussian"]
_DECODED = 20_000
"""latents decoded at once for a bound"""


@dataclass(frozen=True, kw_only=True)
class Variational(Method, ABC):
    """A method with networks `encoder` and `decoder` that bounds the likelihood of an image from below."""

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

    def shown(self, image: Tensor, draw: Draw) -> Tensor:
        """Images as the networks learn them: under a Bernoulli likelihood made black or white afresh each time."""
        if self.likelihood == "gaussian":
            return image
        return torch.where(draw.uniform(*image.shape) < (image + 1) / 2, 1.0, -1.0)

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
            raise CapabilityError(
                "this likelihood is of black and white pixels: set each to -1 or 1, by chance for example."
            )
        at_once = max(1, _DECODED // samples)
        stream = generator(seed, "importance", device=images.device)
        return torch.cat([self._bound(nets, part, samples, stream) for part in images.split(at_once)])

    def _bound(self, nets: nn.Module, images: Tensor, samples: int, stream: torch.Generator) -> Tensor:
        count = len(images) * samples
        noise = torch.randn(count, self.latent, generator=stream, device=images.device)
        weights = self.log_weights(nets, images, noise.view(len(images), samples, -1))
        return weights.logsumexp(1) - math.log(samples)

    def log_weights(self, nets: nn.Module, images: Tensor, noise: Tensor) -> Tensor:
        """log p(x, z) - log q(z|x) in nats at codes drawn for each image by noise [N, k, latent].  [N, k]"""
        samples, noise = noise.shape[1], noise.flatten(0, 1)
        mean, log_variance = (each.repeat_interleave(samples, 0) for each in self.posterior(nets, images))
        latent = mean + (log_variance / 2).exp() * noise  # [N k, latent]
        decoded = nets.get_submodule("decoder")(latent)
        # log p(x|z) + log p(z) - log q(z|x), where the constants of the two normal densities cancel
        weight = self.log_density(images.repeat_interleave(samples, 0), decoded)
        weight = weight + 0.5 * (noise.square() + log_variance - latent.square()).sum(1)
        return weight.view(-1, samples)
