"""Deep autoencoder: stacked RBMs, unrolled and tuned. Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647.

Each layer is first a restricted Boltzmann machine, trained by contrastive divergence on what the layers below make of
the images; then all of them are unrolled into an encoder and a decoder, whose weights start as transposes of the
encoder's and are free from there, and are tuned by backpropagation. The code layer is linear.

Paper                      here
visible, hidden units      `Machine` of losses/energy.py: weight [V, H] and a bias each
CD-1                       hidden states drawn, reconstructions and what the next layer learns from as probabilities
conjugate gradient         Adam
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.energy import (
    Machine,
    bernoulli_states,
    energy,
    hidden_probability,
    visible_probability,
)
from saddlepoint.methods.base import SGD, Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.nn.backbones.autoencoder import DenseAutoencoder

_SPREAD = 0.1
"""standard deviation of a machine's first weights"""
_LOOKED_AT = 5000
"""images whose mean and spread Gaussian pixels are standardised by"""


@final
class BoltzmannMachine(nn.Module):
    """The parameters of one machine, with V visible and H hidden units."""

    def __init__(self, visible: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_SPREAD * torch.randn(visible, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def machine(self) -> Machine:
        """As the energies take them."""
        return Machine(self.weight, self.visible_bias, self.hidden_bias)


@final
class Pixels(nn.Module):
    """Between images [N, C, H, W] in [-1, 1] and the rows [N, D] that the first machine sees.

    Bernoulli units see brightness from 0 to 1; Gaussian ones see numbers of mean 0 for each pixel and variance 1 over
    all of them.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.full((math.prod(shape),), -1.0))
        self.register_buffer("spread", torch.tensor(2.0))

    @torch.no_grad()
    def standardise(self, images: Tensor) -> None:
        """Take mean and spread from images: for Gaussian units."""
        rows = images.float().flatten(1)
        self.mean.copy_(rows.mean(0))
        self.spread.copy_((rows - self.mean).square().mean().sqrt().clamp_min(1e-6))

    def rows(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, D]"""
        return (images.float().flatten(1) - self.mean) / self.spread

    def images(self, rows: Tensor) -> Tensor:
        """[N, D] -> [N, C, H, W], cut to [-1, 1]"""
        images: Tensor = (rows.float() * self.spread + self.mean).clamp(-1, 1).unflatten(1, self.shape)
        return images


@final
@dataclass(frozen=True, kw_only=True)
class DeepAutoencoder(Method):
    """A deep sigmoid autoencoder that restricted Boltzmann machines give its first weights."""

    takes = ImageBatch
    compiles = ()
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 100}

    latent: Width = 30
    """length of the code, which is linear"""
    widths: tuple[Width, ...] = (1000, 500, 250)
    """units of the encoder's hidden layers; the decoder has them in reverse"""
    visible: Literal["bernoulli", "gaussian"] = "bernoulli"
    """pixels as probabilities of white; or as normal numbers of variance 1, standardised, as for faces"""
    pretraining: Count = 3_000_000
    """examples that each machine learns from before the next one (50 passes over MNIST's 60,000)"""
    lr: Positive = 1e-3
    """learning rate of the unrolled network (Adam)"""
    lr_machines: Positive = 0.1
    """learning rate of the machines (SGD); a hundredth of it where one side is not binary: the code, Gaussian pixels"""
    momentum: Decay = 0.5
    """momentum of the machines (the authors raise it to .9 after five passes)"""
    weight_cost: Weight = 2e-4
    """decay of the machines' weights"""

    def networks(self, data: DataSpec) -> Networks:
        if not isinstance(data.main, Image) or data.main.bits == 32:
            raise ConfigError(f"deep_autoencoder needs images with a black and a white; the data has {data.main}.")
        sizes = (*self.widths, self.latent)
        unrolled = DenseAutoencoder(data.shape, sizes, "sigmoid")
        pairs = pairwise((unrolled.weights[0].shape[1], *sizes))
        machines = {f"machine{k}": BoltzmannMachine(*pair) for k, pair in enumerate(pairs)}
        return Networks(**machines, unrolled=unrolled, pixels=Pixels(data.shape))

    def optimisers(self) -> Mapping[str, Optim]:
        groups: dict[str, Optim] = {}
        for layer in range(self.machines):
            slow = layer == self.machines - 1 or (layer == 0 and self.visible == "gaussian")
            rate = self.lr_machines / (100 if slow else 1)
            name = f"machine{layer}"
            groups[name] = SGD(name, lr=rate, momentum=self.momentum, weight_decay=self.weight_cost)
        return {**groups, "unrolled": Adam("unrolled", lr=self.lr)}

    @property
    def machines(self) -> int:
        """How many there are, the code's included."""
        return len(self.widths) + 1

    def stages(self) -> tuple[Stage, ...]:
        return (*(Stage(examples=self.pretraining) for _ in range(self.machines)), Stage())

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        if self.visible == "gaussian":
            nets.pixels.standardise(look(_LOOKED_AT).tensors()["image"])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        x = nets.pixels.rows(draw().image)  # [N, D]
        if clock.stage < self.machines:
            yield self._machine_step(nets, clock.stage, x, draw)
            return
        decoded = nets.unrolled(x.unflatten(1, nets.unrolled.shape)).flatten(1)
        if self.visible == "bernoulli":
            terms = F.binary_cross_entropy_with_logits(decoded, x, reduction="none")
        else:
            terms = 0.5 * (decoded - x).square()
        with torch.no_grad():
            mean_square = (self._values(decoded) - x).square().mean()
        yield Update("unrolled", {"reconstruction": terms.sum(1).mean()}, watch={"mean_square": mean_square})

    def _machine_step(self, nets: Networks, layer: int, x: Tensor, draw: Draw) -> Update:
        """One step of contrastive divergence for one machine."""
        module: Any = nets.get_submodule(f"machine{layer}")
        machine = module.machine()
        top, gaussian = layer == self.machines - 1, layer == 0 and self.visible == "gaussian"
        with torch.no_grad():
            for below in range(layer):
                x = nets.unrolled.up(below, x)
            # hidden states are drawn; everything else is a probability, or a mean
            hidden = hidden_mean(machine, x, linear=top)
            states = hidden + draw.noise(*hidden.shape) if top else bernoulli_states(hidden, draw.uniform)
            visible = visible_mean(machine, states, linear=gaussian)
            answer = hidden_mean(machine, visible, linear=top)
            mean_square = (visible - x).square().mean()
        loss = energy(machine, x, hidden).mean() - energy(machine, visible, answer).mean()
        return Update(f"machine{layer}", {"divergence": loss}, watch={"mean_square": mean_square})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        if clock.stage < self.machines:  # so that the unrolled network is the machines whenever tuning begins
            unroll(nets, clock.stage)

    def _values(self, decoded: Tensor) -> Tensor:
        return decoded.sigmoid() if self.visible == "bernoulli" else decoded

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The code of each.  [n, latent]"""
        pixels: Any = nets.get_submodule("pixels")
        unrolled: Any = nets.get_submodule("unrolled")
        code: Tensor = unrolled.encode(pixels.rows(images))
        return code

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their codes."""
        pixels: Any = nets.get_submodule("pixels")
        unrolled: Any = nets.get_submodule("unrolled")
        reconstruction: Tensor = pixels.images(self._values(unrolled.decode(self.encode(nets, images)).flatten(1)))
        return reconstruction

    def directions(self) -> Mapping[str, str]:
        """An image becomes its reconstruction."""
        return {"image": "reconstruction"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """See `reconstruct`; nothing is left to chance."""
        return self.reconstruct(nets, images)


def hidden_mean(machine: Machine, visible: Tensor, *, linear: bool) -> Tensor:
    """Probabilities of binary hidden units, or means of linear ones.  [N, V] -> [N, H]"""
    return visible @ machine.weight + machine.hidden_bias if linear else hidden_probability(machine, visible)


def visible_mean(machine: Machine, hidden: Tensor, *, linear: bool) -> Tensor:
    """Probabilities of binary visible units, or means of Gaussian ones.  [N, H] -> [N, V]"""
    return hidden @ machine.weight.T + machine.visible_bias if linear else visible_probability(machine, hidden)


@torch.no_grad()
def unroll(nets: nn.Module, layer: int) -> None:
    """Copy one machine into the encoder's and the decoder's layer that it stands for."""
    machine: Any = nets.get_submodule(f"machine{layer}")
    unrolled: Any = nets.get_submodule("unrolled")
    unrolled.weights[layer].copy_(machine.weight.T)
    unrolled.weights_back[layer].copy_(machine.weight)
    unrolled.biases[layer].copy_(machine.hidden_bias)
    unrolled.biases_back[layer].copy_(machine.visible_bias)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {"data": "mnist", "resolution": 28, "images": 24_000_000},  # mnistdeepauto.m; 200 passes of CG at the end
    "faces": {  # the paper's 625-2000-1000-500-30 on patches of the Olivetti faces
        "data": "olivetti",
        "resolution": 25,
        "visible": "gaussian",
        "widths": (2000, 1000, 500),
    },
    "small": {  # minutes on a processor
        "widths": (256, 128, 64),
        "pretraining": 100_000,
        "images": 1_000_000,
    },
}

PROOF = Proof(
    claim="Eight numbers of a deep autoencoder tell more of a held-out digit than eight principal components do.",
    data="digits",
    measure="compression",
    share=0.68,
    settings={
        "held_out": 0.2,
        "latent": 8,
        "widths": (256, 128, 64),
        "pretraining": 60_000,
        "images": 440_000,
    },
)
