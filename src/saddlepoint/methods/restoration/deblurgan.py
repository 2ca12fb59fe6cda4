"""DeblurGAN: a shaken photograph made sharp by what a generator finds to add, against a critic of patches. Kupyn et al.
2018, arXiv:1711.07064.

Paper      here
I_B, I_S   source, target
L_GAN      the critic's mean score (WGAN-GP), `critic_steps` of 5
L_X        `content`: features of a VGG network in the paper, whose weights do not come with this library; here the mean
           absolute difference of images and of the critic's inner maps; lambda is 100
The generator learns a residual: what it finds is added to what is given.

DeblurGAN-v2 (Kupyn et al. 2019, arXiv:1908.03826) is the preset `v2`: `network` "pyramid", and `game` "relativistic",
whose two critics, of patches and of nearly the whole image, ask whether real images are sharper than made ones on
average (eq. 3 and 4). Its trunk is MobileNetV2 from random numbers, so that none of it is held still at first; features
of VGG conv3_3, weight .006, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.losses.relativistic import average_critic_loss, average_generator_loss
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.deblurgan import DeblurGenerator
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.pyramid_deblur import PyramidDeblurGenerator
from saddlepoint.nn.layers.norm import Norm, norm2d


@final
@dataclass(frozen=True, kw_only=True)
class DeblurGAN(Method):
    """Deblurring from pairs of blurred and sharp images, such as `--data blur9:FOLDER`."""

    takes = PairedBatch
    batch_statistics = True  # a pyramid has batch norm, and a relativistic game compares with the batch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}  # as in the paper

    network: Literal["residual", "pyramid"] = "residual"
    """the generator: residual blocks at a quarter of the side, or a feature pyramid over MobileNetV2 (DeblurGAN-v2)"""
    width: Width = 64
    """the generator's channels at full size, 4 times as many where its blocks are; of a pyramid those of its heads"""
    blocks: Layers = 9
    """the generator's residual blocks; a pyramid has its own"""
    norm: Norm = "instance"
    """norm of the residual generator: instance as in the paper, or batch, which keeps how strong a contrast is; a
    pyramid has its own"""
    game: Literal["wasserstein", "relativistic"] = "wasserstein"
    """what the players minimise: the score of one critic with a gradient penalty, or least squares of two critics that
    compare (DeblurGAN-v2)"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer"""
    halvings: LayersOrNone = 3
    """layers of the critic that halve: 3 make it judge patches of 70 pixels; a second one halves twice more"""
    critic_steps: Count = 5
    """critic updates for each of the generator's"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    content: Weight = 100.0
    """weight of the mean absolute difference to the true image"""
    squares: Weight = 0.0
    """weight of the mean squared difference"""
    adversarial: Weight = 1.0
    """weight of the verdict"""
    maps: Weight = 0.0
    """weight of the difference of the critic's answers to both, patch by patch"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "deblurgan")
        if source.channels != target.channels:
            raise ConfigError("deblurgan adds to an image: what is given and what it should be need the same channels.")
        pyramid, deepest = self.network == "pyramid", self.halvings + (2 if self.game == "relativistic" else 0)
        own = PyramidDeblurGenerator.sizes if pyramid else DeblurGenerator.sizes
        fewer = ", or fewer --halvings" if deepest > self.halvings else fewer_halvings(deepest, data.size)
        (own & patch_sizes(deepest)).check(*data.size, instead=fewer)
        generator: nn.Module = (
            PyramidDeblurGenerator(source.channels, self.width)
            if pyramid
            else DeblurGenerator(source.channels, self.width, self.blocks, norm=partial(norm2d, self.norm))
        )
        critics = {"critic": self.halvings} | ({"far_critic": deepest} if self.game == "relativistic" else {})
        nets = {
            name: PatchCritic(source.channels, self.critic_width, deep, "instance") for name, deep in critics.items()
        }
        for critic in nets.values():
            critic.layers[-1].register_parameter("bias", None)  # scores are compared: an offset of all has no meaning
        return Networks(generator=generator, **nets)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        critics = ("critic", "far_critic") if self.game == "relativistic" else ("critic",)
        groups = {"generator": ("generator",), "critic": critics}
        return {name: Adam(*nets, lr=rate, betas=(0.5, 0.999)) for name, nets in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            pair = draw()
            with torch.no_grad():
                restored = nets.generator(pair.source)
            if self.game == "relativistic":
                yield self._compared(nets, pair.target, restored)
                continue
            real, fake = nets.critic(pair.target), nets.critic(restored)

            def verdict(images: Tensor) -> Tensor:
                return torch.as_tensor(nets.critic(images).mean((1, 2, 3)))

            slope = gradient_penalty(verdict, pair.target, restored, draw.uniform(len(restored)))
            losses = critic_loss("wasserstein", real, fake)
            yield Update("critic", {**losses, "penalty": self.penalty * slope}, watch=mean_logits(real, fake))
        restored = nets.generator(pair.source)
        score = nets.critic(restored)
        if self.game == "relativistic":
            verdicts = []
            for critic in (nets.critic, nets.far_critic):
                with torch.no_grad():
                    rival = critic(pair.target)
                verdicts.append(average_generator_loss(rival, critic(restored), "least-squares"))
            terms = {"fake": self.adversarial * torch.stack(verdicts).mean()}
        else:
            terms = {"fake": self.adversarial * generator_loss("wasserstein", score)}
        if self.content:
            terms["content"] = self.content * F.l1_loss(restored, pair.target)
        if self.squares:
            terms["squares"] = self.squares * F.mse_loss(restored, pair.target)
        if self.maps:
            with torch.no_grad():
                aim = nets.critic(pair.target)
            terms["maps"] = self.maps * F.l1_loss(score, aim)
        yield Update("generator", terms)

    def _compared(self, nets: Networks, target: Tensor, restored: Tensor) -> Update:
        """What both critics minimise of the relativistic game, the mean of the two."""
        losses: dict[str, Tensor] = {}
        for name in ("critic", "far_critic"):
            critic = nets.get_submodule(name)
            real, fake = critic(target), critic(restored)
            terms = average_critic_loss(real, fake, "least-squares")
            losses |= {f"{name}_{term}": value / 2 for term, value in terms.items()}
        return Update("critic", losses)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From blurred to sharp."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Blurred images [n, C, H, W] in [-1, 1] made sharp; sides that 4 divides, or 32 for a pyramid. No `seed`."""
        restored: Tensor = nets.get_submodule("generator")(images)
        return restored


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 256, "examples": 600_000},  # section 5.2: random crops of 256, batch of 1, 300 epochs
    "v2": {  # VITA-Group/DeblurGANv2, config.yaml: crops of 256, batch of 1, 200 epochs of 1000
        "resolution": 256,
        "examples": 200_000,
        "network": "pyramid",
        "game": "relativistic",
        "critic_steps": 1,
        "content": 0.0,
        "squares": 0.5,
        "adversarial": 1e-3,
        "decay_after": 0.25,
    },
    "small": {  # for a processor; what the losses weigh is the proof's, where absolute differences taught nothing
        "width": 12,
        "blocks": 3,
        "critic_width": 12,
        "batch": 4,
        "content": 0.0,
        "squares": 300.0,
        "adversarial": 0.2,
    },
}

PROOF = Proof(
    claim="DeblurGAN makes images sharp that a shaking camera smeared, nearer to the true ones than the best classical"
    " filter.",
    data="blur9:world:shapes",
    measure="restored",
    share=0.9,
    settings={
        "examples": 64_000,
        "batch": 16,
        "width": 8,
        "blocks": 3,
        "norm": "batch",  # what has to be added to an image is as strong as its contrast, which instance norm forgets
        "critic_width": 8,
        "halvings": 1,
        "critic_steps": 1,
        "content": 0.0,  # of absolute differences nothing added is a minimum: most pixels are right as they are
        "squares": 300.0,
        "adversarial": 0.2,  # differences of pixels are smaller than those of VGG's features, which the paper weighs
        "lr": 2e-3,
    },
)
