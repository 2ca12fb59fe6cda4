"""The networks of ESRGAN and of its kin: residual-in-residual dense blocks (Wang et al. 2018, arXiv:1809.00219, figure
4), a residual network without norm, and a small chain at low resolution (Wang et al. 2021, arXiv:2107.10833).

All take images [N, C, h, w] of any size and make them `scale` times larger, float32.
"""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError


def check_scale(scale: int, known: tuple[int, ...]) -> None:
    """Raises ConfigError for a scale that a network does not have."""
    if scale not in known:
        raise ConfigError(f"this network enlarges {', '.join(map(str, known))} times, not {scale} times.")


@final
class RRDBNet(nn.Module):
    """growth: channels that each convolution of a dense block adds. scale: 1, 2 or 4; under 4 the image is first
    folded, so that the work is done at a quarter of the result's side. interpolated: add what bilinear interpolation
    makes, with a last layer that starts at zero; not in the paper."""

    def __init__(
        self,
        channels: int,
        outputs: int,
        scale: int,
        width: int,
        blocks: int,
        growth: int,
        *,
        interpolated: bool = False,
    ) -> None:
        super().__init__()
        check_scale(scale, (1, 2, 4))
        self.fold, self.scale, self.interpolated = 4 // scale, scale, interpolated
        self.first = nn.Conv2d(channels * self.fold**2, width, 3, padding=1)
        self.body = nn.Sequential(*(_RRDB(width, growth) for _ in range(blocks)))
        self.joint = nn.Conv2d(width, width, 3, padding=1)
        self.up = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.fine = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        if interpolated:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        rest = (0, -width % self.fold, 0, -height % self.fold)
        padded = F.pad(image, rest, mode="replicate") if any(rest) else image
        x = self.first(F.pixel_unshuffle(padded, self.fold))
        x = x + self.joint(self.body(x))
        for layer in self.up:
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
        large: Tensor = self.last(F.leaky_relu(self.fine(x), 0.2))
        large = large[..., : self.scale * height, : self.scale * width].float()
        return large + _enlarged(image, self.scale, "bilinear") if self.interpolated else large


@final
class _RRDB(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(width, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + 0.2 * self.dense(x)
        return added


@final
class DenseBlock(nn.Module):
    """Five convolutions, each of which sees what all before it have made."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(width + number * growth, growth if number < 4 else width, 3, padding=1) for number in range(5)
        )
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, a=0.2)  # type: ignore[arg-type]
            with torch.no_grad():
                layer.weight.mul_(0.1)  # type: ignore[operator]  # section 3.1: smaller than is usual
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for layer in self.layers[:-1]:  # type: ignore[union-attr]
            maps.append(F.leaky_relu(layer(torch.cat(maps, 1)), 0.2))
        added: Tensor = x + 0.2 * self.layers[-1](torch.cat(maps, 1))
        return added


@final
class PlainSRResNet(nn.Module):
    """SRResNet without norm, on what bilinear interpolation makes: `first`, blocks, sub-pixel convolutions. scale: 2
    or 4.

    The form that BasicSR trains as the first phase of ESRGAN.
    """

    def __init__(self, channels: int, outputs: int, scale: int, width: int, blocks: int) -> None:
        super().__init__()
        check_scale(scale, (1, 2, 4))
        self.scale = scale
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.body = nn.Sequential(*(_Plain(width) for _ in range(blocks)))
        self.up = nn.ModuleList(nn.Conv2d(width, 4 * width, 3, padding=1) for _ in range(scale.bit_length() - 1))
        self.fine = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.1)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        lasts: list[Any] = [*(block.second for block in self.body), self.last]
        for layer in lasts:
            with torch.no_grad():
                layer.weight.mul_(0.1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.body(F.leaky_relu(self.first(image), 0.1))
        for layer in self.up:
            x = F.leaky_relu(F.pixel_shuffle(layer(x), 2), 0.1)
        residual: Tensor = self.last(F.leaky_relu(self.fine(x), 0.1))
        return residual.float() + _enlarged(image, self.scale, "bilinear")


@final
class _Plain(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.second(torch.relu(self.first(x)))
        return added


@final
class CompactSR(nn.Module):
    """A chain of convolutions at low resolution with a slope for each channel, on what repeating pixels makes:
    SRVGG."""

    def __init__(self, channels: int, scale: int, width: int, layers: int) -> None:
        super().__init__()
        self.scale = scale
        middle = [part for _ in range(layers) for part in (nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width))]
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.PReLU(width), *middle),
            nn.Conv2d(width, channels * scale**2, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        residual: Tensor = F.pixel_shuffle(self.body(image), self.scale).float()
        return residual + _enlarged(image, self.scale, "nearest")


def _enlarged(image: Tensor, scale: int, mode: str) -> Tensor:
    if scale == 1:
        return image.float()
    how = {} if mode == "nearest" else {"align_corners": False}
    return F.interpolate(image.float(), scale_factor=float(scale), mode=mode, **how)
