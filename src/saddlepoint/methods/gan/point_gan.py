"""Point GAN: makes clouds, point by point or through codes of an autoencoder. Achlioptas et al. 2018, arXiv:1707.02392.

Paper    here
r-GAN    `space` "clouds": the critic sees points
l-GAN    `space` "codes": an autoencoder learns first, by Chamfer's distance; then the critic sees its codes
z        N(0, .2²): latents are N(0, 1), and the generator begins with a fifth of them
Both games are WGAN-GP, which the paper has for the l-GAN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Positive, Weight, Width
from saddlepoint.data.batches import CloudBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.clouds import chamfer
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.pointwise import point_layers

_SPREAD = 0.2


def dense(*widths: int) -> nn.Sequential:
    """Linear maps with ReLU between them."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@final
class FromVector(nn.Module):
    """[N, inputs], times `scale` -> [N, *shape]: linear maps with ReLU between them."""

    def __init__(self, inputs: int, widths: tuple[int, ...], shape: tuple[int, ...], scale: float = 1.0) -> None:
        super().__init__()
        self.layers = dense(inputs, *widths, int(torch.tensor(shape).prod()))
        self.shape, self.scale = shape, scale

    def forward(self, vector: Tensor) -> Tensor:
        outputs: Tensor = self.layers(vector * self.scale).float()
        return outputs.view(-1, *self.shape)


@final
class CloudCritic(nn.Module):
    """Clouds [N, P, 3] -> scores [N]: the same maps for all points, the largest over points, and dense layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        w = width
        self.points = nn.Sequential(dense(3, w, 2 * w, 4 * w, 4 * w, 8 * w), nn.ReLU())
        self.whole = nn.Sequential(dense(8 * w, 2 * w, w), nn.ReLU(), nn.Linear(w, 1, bias=False))

    def forward(self, cloud: Tensor) -> Tensor:
        scores: Tensor = self.whole(self.points(cloud).max(1).values)
        return scores.flatten().float()


@final
class CodeCritic(nn.Module):
    """Codes [N, code] -> scores [N]."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(dense(code, 2 * code, 4 * code), nn.ReLU(), nn.Linear(4 * code, 1, bias=False))

    def forward(self, code: Tensor) -> Tensor:
        scores: Tensor = self.layers(code)
        return scores.flatten().float()


@final
class CloudEncoder(nn.Module):
    """Clouds [N, P, 3] -> codes [N, code]: shared layers with batch norm, and the largest over points."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.points = point_layers(3, (width, 2 * width, 2 * width, 4 * width, code))

    def forward(self, cloud: Tensor) -> Tensor:
        code: Tensor = self.points(cloud).max(1).values
        return code.float()


@final
@dataclass(frozen=True, kw_only=True)
class PointGAN(Unconditional):
    """Makes clouds of as many points as the data has."""

    takes = CloudBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 50}

    latent: Width = 128
    """length of the noise vector"""
    space: Literal["clouds", "codes"] = "codes"
    """what the two players play with: points of clouds (r-GAN), or codes of an autoencoder (l-GAN)"""
    code: Width = 128
    """numbers that the autoencoder describes a cloud by"""
    width: Width = 64
    """channels of the first layers of critic and encoder"""
    pretraining: Count = 500_000
    """clouds that the autoencoder learns from before the game, where it is with codes"""
    critic_steps: Count = 5
    """critic updates for each generator update"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""
    coder_lr: Positive = 5e-4
    """learning rate of the autoencoder (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, of both players"""

    def networks(self, data: DataSpec) -> Networks:
        kind = data.main
        if not isinstance(kind, Cloud) or kind.features:
            raise ConfigError(f"point_gan makes points without colour or other numbers; the data has {kind}.")
        shape, w = kind.shape, self.width
        if self.space == "clouds":
            generator = FromVector(self.latent, (w, 2 * w, 8 * w, 16 * w), shape, _SPREAD)
            return Networks(generator=generator, critic=CloudCritic(w))
        return Networks(
            encoder=CloudEncoder(w, self.code),
            decoder=FromVector(self.code, (4 * w, 4 * w), shape),
            generator=FromVector(self.latent, (self.code,), (self.code,), _SPREAD),
            critic=CodeCritic(self.code),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        players = {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}
        coder: dict[str, Optim] = {"coder": Adam("encoder", "decoder", lr=self.coder_lr)}
        return players if self.space == "clouds" else {**coder, **players}

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(),) if self.space == "clouds" else (Stage(examples=self.pretraining), Stage())

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        """The encoder's statistics stand still while the critic sees its codes."""
        for name, network in nets.named_children():
            if name == "encoder":
                for module in network.modules():
                    if isinstance(module, nn.BatchNorm1d):
                        module.momentum = 0.1 if clock.stage == 0 else 0.0

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        if self.space == "codes" and clock.stage == 0:
            cloud = draw().cloud
            yield Update("coder", {"chamfer": chamfer(nets.decoder(nets.encoder(cloud)), cloud).mean()})
            return
        for _ in range(self.critic_steps):
            real = self.players_view(nets, draw().cloud)
            n = len(real)
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, n))
            on_real, on_fake = nets.critic(real), nets.critic(fakes)
            losses = critic_loss("wasserstein", on_real, on_fake)
            losses["penalty"] = self.penalty * gradient_penalty(nets.critic, real, fakes, draw.uniform(n))
            yield Update("critic", losses, watch={"wasserstein": (on_real - on_fake).detach().mean()})
        score = nets.critic(nets.generator(self.draw_latents(draw, n)))
        yield Update("generator", {"fake": generator_loss("wasserstein", score)})

    def players_view(self, nets: Networks, clouds: Tensor) -> Tensor:
        """Real clouds as the critic sees them: themselves, or their codes."""
        if self.space == "clouds":
            return clouds
        with torch.no_grad():
            code: Tensor = nets.encoder(clouds)
        return code

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Clouds [n, P, 3], float32; row i depends on latent i alone."""
        self.check_given(how)
        clouds: Tensor = nets.get_submodule("generator")(truncated(latents, how, self.prior))
        return clouds if self.space == "clouds" else nets.get_submodule("decoder")(clouds)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "raw": {"space": "clouds", "batch": 50},  # optas/latent_3d_points, r-GAN
    "latent": {"space": "codes", "batch": 50},  # the same, l-GAN with Chamfer's distance
}

PROOF = Proof(
    claim="Point GAN makes clouds of furniture that cover real ones, where points drawn alone are all one mean cloud.",
    data="world:pieces",
    measure="cloud-sets",
    share=1 / 2,
    bars={"coverage": 0.3, "told_apart": 0.95},
    settings={
        "batch": 32,
        "latent": 32,
        "code": 128,
        "width": 16,
        "pretraining": 16_000,
        "examples": 110_000,
        "lr": 7e-4,
        "coder_lr": 2e-3,
        "held_out": 0.15,
        "ema_images": 4_000.0,
    },
)
