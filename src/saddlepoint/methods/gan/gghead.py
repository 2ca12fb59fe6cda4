"""GGHead: splats on a template from a style-based generator. Kirschstein et al. 2024, arXiv:2406.09377.

Paper            here
UV map           a picture of attributes, `plane` pixels a side, read at `splats` x `splats` points of the template
position         the template's, moved by at most a quarter of the cube's half side along each axis; at first not at all
scale            e^-3 of that half side at most; what is predicted is penalised (`scale_weight`)
L_pos            `offset_weight`, mean distance between what is predicted for the position and 0
D                critic with the camera's own features, EG3D's for a single image
Smaller than the paper's: the template is a sphere (their code has one too; heads have FLAME), no second stage with its
penalties on the rendered UV map and on half opaque splats, one side throughout instead of growth to 1024 pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, LayersOrNone, Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.splats import Splats
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.posed import PosedScene
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.posed_critic import PosedCritic
from saddlepoint.nn.backbones.template_splats import TemplateSplats


@final
@dataclass(frozen=True, kw_only=True)
class GGHead(PosedScene):
    """Things as splats on a template, learnt from one photograph of each and drawn in real time."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    latent: Count = 512
    """length of the noise vector"""
    style: Width = 512
    """length of the style vector"""
    mapping_layers: LayersOrNone = 2
    """layers between noise and style"""
    plane: Count = 256
    """side of the picture of attributes: 8, 16, 32 and so on"""
    splats: Count = 256
    """points along each side of the template, so there are as many splats squared"""
    degree: Annotated[int, Range(least=0, most=3)] = 1
    """of the harmonics by which a splat's colour depends on the direction; 0 for one colour"""
    base: Width = 32_768
    """channels of both players at a side are this number divided by the side"""
    most: Width = 512
    """but no more than this"""
    group: Width = 4
    """images that the discriminator (critic) compares with each other"""
    offset_weight: Weight = 0.1
    """weight of the mean size of what is predicted for the splats' positions"""
    scale_weight: Weight = 0.05
    """weight of the mean size of what is predicted for their scales"""
    r1_weight: Weight = 1.0
    """weight of the penalty on the critic's slope at real images"""
    r1_every: Count = 16
    """steps between two of these penalties, each so many times as strong"""
    generator_lr: Positive = 2.5e-3
    """learning rate of the generator (Adam, betas 0 and .99)"""
    critic_lr: Positive = 2e-3
    """learning rate of the critic"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        side = check_side(data.resolution)
        generator = TemplateSplats(
            self.latent,
            self.style,
            plane=check_side(self.plane, " or another --plane"),
            splats=self.splats,
            degree=self.degree,
            base=self.base,
            most=self.most,
            layers=self.mapping_layers,
        )
        return Networks(generator=generator, critic=PosedCritic(3, side, self.base, self.most, self.group), **around)

    def optimisers(self) -> Mapping[str, Optim]:
        return {
            "generator": Adam("generator", lr=self.generator_lr, betas=(0.0, 0.99)),
            "critic": Adam("critic", lr=self.critic_lr, betas=(0.0, 0.99), lazy=self.r1_every),
        }

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        n, camera = len(views.image), views.camera
        fakes = self.views_of(nets, self.draw_latents(draw, n), camera)
        losses = {
            "fake": generator_loss("non-saturating", nets.critic(fakes["image"], camera)),
            "offset": self.offset_weight * fakes["raw"][..., :3].norm(dim=2).mean(),
            "scale": self.scale_weight * fakes["raw"][..., 3:6].norm(dim=2).mean(),
        }
        yield Update("generator", losses)
        with torch.no_grad():
            shown = self.views_of(nets, self.draw_latents(draw, n), camera)["image"]
        real, fake = nets.critic(views.image, camera), nets.critic(shown, camera)
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        if self.r1_weight and clock.every(self.r1_every):
            slope = r1(lambda images: nets.critic(images, camera), views.image)
            yield Update("critic", {"r1": self.r1_every * self.r1_weight * slope})

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """Splats at `side` x `side` points of the template. Without latents the first of seed 0."""
        generator: Any = nets.get_submodule("generator")
        if latents is None:
            latents = self.latents(nets, 1, 0).to(next(generator.parameters()).device)
        values = generator.scene(generator.raw(latents, side).float(), nets.get_submodule("surroundings"))
        return Splats(side**2, self.degree), values


# Settings by preset, with where each comes from: github.com/tobias-kirschstein/gghead, train_gghead.py.
PRESETS: dict[str, dict[str, Any]] = {
    "ffhq": {"resolution": 256, "batch": 32, "flip": True},  # its first stage, of 6.4 million images
    "small": {"latent": 64, "style": 64, "plane": 32, "splats": 32, "base": 1024, "most": 48, "degree": 0,
        "batch": 16, "generator_lr": 4e-3, "critic_lr": 3e-3, "r1_every": 4},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="GGHead makes toy cars of its own that are seen from where they are asked for, and are nearer to real ones"
    " than those of a Gaussian over pixels.",
    data="world:toys",
    measure="viewpoints",
    share=0.45,
    bars={"turn": 0.8},
    settings={
        "resolution": 16,
        "examples": 40_000,
        "batch": 16,
        "latent": 32,
        "ema_images": 4_000,
        "style": 32,
        "plane": 16,
        "splats": 20,
        "degree": 0,
        "base": 512,
        "most": 32,
        "r1_every": 4,
        "generator_lr": 5e-3,
        "critic_lr": 4e-3,
    },
)
