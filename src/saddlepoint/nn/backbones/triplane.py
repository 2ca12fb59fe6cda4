"""EG3D's generator: planes from a style-based network, a small decoder, and what sharpens the marched image.

Chan et al. 2022, arXiv:2112.07945, section 4; github.com/NVlabs/eg3d.
"""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Synthesis, widths
from saddlepoint.nn.kernels import modulated as modulation
from saddlepoint.nn.kernels import resample as resampling
from saddlepoint.nn.kernels.triplane import from_planes
from saddlepoint.nn.layers.equalised import EqualisedLinear
from saddlepoint.nn.render.midpoints import marched_between
from saddlepoint.nn.render.rays import crossing, pixel_centres, rays_through

_ROOT2 = math.sqrt(2)
_PAD = 0.001  # by which colours may leave [0, 1]
_HIDDEN = 64


@final
class PlaneDecoder(nn.Module):
    """Features of places [..., 3, M, C], one of each plane, -> raw densities [..., M] and colours [..., M, colours]."""

    def __init__(self, channels: int, colours: int) -> None:
        super().__init__()
        self.first, self.last = EqualisedLinear(channels, _HIDDEN), EqualisedLinear(_HIDDEN, 1 + colours)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        x = self.last(F.softplus(self.first(features.mean(-3))))
        return x[..., 0], x[..., 1:].sigmoid() * (1 + 2 * _PAD) - _PAD


@final
class _Sharpen(nn.Module):
    """Features [N, C, r, r] and a coarse image -> an image of twice the side, by two styled convolutions."""

    blur: Tensor

    def __init__(self, style: int, channels: int, width: int) -> None:
        super().__init__()
        self.affines = nn.ModuleList(EqualisedLinear(style, size, bias=1.0) for size in (channels, width, width))
        self.weights = nn.ParameterList(
            torch.randn(outputs, inputs, side, side)
            for inputs, outputs, side in ((channels, width, 3), (width, width, 3), (width, 3, 1))
        )
        self.biases = nn.ParameterList(torch.zeros(size) for size in (width, width, 3))
        self.register_buffer("blur", torch.tensor(resampling.BLUR), persistent=False)

    def forward(self, x: Tensor, image: Tensor, style: Tensor) -> Tensor:
        for number, blur in enumerate((self.blur, None)):
            y = modulation.modulated(x, self.weights[number], self.affines[number](style), blur=blur, boost=_ROOT2)
            x = F.leaky_relu(y + (self.biases[number] * _ROOT2)[:, None, None], 0.2)
        scale = 1 / math.sqrt(x.shape[1])
        detail = modulation.modulated(x, self.weights[2], self.affines[2](style), normalise=False, boost=scale)
        large = F.interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)
        image = large + detail + self.biases[2][:, None, None]
        return image


@final
class TriplaneGenerator(nn.Module):
    """Latents [N, latent] and cameras [N, 22] -> images of `side` pixels, drawn at half of it and sharpened.

    plane: side of the planes. channels: of each. colours: numbers that are marched for each ray, the first three being
    the coarse image. base, most: channels of the backbone, see `stylegan2.widths`.
    """

    def __init__(
        self,
        latent: int,
        style: int,
        side: int,
        *,
        plane: int,
        channels: int,
        colours: int,
        base: int,
        most: int,
        layers: int,
        coarse: int,
        fine: int,
        width: int,
    ) -> None:
        super().__init__()
        self.side, self.colours, self.coarse, self.fine = side, colours, coarse, fine
        self.mapping = StyleMapping(latent, style, layers)
        self.backbone = StyleGAN2Synthesis(style, 3 * channels, widths(plane, base, most))
        self.decoder = PlaneDecoder(channels, colours)
        self.sharpen = _Sharpen(style, colours, width)

    def planes(self, style: Tensor) -> Tensor:
        """The three planes of styles [N, style].  [N, 3, C, P, P]"""
        maps: Tensor = self.backbone(style[:, None].expand(-1, self.backbone.styles, -1))
        planes: Tensor = maps.unflatten(1, (3, -1))
        return planes

    def density(self, latents: Tensor, place: Tensor) -> Tensor:
        """Raw densities at places [N, M, 3] in [-1, 1].  [N, M]"""
        raw: Tensor = self.decoder(from_planes(self.planes(self.mapping(latents)), place))[0]
        return raw

    def forward(self, latents: Tensor, camera: Tensor, around: Any, chance: Tensor | None = None) -> dict[str, Tensor]:
        """Gives "image" and the coarse "raw" [N, 3, side / 2, side / 2] in about [-1, 1], "depth" and "opacity".

        A camera of another size than the trained one's is drawn in that size: half of it, sharpened.
        """
        style = self.mapping(latents)
        planes = self.planes(style)
        n, (width, height) = len(latents), (max(int(size) // 2, 1) for size in camera[0, 20:].tolist())
        rays = rays_through(camera, 2 * pixel_centres(height, width).to(camera).expand(n, -1, -1))
        near, far = crossing(rays, around.centre, around.radius)

        def lit(distance: Tensor) -> tuple[Tensor, Tensor]:
            place = ((rays.at(distance) - around.centre) / around.radius).view(n, -1, 3)
            raw, colour = self.decoder(from_planes(planes, place))
            return raw.view_as(distance), colour.view(*distance.shape, -1)

        light = marched_between(lit, near, far, self.coarse, self.fine, chance)
        behind = torch.cat((around.behind, around.behind.new_ones(self.colours - 3)))
        features = (light.over(behind) * 2 - 1).view(n, height, width, -1).permute(0, 3, 1, 2)
        raw = features[:, :3]
        depth = (light.distance * rays.cosine).view(n, 1, height, width)
        large = {name: F.interpolate(value, scale_factor=2.0, mode="nearest")
                 for name, value in (("depth", depth), ("opacity", light.opacity.view_as(depth)))}  # fmt: skip
        return {"image": self.sharpen(features, raw, style).float(), "raw": raw, **large}

    def opacity(self, latents: Tensor, place: Tensor, around: Any) -> Tensor:
        """What a sample of a ray hides at places [N, M, 3] in [-1, 1].  [N, M] in [0, 1]"""
        step = 2 * around.radius / self.coarse
        return -torch.expm1(-F.softplus(self.density(latents, place).float() - 1) * step)

    def samples(self) -> int:
        """Random numbers that each ray takes."""
        return self.coarse + self.fine
