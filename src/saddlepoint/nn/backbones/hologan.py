"""HoloGAN's networks: features in space, turned as the camera asks and flattened. Nguyen-Phuoc et al. 2019."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.full_precision import in_full
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally


@in_full
def turned(volume: Tensor, rotation: Tensor) -> Tensor:
    """Features [N, C, S, S, S] of a cube with the axes z, y, x of the world, as a turned cube of its size has them.

    rotation: [N, 3, 3], of the turned axes in the world. What lies outside is zero. Trilinear; section 3.1.
    """
    line = torch.linspace(-1, 1, volume.shape[2], device=volume.device, dtype=volume.dtype)
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    own = torch.stack((x, y, z), -1).view(1, -1, 3)
    place = (own @ rotation.mT.to(volume.dtype)).view(len(volume), *volume.shape[2:], 3)
    return F.grid_sample(volume, place, align_corners=True)


@final
class _Style(nn.Module):
    """Instance norm whose spread and mean a code gives, then ReLU, in space or in the plane."""

    def __init__(self, latent: int, width: int) -> None:
        super().__init__()
        self.style = nn.Linear(latent, 2 * width)
        nn.init.normal_(self.style.weight, 0, 0.02)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        scale, mean = F.relu(self.style(latent)).view(len(x), 2, -1, *[1] * (x.dim() - 2)).unbind(1)
        flat = x.flatten(2)
        spread = flat.var(2, unbiased=False).add(1e-8).rsqrt()
        centred = (flat - flat.mean(2, keepdim=True)) * spread[..., None]
        return F.relu((scale + 1) * centred.view_as(x) + mean)


@final
class HoloGenerator(nn.Module):
    """Latents [N, latent] and cameras [N, 22] -> images [N, 3, S, S] in [-1, 1]; S is 32, 64, 128.

    width: channels of the first, smallest maps in space, 512 in the paper. The maps in space end at S / 4 a side.
    """

    def __init__(self, latent: int, side: int, width: int) -> None:
        super().__init__()
        deep = side // 4
        doublings = int(math.log2(deep)) - 2
        space = [max(width >> (2 * (number > 0) + max(number - 1, 0)), 4) for number in range(doublings + 1)]
        self.constant = nn.Parameter(torch.randn(1, width, 4, 4, 4) * 0.02)
        self.first = _Style(latent, width)
        self.space = nn.ModuleList(
            nn.ConvTranspose3d(inputs, outputs, 3, 2, 1, output_padding=1) for inputs, outputs in pairwise(space)
        )
        self.space_styles = nn.ModuleList(_Style(latent, outputs) for outputs in space[1:])
        flat = deep * space[-1]
        self.flatten = nn.Conv2d(flat, flat, 1)
        plane = [flat, max(width // 2, 8), max(width // 8, 8)]
        self.plane = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in pairwise(plane))
        self.plane_styles = nn.ModuleList(_Style(latent, outputs) for outputs in plane[1:])
        self.image = nn.Conv2d(plane[-1], 3, 3, padding=1)

    def forward(
        self, latents: Tensor, camera: Tensor, around: Any = None, chance: Tensor | None = None
    ) -> dict[str, Tensor]:
        """around, chance: of other generators, unused."""
        x = self.first(self.constant.expand(len(latents), -1, -1, -1, -1), latents)
        for layer, style in zip(self.space, self.space_styles):
            x = style(layer(x), latents)
        x = turned(x, pose_of(camera)[:, :3, :3])
        x = F.relu(self.flatten(x.flatten(1, 2)))
        for layer, style in zip(self.plane, self.plane_styles):
            x = style(layer(x), latents)
        return {"image": self.image(x).float().tanh()}


class Verdict(NamedTuple):
    """What a critic says of images.

    logit: [N]. code: [N, latent] in (-1, 1), the latents that it takes them to be made from. direction: [N, 3], from
    where it takes them to be seen; None where it does not say. style: [N, L], a logit by the mean and spread of each
    normalised layer; None where it does not say.
    """

    logit: Tensor
    code: Tensor
    direction: Tensor | None
    style: Tensor | None


@final
class HoloCritic(nn.Module):
    """Images [N, 3, S, S] -> Verdict. Instance norm takes contrast and tint out of its maps, which `styled` judges."""

    def __init__(self, latent: int, side: int, width: int, *, directed: bool = False, styled: bool = False) -> None:
        super().__init__()
        halvings = int(math.log2(side)) - 2
        widths = [3] + [min(width << number, 8 * width) for number in range(halvings)]
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            layers += [nn.Conv2d(inputs, outputs, 5, 2, 2)] + [nn.InstanceNorm2d(outputs, affine=True)] * bool(number)
            layers.append(nn.LeakyReLU(0.2))
        self.maps = nn.Sequential(*layers)
        flat = 16 * widths[-1]
        self.logit = nn.Linear(flat, 1)
        self.code = nn.Sequential(nn.Linear(flat, 128), nn.LeakyReLU(0.2), nn.Linear(128, latent), nn.Tanh())
        self.direction = nn.Linear(flat, 3) if directed else None
        self.styles = nn.ModuleList(nn.Linear(2 * outputs, 1) for outputs in widths[2:]) if styled else None
        normalise_spectrally(self)

    def forward(self, image: Tensor) -> Verdict:
        x, styles = image, list[Tensor]()
        for layer in self.maps:
            if self.styles is not None and isinstance(layer, nn.InstanceNorm2d):
                variance, mean = torch.var_mean(x, (2, 3), correction=0)
                head = self.styles[len(styles)]
                styles.append(head(torch.cat((mean, (variance + 1e-8).sqrt()), 1)))
            x = layer(x)
        maps = x.flatten(1)
        direction = None if self.direction is None else self.direction(maps)
        style = None if self.styles is None else torch.cat(styles, 1)
        return Verdict(self.logit(maps).squeeze(1), self.code(maps), direction, style)
