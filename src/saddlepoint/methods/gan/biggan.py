"""BigGAN: large batches, a latent for every block, one embedding of classes. Brock et al. 2019, arXiv:1809.11096.

Paper                       here
ch                          width
hierarchical z, shared      `hierarchical`, `shared`
equation 3, beta            `orthogonal`: of the generator's own weights (before spectral norm), without the embedding
standing statistics         `standing`, of a loaded model; see `nn/layers/class_norm.py`
truncation trick            in sampling alone (--truncation); training draws z from N(0, 1) as it is
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Ema, Networks, Optim, Proof
from saddlepoint.methods.families.hinge_by_class import HingeByClass
from saddlepoint.nn.backbones.biggan import BigGANCritic, BigGANGenerator, attending_blocks, generator_maps
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.layers.class_norm import stand
from saddlepoint.nn.layers.initialisation import Initialisation


@final
@dataclass(frozen=True, kw_only=True)
class BigGAN(HingeByClass):
    """Images of a chosen class; made for large batches, which on one machine --accumulate can stand for."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 256}

    latent: Width = 120
    """length of the noise vector"""
    shared: Width = 128
    """length of the embedding of classes, which all norms of the generator share"""
    hierarchical: bool = True
    """give each block of the generator a part of the noise"""
    width: Width = 96
    """channels of both players at the image's side from 128 pixels on; 4 times as many up to 32"""
    attention: Natural = 64
    """side of the maps whose places attend to each other; 0, or one that the images do not have, for no attention"""
    initialisation: Initialisation = "orthogonal"
    """rule of the first weights"""
    orthogonal: Weight = 1e-4
    """weight of the generator's orthogonal regularisation; 0 for none"""
    critic_steps: Count = 2
    """discriminator (critic) updates for each generator update, each on new images and new noise"""
    generator_lr: Positive = 5e-5
    """learning rate of the generator (Adam)"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic (Adam)"""
    ema_images: Weight = 1_774_000.0
    """half-life, in images, of the generator's running average that makes the samples; 0 for none"""

    def networks(self, data: DataSpec) -> Networks:
        side, classes = check_side(data.resolution), len(data.classes)
        parts = len(generator_maps(side))
        if self.hierarchical and self.latent < parts:
            raise ConfigError(
                f"the generator has {parts} places for noise and a latent of {self.latent} numbers leaves some without:"
                f" use --latent {parts} or more."
            )
        image, rule = (data.channels, side, self.width, classes), self.initialisation
        return Networks(
            generator=BigGANGenerator(
                self.latent,
                *image,
                shared=self.shared,
                hierarchical=self.hierarchical,
                attention=self.attention,
                rule=rule,
            ),
            critic=BigGANCritic(*image, attend=attending_blocks(side, self.attention), rule=rule),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, 0.999)
        return {name: Adam(name, lr=rate, betas=betas, eps=1e-6) for name, rate in self.rates().items()}

    def ema(self) -> Ema | None:
        return Ema(("generator",), half_life=self.ema_images, ramp=0.05) if self.ema_images else None

    def generator_terms(self, nets: Networks) -> Mapping[str, Tensor]:
        """Orthogonal regularisation, equation 3."""
        return {"orthogonal": self.orthogonal * off_diagonal(nets.generator)} if self.orthogonal else {}

    def standing(self, nets: nn.Module, *, batches: int = 16, batch: int = 256, seed: int = 0) -> None:
        """Sets the generator's batch norm to its mean over `batches` batches of latents and classes in turn."""
        generator: Any = nets.get_submodule("generator")
        device = next(generator.parameters()).device
        latents = self.latents(nets, batches * batch, seed).to(device)
        labels = torch.arange(len(latents), device=device) % generator.classes
        stand(generator, (partial(generator, *part) for part in zip(latents.split(batch), labels.split(batch))))


def off_diagonal(network: nn.Module) -> Tensor:
    """The squared products of each row of a layer's own weights with each other, summed over layers: a scalar.

    The weights are those that are learnt, before spectral norm divides them; a row is what one output takes.
    Embeddings and norms have no part. Equation 3: the authors' code adds half the gradient of this.
    """
    total = torch.zeros((), device=next(network.parameters()).device)
    for name, weight in network.named_parameters():
        if weight.dim() in (2, 4) and not name.startswith("shared"):
            rows = weight.flatten(1).float()
            total = total + (rows @ rows.T).fill_diagonal_(0).square().sum()
    return total


# Settings by preset, with where each comes from: github.com/ajbrock/BigGAN-PyTorch, scripts/. The average starts with
# the run here, after 20,000 steps (CIFAR 1,000) there.
PRESETS: dict[str, dict[str, Any]] = {
    "imagenet": {"resolution": 128, "batch": 2048, "attention": 64},  # the paper; 8 times 256 by accumulation
    "bs256x8": {  # launch_BigGAN_bs256x8.sh
        "resolution": 128,
        "batch": 2048,
        "critic_steps": 1,
        "generator_lr": 1e-4,
        "critic_lr": 4e-4,
        "attention": 64,
    },
    "cifar": {  # launch_cifar_ema.sh: 500 epochs
        "resolution": 32,
        "batch": 50,
        "width": 64,
        "latent": 128,
        "hierarchical": False,
        "attention": 0,
        "initialisation": "normal",
        "orthogonal": 0.0,
        "critic_steps": 4,
        "generator_lr": 2e-4,
        "critic_lr": 2e-4,
        "ema_images": 346_500.0,
    },
    "small": {  # for a processor
        "width": 8,
        "latent": 32,
        "shared": 16,
        "attention": 0,
        "batch": 64,
        "critic_steps": 1,
        "generator_lr": 2e-4,
        "critic_lr": 8e-4,
        "ema_images": 10_000.0,
    },
}

PROOF = Proof(
    claim="A BigGAN of few channels asked for a digit draws it, nearer to real ones than a Gaussian for each class"
    " does.",
    data="digits",
    measure="conditional",
    share=0.75,
    settings={
        "images": 50_000,
        "batch": 64,
        "width": 8,
        "latent": 32,
        "shared": 16,
        "attention": 0,
        "critic_steps": 1,
        "generator_lr": 1e-3,
        "critic_lr": 4e-3,
        "ema_images": 10_000.0,
    },
)
