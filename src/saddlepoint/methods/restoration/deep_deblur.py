"""DeepDeblur: blur that is not the same everywhere, undone from coarse to fine. Nah et al. 2017, arXiv:1612.02177.

Paper        here
B_k, L_k, S_k  source, restored and true image at scale k; K is `scales`
eq. 4        the distance at each scale, summed and halved: `content`
eq. 5        the critic's verdict on the finest one; lambda is `adversarial`
G            restorer: `nn.backbones.deblurring`, a network of its own for each scale; no skip from what is given to the
             result, so that it first has to learn to copy
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

from torch import Tensor, nn

from saddlepoint.config import Layers, Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.reconstruction import distance
from saddlepoint.methods.base import Adam, Clock, Cosine, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.deblurring import DeepDeblurNet
from saddlepoint.nn.backbones.srresnet import SRCritic


@final
@dataclass(frozen=True, kw_only=True)
class DeepDeblur(Restorer):
    """Deblurring from pairs of blurred and sharp images, such as `--data blur9:FOLDER`."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    scales: Annotated[int, Range(least=1, most=6)] = 3
    """sizes, each half of the one before; both sides are divided by 2 so often"""
    width: Width = 64
    """channels of each scale's network"""
    blocks: Layers = 19
    """residual blocks of each scale's network"""
    kernel: Annotated[int, Range(least=1, most=31)] = 5
    """side of the convolutions; odd"""
    adversarial: Weight = 0.0
    """weight of a critic's verdict beside the distances; the paper has 1e-4, its authors' later code none"""
    critic_width: Width = 32
    """the discriminator's (critic's) channels in its first layer"""
    lr: Positive = 1e-4
    """learning rate at the beginning (Adam)"""

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "deep_deblur")
        multiple = 1 << (self.scales - 1)
        if source.channels != target.channels or self.kernel % 2 == 0:
            raise ConfigError("deep_deblur keeps the channels of an image, and takes an odd --kernel.")
        if source.height % multiple or source.width % multiple:
            sides = [max(multiple, side // multiple * multiple) for side in (source.width, source.height)]
            raise ConfigError(
                f"{self.scales} scales halve both sides {self.scales - 1} times: use --resolution"
                f" {sides[0]}x{sides[1]}."
            )
        return DeepDeblurNet(source.channels, self.width, self.blocks, self.scales, self.kernel)

    def networks(self, data: DataSpec) -> Networks:
        nets = super().networks(data)
        if self.adversarial:
            nets.add_module("critic", SRCritic(data.channels, self.critic_width))
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Cosine(self.lr, self.last_lr * self.lr)
        critic = {"critic": Adam("critic", lr=rate)} if self.adversarial else {}
        return {**super().optimisers(), **critic}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair: PairedBatch = draw()
        results = nets.restorer.scales(nets.restorer.pyramid(pair.source))
        content = self.content(results, nets.restorer.pyramid(pair.target))
        if not self.adversarial:
            yield Update("restorer", {"content": content})
            return
        real, fake = nets.critic(pair.target), nets.critic(results[0].detach())
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        score = generator_loss("non-saturating", nets.critic(results[0]))
        yield Update("restorer", {"content": content, "fake": self.adversarial * score})

    def content(self, results: list[Tensor], aims: list[Tensor]) -> Tensor:
        """Half the sum over scales of the mean distance: eq. 4, whose factor 1 / K is left out as in the authors'
        code."""
        each = [distance(self.loss, result.float(), aim) for result, aim in zip(results, aims)]
        return sum(each[1:], each[0]) / 2


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "pytorch": {"resolution": 256, "batch": 16},  # SeungjunNah/DeepDeblur-PyTorch: l1, 1e-4, 1000 epochs of GOPRO
    "paper": {
        "loss": "mse",
        "lr": 5e-5,
        "batch": 2,
        "adversarial": 1e-4,
        "resolution": 256,
    },  # section 3.3 of the paper
    "small": {"width": 16, "blocks": 3, "kernel": 3},  # for a processor
}

PROOF = Proof(
    claim="DeepDeblur makes images sharp that a shaking camera smeared, nearer to the true ones than the best classical"
    " filter.",
    data="blur9:world:shapes",
    measure="restored",
    share=0.85,
    settings={"examples": 44_000, "width": 16, "blocks": 3, "kernel": 3, "lr": 2e-3},
)
