"""AC-GAN: the critic also names the class, and both players want it right. Odena et al. 2017, arXiv:1610.09585, sec. 3.

Paper  here
L_S    "real" and "fake": is the image real?
L_C    "real_class" and "fake_class": which class is it?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.conditional import Conditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size
from saddlepoint.nn.backbones.labelled import LabelledGenerator


@final
@dataclass(frozen=True, kw_only=True)
class ACGAN(Conditional):
    """A class-conditional GAN on DCGAN's networks; one linear map ends the critic in a source and a logit a class."""

    takes = LabelledBatch
    batch_statistics = True

    class_weight: Weight = 1.0
    """weight of the class terms beside the source terms, for both players"""
    generator_width: Width = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels at half the image's side, likewise"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        size, classes = check_size(data.size), len(data.classes)
        generator = DCGANGenerator(self.latent + classes, data.channels, size, self.generator_width, kernel=4)
        return Networks(
            generator=LabelledGenerator(generator, classes),
            critic=DCGANCritic(data.channels, size, self.critic_width, kernel=4, outputs=1 + classes),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        label = batch.label
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(label)), label)
        (real, real_class), (fake, fake_class) = split(nets.critic(batch.image)), split(nets.critic(fakes))
        losses = critic_loss("non-saturating", real, fake)
        losses["real_class"] = self.class_weight * F.cross_entropy(real_class.float(), label)
        losses["fake_class"] = self.class_weight * F.cross_entropy(fake_class.float(), label)
        right = (real_class.detach().argmax(1) == label).float().mean()
        yield Update("critic", losses, watch={**mean_logits(real, fake), "right": right})
        fake, fake_class = split(nets.critic(nets.generator(self.draw_latents(draw, len(label)), label)))
        class_loss = self.class_weight * F.cross_entropy(fake_class.float(), label)
        yield Update("generator", {"fake": generator_loss("non-saturating", fake), "class": class_loss})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class, as the critic names it: [n, classes]."""
        return {"class": split(nets.get_submodule("critic")(examples))[1].float().softmax(1)}


def split(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's [N, 1 + classes] as source logits [N] and class logits [N, classes]."""
    return outputs[:, 0], outputs[:, 1:]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist-port": {  # github.com/lukedeo/keras-acgan, mnist_acgan.py, on 28x28 with networks and embedding of its own
        "resolution": 32,
        "prior": "uniform",
        "batch": 100,  # the generator's is 200 there, with labels drawn evenly
        "lr": 2e-4,
        "beta1": 0.5,
        "ema_images": 0.0,
    },
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="An AC-GAN asked for a digit draws that digit, and nearer to real ones than a Gaussian for each class does.",
    data="digits",
    measure="conditional",
    share=0.5,
    bars={"least_class": 0.9},  # a Gaussian of each class has .96 over all, but .80 to .84 in its worst class
    settings={"images": 200_000, "batch": 64},
)
