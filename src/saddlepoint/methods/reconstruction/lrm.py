"""LRM: three planes of features for one photograph, by a transformer. Hong et al. 2024, arXiv:2311.04400.

Paper                  here
DINO encoder           `encoder`: a vision transformer of the same form
camera modulation      `LedNorm`: shift and scale of each layer norm, stated by the camera
image-to-triplane      `planes`: learned tokens that attend to the image's, then to each other
NeRF_MLP               `decoder`: features of the three planes side by side, four layers
Other than in the paper: the encoder is trained from the start with the rest, and structural dissimilarity stands in for
the perceptual loss, since no pretrained network comes with this library; what lies behind is the data's own instead of
one of three greys; several given views have their tokens side by side, led by the first one's camera; and what stands
for places, of patches and of planes, begins as waves and is learnt on, where the paper has DINO's own positions and
random tokens of planes: tokens of neighbouring places so begin alike, which a model without DINO has to learn else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Natural, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.ssim import ssim
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.reconstruction import ReconstructedField, Shown
from saddlepoint.nn.backbones.plane_transformer import JoinedDecoder, PlaneTransformer
from saddlepoint.nn.backbones.vit import VisionTrunk, waves_2d
from saddlepoint.nn.kernels.triplane import from_planes
from saddlepoint.nn.render.march import Light
from saddlepoint.nn.render.midpoints import marched_between
from saddlepoint.nn.render.rays import Rays, crossing, rays_through

_FIRST = 0.5  # size of what the planes' tokens begin with
_EMPTY = -80.0  # raw density of what lies outside of the planes


@final
@dataclass(frozen=True, kw_only=True)
class LRM(ReconstructedField):
    """Unseen things from one photograph in one pass of a transformer."""

    checkpoints = ("encoder.blocks", "planes.blocks", "decoder")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 4}

    targets: Count = 3
    """other views of each scene that a step compares, beside the first of those that are given"""
    patch: Count = 16
    """pixels of a side of the image's patches"""
    encoder_width: Width = 768
    """numbers that stand for a patch"""
    encoder_layers: Layers = 12
    """layers of the encoder"""
    encoder_heads: Count = 12
    """heads of its attention, which divide its width"""
    width: Width = 1024
    """numbers that stand for a token of the planes"""
    layers: Layers = 16
    """layers between image and planes"""
    heads: Count = 16
    """heads of their attention, which divide their width"""
    side: Annotated[int, Range(least=2, most=256)] = 32
    """tokens of a side of a plane; a plane has twice as many places"""
    plane_width: Width = 80
    """features of each plane at a place"""
    code: Width = 1024
    """length of what stands for the camera"""
    coarse: Annotated[int, Range(least=4, most=1_000)] = 48
    """samples along a ray"""
    fine: Natural = 48
    """samples along it where the light of those comes from"""
    crop: Count = 64
    """pixels of a side of the windows, cut from the views at random, that a step compares"""
    ssim_weight: Weight = 0.5
    """weight of the structural dissimilarity beside the squared difference"""
    smooth_weight: Weight = 5e-4
    """weight of the differences between neighbours in the planes"""
    lr: Positive = 4e-4
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.05
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        if self.width % self.heads:
            raise ConfigError(f"{self.heads} heads do not divide a width of {self.width}: choose --heads that do.")
        encoder = VisionTrunk(
            Image(3, *self.image(data)),
            self.patch,
            layers=self.encoder_layers,
            heads=self.encoder_heads,
            width=self.encoder_width,
        )
        planes = PlaneTransformer(
            self.encoder_width,
            width=self.width,
            heads=self.heads,
            layers=self.layers,
            side=self.side,
            channels=self.plane_width,
            code=self.code,
        )
        self._place(encoder, planes)
        return Networks(encoder=encoder, planes=planes, decoder=JoinedDecoder(self.plane_width), **around)

    @torch.no_grad()
    def _place(self, encoder: VisionTrunk, planes: PlaneTransformer) -> None:
        """Set the first positions of patches and of the planes' tokens, where widths allow for waves."""
        if not self.encoder_width % 4:
            assert isinstance(encoder.positions, nn.Parameter)
            encoder.positions[0, 1:] = waves_2d(*encoder.grid, self.encoder_width)
        if not self.width % 4:
            own = torch.randn(3, 1, self.width) + waves_2d(self.side, self.side, self.width)
            planes.queries[0] = _FIRST * own.flatten(0, 1)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        move = AdamW("encoder", "planes", "decoder", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=1.0)
        return {"model": move}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        given, target, _ = self.parted(nets, draw(), draw)
        planes = self.rebuilt(nets, given)
        view, rig = (torch.cat((one[:, :1], other), 1) for one, other in zip(given, target))
        n, t, _, height, width = view.shape
        high, wide = min(self.crop, height), min(self.crop, width)
        room = torch.tensor([width - wide + 1, height - high + 1], device=rig.device)
        corner = (draw.uniform(n, t, 2) * room).long()  # x, y
        y, x = torch.meshgrid(
            torch.arange(high, device=rig.device), torch.arange(wide, device=rig.device), indexing="ij"
        )
        place = torch.stack((x, y), -1).view(-1, 2) + corner[:, :, None]  # [n, t, P, 2]
        flat = place[..., 1] * width + place[..., 0]
        pixels = view.flatten(3).gather(3, flat[:, :, None].expand(-1, -1, 3, -1)).view(n * t, 3, high, wide)
        rays = rays_through(rig.flatten(0, 1), (place + 0.5).flatten(0, 1))
        samples = self.coarse + self.fine
        chance = draw.uniform(n, len(rays) // n * samples).view(-1, samples)
        light = self.light(nets, planes, rays, chance)
        picture = light.over(nets.surroundings.behind).view(n * t, high, wide, 3).permute(0, 3, 1, 2)
        true = (pixels + 1) / 2
        across, down = (planes.diff(dim=axis).square().mean() for axis in (3, 4))
        losses = {
            "squared": F.mse_loss(picture, true),
            "dissimilarity": self.ssim_weight * (1 - ssim(picture, true)),
            "smooth": self.smooth_weight * (across + down),
        }
        yield Update("model", losses)

    def rebuilt(self, nets: nn.Module, given: Shown) -> Tensor:
        """Planes [n, 3, C, P, P]."""
        tokens = nets.get_submodule("encoder")(given.view.flatten(0, 1)).unflatten(0, given.rig.shape[:2])
        first = given.rig[:, 0]
        lens = first[:, 16:20] / first[:, [20, 21, 20, 21]]
        planes: Tensor = nets.get_submodule("planes")(tokens.flatten(1, 2), torch.cat((first[:, :12], lens), 1))
        return planes.float()

    def light(self, nets: nn.Module, scene: Any, rays: Rays, chance: Tensor | None) -> Light:
        around: Any = nets.get_submodule("surroundings")
        near, far = crossing(rays, torch.zeros_like(around.centre), around.radius)

        def lit(distance: Tensor) -> tuple[Tensor, Tensor]:
            raw, colour = self._read(nets, scene, (rays.at(distance) / around.radius).view(len(scene), -1, 3))
            return raw.view_as(distance), colour.view(*distance.shape, 3)

        return marched_between(lit, near, far, self.coarse, self.fine, chance)

    def _read(self, nets: nn.Module, planes: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """Raw densities and colours at places [n, P, 3] in [-1, 1]; outside there is nothing."""
        raw, colour = nets.get_submodule("decoder")(from_planes(planes, place))
        return raw.masked_fill(place.abs().amax(2) > 1, _EMPTY), colour

    def density(self, nets: nn.Module, scene: Any, place: Tensor) -> Tensor:
        around: Any = nets.get_submodule("surroundings")
        return F.softplus(self._read(nets, scene, place / around.radius)[0] - 1)


# Settings by preset, with where each comes from: the paper, section 4 and table 1 of its appendix; OpenLRM's README.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 512, "batch": 1024, "layers": 16, "width": 1024, "plane_width": 80, "crop": 128,
        "coarse": 128, "fine": 0},
    "openlrm-base": {"resolution": 336, "batch": 32, "patch": 14, "layers": 12, "width": 768, "heads": 12,
        "plane_width": 48},
    "openlrm-small": {"resolution": 224, "batch": 32, "patch": 14, "encoder_width": 384, "encoder_heads": 6,
        "layers": 12, "width": 512, "heads": 8, "plane_width": 32},
    "small": {"batch": 4, "targets": 1, "patch": 4, "encoder_width": 64, "encoder_layers": 2, "encoder_heads": 4,
        "width": 64, "layers": 3, "heads": 4, "side": 8, "plane_width": 12, "code": 32, "coarse": 16, "fine": 0,
        "crop": 12, "lr": 1.5e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="LRM draws unseen toy cars from other sides by one photograph of each, in one pass of its transformer.",
    data="world:garage",
    measure="unseen-scenes",
    share=0.8,
    settings={
        **PRESETS["small"],
        "resolution": 24,
        "examples": 56_000,
        "batch": 16,  # with 4 scenes a step it is no better than the mean view for a long time
        "side": 6,
        "coarse": 12,
        "crop": 8,
        "held_out": 0.1,
    },
)
