"""pix2pix: an image from another, learnt from pairs. Isola et al. 2017, arXiv:1611.07004, eq. 1 to 4.

Paper   here
x       source: a label map, outlines, a photograph
y       target
z       noise, given as dropout alone, in training and afterwards
G       generator, a U-Net
D       critic, a PatchGAN that sees source and target together; an output of 1 means real here
lambda  `l1`
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, LayersOrNone, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.unet import UNet, unet_sizes
from saddlepoint.nn.layers.norm import Norm


@final
@dataclass(frozen=True, kw_only=True)
class Pix2Pix(Method):
    """Translation that is learnt from pairs: label maps to photographs, outlines to objects, aerial views to maps."""

    takes = PairedBatch
    batch_statistics = True
    defaults = {"batch": 1}  # as in the paper

    depth: Annotated[int, Range(least=2, most=1_000)] | None = None
    """halvings of the side on the way down; by default as many as lead to one pixel, 8 for 256"""
    generator_width: Width = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer, likewise"""
    norm: Norm = "batch"
    """norm between both players' layers: batch as in the paper, or instance, which sees each image alone"""
    halvings: LayersOrNone = 3
    """layers of the critic that halve: 0, 1, 2, 3, 4, 5 make it judge patches of 1, 16, 34, 70, 142, 286 pixels"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    l1: Weight = 100.0
    """weight of the mean absolute difference to the target; 0 leaves the game alone"""
    dropout_after: bool = True
    """keep dropout, which is all the noise there is, when the trained generator is used"""
    statistics: Literal["trained", "image"] = "image"
    """batch norms of the trained generator: by each image's own statistics, as the paper tests, which fits a generator
    that was trained with batches of one or few; or by what training has averaged, for large batches"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    decay_after: Share = 1.0
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective)

    def networks(self, data: DataSpec) -> Networks:
        # Weights of another program say of images alone what goes in, which is what comes out.
        source, target = (data.image(name if name in data.fields else None) for name in ("source", "target"))
        same_size(source, target, "pix2pix")
        height, width = data.size
        side = math.gcd(height, width)
        most = (side & -side).bit_length() - 1  # how often both sides can be halved
        depth = self.depth or most
        if not 2 <= depth <= most:
            mend = f" or a --depth of 2 to {most}" if most >= 2 else ""
            whole = unet_sizes(max(depth, 2)) & patch_sizes(self.halvings)
            raise ConfigError(
                f"the U-Net would halve the sides {depth} times; it needs 2 or more, and {width}x{height} can be halved"
                f" {most} times: use --resolution {whole.near(1 << (min(width, height).bit_length() - 1))}{mend}."
            )
        patch_sizes(self.halvings).check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        shape: dict[str, Any] = {"norm": self.norm, "own_statistics": self.statistics == "image"}
        return Networks(
            generator=UNet(source.channels, depth, self.generator_width, outputs=target.channels, **shape),
            critic=PatchCritic(source.channels + target.channels, self.critic_width, self.halvings, self.norm),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        return {name: Adam(name, lr=rate, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair = draw()
        source, target = pair.source, pair.target  # [N, C, S, S] in [-1, 1]
        generated = nets.generator(source)  # held across the critic's move: saves a pass through the generator
        real = nets.critic(torch.cat((source, target), 1))
        fake = nets.critic(torch.cat((source, generated.detach()), 1))
        losses = critic_loss(self.objective, real, fake)
        # Halved, so that the critic does not outrun the generator (section 3.3).
        yield Update("critic", {name: loss / 2 for name, loss in losses.items()}, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(torch.cat((source, target), 1)) if self.objective == "relativistic" else None
        score = generator_loss(self.objective, nets.critic(torch.cat((source, generated), 1)), rival)
        yield Update("generator", {"fake": score, "l1": self.l1 * F.l1_loss(generated, target)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From source to target; the data setting `swap` says which is which."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Sources [n, C, S, S] in [-1, 1] as targets; `seed` draws the dropout, one draw for all images."""
        generated: Tensor = nets.get_submodule("generator")(images, seed if self.dropout_after else None)
        return generated


# Settings by preset, with where each comes from; the authors train 200 epochs of their sets (give --images).
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {  # github.com/phillipi/pix2pix, train.lua and models.lua; give --swap for facades, which go from B to A
        "resolution": 256,
        "jitter": 30,
        "flip": True,
    },
    "port": {  # github.com/junyanz/pytorch-CycleGAN-and-pix2pix: 100 epochs, and 100 in which the rate falls
        "resolution": 256,
        "jitter": 30,
        "flip": True,
        "decay_after": 0.5,
    },
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="pix2pix learns from pairs to light and colour what it is given as outlines, far nearer to the truth than the"
    " best of three naive maps.",
    data="world:edges",
    measure="translation",
    share=1 / 3,
    settings={
        "images": 40_000,
        "batch": 16,
        "statistics": "trained",
        "generator_width": 32,
        "critic_width": 32,
        "halvings": 2,
        "decay_after": 0.5,
    },
)
