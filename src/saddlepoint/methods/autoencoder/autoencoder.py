"""Autoencoder: a code from which an image is made again. Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647.

Dense or convolutional; with `corruption` a denoising autoencoder (Vincent et al. 2008, doi:10.1145/1390156.1390294),
which is shown a spoilt image and makes the clean one; with `contraction` a contractive one (Rifai et al. 2011).

Paper     here
h(x)      `encode`
g(h)      `decode`
W, W'     weights, and their transposes where `tied`
|J_h|^2   squares of the code's slopes, estimated from one random direction: its mean is the sum over all of them
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.corruption import Corruption, check_amount, corrupted
from saddlepoint.nn.backbones.autoencoder import Activation, ConvAutoencoder, DenseAutoencoder
from saddlepoint.nn.backbones.dcgan import check_size
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class Autoencoder(Method):
    """An autoencoder: it describes images by codes, makes them again, and, trained with a corruption, cleans them."""

    takes = ImageBatch
    compiles = ()

    latent: Width = 32
    """length of the code"""
    layers: Literal["convolutional", "dense"] = "convolutional"
    """networks for images: strided convolutions, or fully connected ones, which points always get"""
    code_maps: bool = False
    """convolutional: let the smallest feature maps be the code, without a bottleneck, as suits a denoiser"""
    width: Width = 32
    """convolutional channels at half the image's side; they double with each halving, to at most 8 times"""
    widths: tuple[Width, ...] = (256, 128)
    """units of the dense encoder's hidden layers; the decoder has them in reverse"""
    activation: Activation = "relu"
    """of the dense hidden layers"""
    code: Activation = "linear"
    """what the dense code layer ends in; linear, with no `widths` and squared error, spans what PCA does"""
    tied: bool = False
    """give the dense decoder the transposes of the encoder's weights"""
    loss: Literal["squared", "cross-entropy"] = "squared"
    """half the squared error, or the cross-entropy of brightness, from 0 for black to 1 for white; summed over an image
    """
    corruption: Corruption = "none"
    """what is done to each image it is shown, while its aim stays clean: values made black (masking), black or white,
    or Gaussian noise"""
    noise: Weight = 0.3
    """share of values that are corrupted, or the standard deviation of the noise, where images span -1 to 1"""
    contraction: Weight = 0.0
    """weight of the squared slopes of the code, which keeps codes from changing where no data lie"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_amount(self.corruption, self.noise)
        if self.code_maps and self.layers == "dense":
            raise ConfigError("--code-maps leaves convolutional maps as the code: leave it out, or --layers dense.")

    def networks(self, data: DataSpec) -> Networks:
        image = isinstance(data.main, Image) and data.main.bits < 32
        if not image and (self.loss == "cross-entropy" or self.corruption == "salt-and-pepper"):
            raise ConfigError(f"{data.main} have no black and white: use --loss squared and another --corruption.")
        network: nn.Module
        if self.layers == "dense" or len(data.shape) == 1:
            sizes = (*self.widths, self.latent)
            network = DenseAutoencoder(data.shape, sizes, self.activation, code=self.code, tied=self.tied)
        else:
            size = check_size(data.size, instead=" or --layers dense")
            network = ConvAutoencoder(data.channels, size, self.width, 0 if self.code_maps else self.latent)
        return Networks(autoencoder=network, bounded=Number(float(image)))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"autoencoder": Adam("autoencoder", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1], or [N, D]
        shown = corrupted(image, self.corruption, self.noise, draw.noise, draw.uniform)
        if self.contraction:
            shown = shown.detach().requires_grad_()
        code = nets.autoencoder.encode(shown)
        decoded = nets.autoencoder.decode(code)
        losses = {"reconstruction": self.error(image, decoded).mean()}
        if self.contraction:
            slopes = squared_slopes(code, shown, draw.noise(*code.shape))
            losses["contraction"] = self.contraction * slopes.mean()
        with torch.no_grad():
            mean_square = (self._values(decoded) - image).square().mean()
        yield Update("autoencoder", losses, watch={"mean_square": mean_square})

    def error(self, image: Tensor, decoded: Tensor) -> Tensor:
        """What is minimised, summed over each image's values.  [N]

        image: [N, ...], clean. decoded: [N, ...], means, or logits of white under a cross-entropy.
        """
        if self.loss == "squared":
            terms = 0.5 * (decoded - image).square()
        else:
            terms = F.binary_cross_entropy_with_logits(decoded, (image + 1) / 2, reduction="none")
        return terms.flatten(1).sum(1)

    def _values(self, decoded: Tensor) -> Tensor:
        return decoded.sigmoid() * 2 - 1 if self.loss == "cross-entropy" else decoded

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The code of each.  [n, latent], or [n, C, h, w] where the maps are the code"""
        network: Any = nets.get_submodule("autoencoder")
        code: Tensor = network.encode(images)
        return code

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their codes; of a denoising one, cleaned."""
        network: Any = nets.get_submodule("autoencoder")
        values = self._values(network.decode(network.encode(images)))
        bound = torch.where(nets.get_submodule("bounded").get_buffer("value") > 0, 1.0, torch.inf)
        return values.clamp(-bound, bound)

    def directions(self) -> Mapping[str, str]:
        """An image becomes its reconstruction."""
        return {"image": "reconstruction"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """See `reconstruct`; nothing is left to chance."""
        return self.reconstruct(nets, images)

    def corrupt(self, images: Tensor, seed: int) -> Tensor:
        """Images as training shows them, spoilt by random numbers of `seed`."""
        stream = generator(seed, "corruption")

        def noise(*shape: int) -> Tensor:
            return torch.randn(shape, generator=stream).to(images.device)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=stream).to(images.device)

        return corrupted(images, self.corruption, self.noise, noise, uniform)


def squared_slopes(code: Tensor, image: Tensor, direction: Tensor) -> Tensor:
    """Squares of all slopes of each code by its image, in the mean over directions: the Jacobian's Frobenius norm.  [N]

    code: [N, ...], computed from image [N, ...], which needs a gradient. direction: N(0, 1), of the code's shape.
    """
    (slope,) = torch.autograd.grad((code * direction).sum(), image, create_graph=True)
    return slope.flatten(1).square().sum(1)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "pca": {"layers": "dense", "widths": (), "code": "linear", "tied": True},  # linear: the subspace of PCA
    "denoising": {  # Vincent et al. 2008; deeplearning.net's dA.py, which moves by SGD of rate .1 where Adam does here
        "layers": "dense",
        "widths": (),
        "latent": 500,
        "code": "sigmoid",
        "activation": "sigmoid",
        "tied": True,
        "loss": "cross-entropy",
        "corruption": "masking",
        "noise": 0.3,
        "batch": 20,
    },
}

PROOF = Proof(
    claim="A convolutional denoising autoencoder takes noise off with less error than the best linear denoiser.",
    data="world:shapes",
    measure="denoising",
    share=0.92,
    settings={
        "resolution": 16,
        "channels": 1,
        "code_maps": True,
        "corruption": "gaussian",
        "noise": 0.6,
        "images": 60_000,
        "lr": 3e-3,
    },
)
