"""DANet: one network takes noise away, another makes it, and one critic judges the pairs of both. Yue et al. 2020,
arXiv:2007.05946.

Paper     here
x, y      target (clean), source (noisy)
R, G, D   restorer, noiser, critic; D sees a clean and a noisy image together
z         noise of one channel beside the clean image
alpha     `balance`: of the two kinds of made pairs, (R(y), y) and (x, G(x, z))
tau_1     `content`: weight of the distance of R(y) to x
tau_2     `noise_match`: weight of the distance of the local means of made and true noise
DANet+    a restorer that is trained again, with made pairs beside true ones: translate clean images by `--from target`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.keyed import generator
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Adam, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.joining_unet import JoiningUNet
from saddlepoint.nn.backbones.noise_pair_critic import NoisePairCritic
from saddlepoint.nn.layers.local_variance import local_mean


@final
@dataclass(frozen=True, kw_only=True)
class DANet(Method):
    """Denoising and the making of noise together, from pairs such as `--data sensor16:FOLDER`."""

    takes = PairedBatch
    compiles: ClassVar[tuple[str, ...]] = ("restorer", "noiser")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    width: Width = 32
    """channels of both U-Nets at full size, doubled with each halving"""
    depth: Annotated[int, Range(least=1, most=8)] = 5
    """sizes of both U-Nets"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer, doubled with each"""
    critic_steps: Count = 3
    """critic updates for each update of the other two"""
    balance: Share = 0.5
    """weight of the pairs with a restored image against those with made noise"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    content: Weight = 1000.0
    """weight of the mean absolute difference of restored and true images"""
    noise_match: Weight = 10.0
    """weight of the difference of the local means of made and true noise"""
    lr: Positive = 1e-4
    """learning rate of restorer and noiser at the beginning (Adam); it falls along half a cosine"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic, likewise"""

    def networks(self, data: DataSpec) -> Networks:
        same_size(data.image("source"), data.image("target"), "danet")
        channels = data.channels
        return Networks(
            restorer=JoiningUNet(channels, channels, self.width, self.depth, strided=True),
            noiser=JoiningUNet(channels + 1, channels, self.width, self.depth, strided=True),
            critic=NoisePairCritic(2 * channels, self.critic_width, offset=False),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        own, critic = (Cosine(rate, rate / 100) for rate in (self.lr, self.critic_lr))
        return {
            "restorer": Adam("restorer", lr=own, betas=(0.9, 0.999)),
            "noiser": Adam("noiser", lr=own, betas=(0.5, 0.9)),
            "critic": Adam("critic", lr=critic, betas=(0.5, 0.9)),
        }

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            pair = draw()
            clean, noisy = pair.target, pair.source
            with torch.no_grad():
                fakes = (
                    torch.cat((noisy - nets.restorer(noisy), noisy), 1),
                    torch.cat((clean, self.noised(nets, clean, self._noise(draw, clean))), 1),
                )
            real = torch.cat((clean, noisy), 1)
            shares = (self.balance, 1 - self.balance)
            score = sum(share * nets.critic(fake).mean() for share, fake in zip(shares, fakes))
            slope = sum(
                share * gradient_penalty(nets.critic, real, fake, draw.uniform(len(real)))
                for share, fake in zip(shares, fakes)
            )
            yield Update(
                "critic",
                {
                    "real": -nets.critic(real).mean(),
                    "fake": torch.as_tensor(score),
                    "penalty": torch.as_tensor(self.penalty * slope),
                },
            )
        restored = noisy - nets.restorer(noisy)
        noised = self.noised(nets, clean, self._noise(draw, clean))
        verdicts = (nets.critic(torch.cat((restored, noisy), 1)), nets.critic(torch.cat((clean, noised), 1)))
        yield (
            Update(
                "restorer",
                {"fake": -self.balance * verdicts[0].mean(), "l1": self.content * F.l1_loss(restored, clean)},
            ),
            Update(
                "noiser",
                {
                    "fake": -(1 - self.balance) * verdicts[1].mean(),
                    "noise": self.noise_match * F.l1_loss(local_mean(noised - clean), local_mean(noisy - clean)),
                },
            ),
        )

    def _noise(self, draw: Draw, like: Tensor) -> Tensor:
        return draw.noise(len(like), 1, *like.shape[2:])

    def noised(self, nets: nn.Module, clean: Tensor, noise: Tensor) -> Tensor:
        """Clean images [n, C, H, W] and noise [n, 1, H, W] -> noisy images, not cut to [-1, 1]."""
        added: Tensor = nets.get_submodule("noiser")(torch.cat((clean, noise), 1))
        return clean + added

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From noisy to clean, and from clean to noisy."""
        return {"source": "target", "target": "source"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Noisy images [n, C, H, W] in [-1, 1] without noise; clean ones with noise that `seed` draws, alike for
        all."""
        if origin == "source":
            residual: Tensor = nets.get_submodule("restorer")(images)
            return (images - residual).clamp(-1, 1).float()
        noise = torch.randn(1, 1, *images.shape[2:], generator=generator(seed, "noise of images"))
        noise = noise.to(images.device).expand(len(images), -1, -1, -1)
        return self.noised(nets, images, noise).clamp(-1, 1).float()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "resolution": 128,
        "examples": 5_600_000,
    },  # zsyOAOA/DANet: 70 epochs of 5000 steps of 16, staircase there
    "small": {"width": 12, "depth": 3, "critic_width": 8},  # for a processor
}

PROOF = Proof(
    claim="DANet takes a camera's noise of unknown strength away, nearer to the true images than BM3D does.",
    data="sensor40:world:shapes",
    measure="restored",
    share=0.85,
    settings={"examples": 44_000, "width": 8, "depth": 3, "critic_width": 4, "critic_steps": 1, "lr": 2e-3},
)
