"""Conditional GAN: both players know the class. Mirza & Osindero 2014, arXiv:1411.1784, section 3.2.

Two ways for the critic to know it: the label beside the image, as in the paper; or projection, a linear map of its
features for each class added to its verdict (Miyato & Koyama 2018, arXiv:1802.05637, eq. 5).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Share, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import SGD, Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.conditional import Conditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, Size, check_size
from saddlepoint.nn.backbones.labelled import LabelledGenerator, with_label
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.maxout import Maxout

Conditioning = Literal["concat", "projection"]


@final
class DenseGenerator(nn.Module):
    """[N, latent], [N] int64 -> examples of `shape`, images in [-1, 1]: the paper's layers.

    200 ReLU units from the noise and 1,000 from the label meet in 1,200.
    """

    def __init__(self, latent: int, classes: int, shape: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.classes, self.shape = classes, shape
        self.latent, self.label = nn.Linear(latent, 200), nn.Linear(classes, 1000)
        self.joint, self.output = nn.Linear(1200, 1200), nn.Linear(1200, math.prod(shape))
        self.dropout = nn.Dropout(dropout)

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        hot = F.one_hot(label, self.classes).to(latent.dtype)
        x = self.dropout(F.relu(torch.cat([self.latent(latent), self.label(hot)], 1)))
        x = self.dropout(F.relu(self.joint(x)))
        images: Tensor = self.output(x).float().unflatten(1, self.shape)
        return images.tanh() if len(self.shape) > 1 else images


@final
class DenseCritic(nn.Module):
    """Examples of `shape`, [N] int64 -> [N] logits, by the paper's maxout layers.

    240 units of 5 pieces from the image and 50 from the label meet in 240 of 4. Under projection the image goes alone.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, conditioning: Conditioning, dropout: float) -> None:
        super().__init__()
        self.classes, beside = classes, conditioning == "concat"
        self.image = Maxout(math.prod(shape), 240, 5)
        self.label = Maxout(classes, 50, 5) if beside else None
        self.joint = Maxout(290 if beside else 240, 240, 4)
        self.output = nn.Linear(240, 1 if beside else 1 + classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        x = self.image(image.flatten(1))
        if self.label is not None:
            x = torch.cat([x, self.label(F.one_hot(label, self.classes).to(x.dtype))], 1)
        outputs: Tensor = self.output(self.dropout(self.joint(self.dropout(x))))
        return outputs.squeeze(1) if self.label is not None else projected(outputs, label)


@final
class ConvolutionalCritic(nn.Module):
    """Images, [N] int64 -> [N] logits: DCGAN's critic; the label as constant maps beside the image, or projected."""

    def __init__(self, channels: int, size: Size, width: int, classes: int, conditioning: Conditioning) -> None:
        super().__init__()
        self.classes, self.conditioning = classes, conditioning
        beside = conditioning == "concat"
        outputs = None if beside else 1 + classes
        self.network = DCGANCritic(channels + classes * beside, size, width, kernel=4, outputs=outputs)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        if self.conditioning == "projection":
            return projected(self.network(image), label)
        logits: Tensor = self.network(with_label(image, label, self.classes))
        return logits


def projected(outputs: Tensor, label: Tensor) -> Tensor:
    """The sum of a verdict for all classes and one for the class at hand.  [N, 1 + classes], [N] -> [N]

    Both are linear maps of the critic's features h: output 0 is the paper's psi(h), output 1 + y its <v_y, h>.
    """
    return outputs[:, 0] + outputs.gather(1, 1 + label[:, None]).squeeze(1)


@final
@dataclass(frozen=True, kw_only=True)
class CGAN(Conditional):
    """The conditional GAN, convolutional or with the paper's fully connected layers."""

    takes = LabelledBatch
    batch_statistics = True

    conditioning: Conditioning = "concat"
    """how the discriminator (critic) knows the class: the label beside the image, or projected on its features"""
    layers: Literal["convolutional", "dense"] = "convolutional"
    """networks for images: DCGAN's, or the paper's fully connected ones, which points always get"""
    generator_width: Width = 64
    """the convolutional generator's channels at half the image's side; they double with each halving, to 8 times"""
    critic_width: Width = 64
    """the convolutional critic's channels at half the image's side, likewise"""
    dropout: Share = 0.5
    """share of the dense networks' hidden units left out in training"""
    optimiser: Literal["adam", "sgd"] = "adam"
    """how both players step"""
    lr: Positive = 2e-4
    """learning rate of both players"""
    momentum: Decay = 0.5
    """Adam's first beta, or SGD's momentum"""

    def networks(self, data: DataSpec) -> Networks:
        classes = len(data.classes)
        if self.layers == "dense" or len(data.shape) == 1:
            nets = Networks(
                generator=DenseGenerator(self.latent, classes, data.shape, self.dropout),
                critic=DenseCritic(data.shape, classes, self.conditioning, self.dropout),
            )
            initialise(nets, "he")
            return nets
        size = check_size(data.size, instead=" or --layers dense")
        generator = DCGANGenerator(self.latent + classes, data.channels, size, self.generator_width, kernel=4)
        return Networks(
            generator=LabelledGenerator(generator, classes),
            critic=ConvolutionalCritic(data.channels, size, self.critic_width, classes, self.conditioning),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        players = ("generator", "critic")
        if self.optimiser == "sgd":
            return {name: SGD(name, lr=self.lr, momentum=self.momentum) for name in players}
        return {name: Adam(name, lr=self.lr, betas=(self.momentum, 0.999)) for name in players}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        label = batch.label
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(label)), label)
        real, fake = nets.critic(batch.image, label), nets.critic(fakes, label)
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(label)), label), label)
        yield Update("generator", {"fake": generator_loss("non-saturating", fake)})


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {  # section 4.1, MNIST; images are [-1, 1] with tanh here, [0, 1] with a sigmoid there
        "resolution": 28,
        "layers": "dense",
        "prior": "uniform",
        "dropout": 0.5,
        "optimiser": "sgd",
        "lr": 0.1,  # divided by 1.00004 a step down to 1e-6 there, constant here
        "momentum": 0.5,  # risen to .7 there, constant here
        "batch": 100,
        "ema_images": 0.0,
    },
    "authors-dcgan": {  # github.com/Newmu/dcgan_code, mnist/train_cond_dcgan.py: there the label joins every layer
        "resolution": 32,  # 28 there
        "prior": "uniform",
        "lr": 2e-4,
        "batch": 128,
        "ema_images": 0.0,
    },
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="A conditional GAN asked for a digit draws it, nearer to real ones than a Gaussian for each class does.",
    data="digits",
    measure="conditional",
    share=0.5,
    bars={"least_class": 0.9},  # a Gaussian of each class has .96 over all, but .80 to .84 in its worst class
    settings={"images": 200_000, "batch": 64, "conditioning": "projection"},
)
