"""The networks of FastGAN: skip-layer excitation in both, and a discriminator that also encodes. arXiv:2101.04775.

Liu et al. 2021, sections 3.1 and 3.2 and figure 3, with the widths of the authors' code: channels by side are `width`
times the tables here. Every layer's weights are under spectral norm.

Paper                              here
y = F(x_low, {W_i}) * x_high       `Excitation`
E (the discriminator as encoder)   `FastGANCritic.features`
G (its small decoders)             `Decoders`
f1, f2                             the maps of 16x16 (a random quarter of it) and 8x8
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally

MOST_RECONSTRUCTED = 128
"""side of the reconstructions and of the second, smaller image, at most"""
_LEAST_SMALL = 32
"""side from which on small images are made and judged too"""
_UP: Mapping[int, float] = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
_DOWN: Mapping[int, float] = {8: 16, 16: 8, 32: 4, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}


def check_fast_side(height: int, width: int) -> int:
    """The side of square images. Raises ConfigError, with one that works, unless it is 16, 32, 64 ... 1024."""
    short = min(height, width)
    fit = min(max(16, 1 << (short.bit_length() - 1)), 1024)
    if height != width:
        raise ConfigError(f"this method makes square images; the data is {width}x{height}. Use --resolution {fit}.")
    if short != fit:
        raise ConfigError(f"these networks take sides of 16, 32, 64 ... 1024, not {short}. Use --resolution {fit}.")
    return short


def small_side(side: int) -> int:
    """Side of the second image that the generator makes and the critic judges: half, at most 128."""
    return min(side // 2, MOST_RECONSTRUCTED)


def _channels(table: Mapping[int, float], width: int, side: int) -> int:
    return max(int(table[side] * width), 1)


@final
class Excitation(nn.Module):
    """Multiplies a map [N, high, ...] by what another, [N, low, ...], says of each channel; section 3.1."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Conv2d(low, high, 4, bias=False),
            nn.SiLU(),
            nn.Conv2d(high, high, 1, bias=False),
        )

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        gate: Tensor = self.gate(low)
        return high * gate.sigmoid()


@final
class MapNoise(nn.Module):
    """Adds N(0, 1), one number a place, times a learnt strength that begins at 0; a constant map in evaluation."""

    constant: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(1, 1, side, side))

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn_like(x[:, :1]) if self.training else self.constant.to(x.dtype)
        return x + self.strength * noise


def _doubled(inputs: int, outputs: int, side: int, *, noisy: bool) -> nn.Sequential:
    """Twice the side: one 3x3 layer, or two with noise before each norm."""
    layers = [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False)]
    layers += [MapNoise(side)] if noisy else []
    layers += [nn.BatchNorm2d(2 * outputs), nn.GLU(1)]
    if noisy:
        layers += [nn.Conv2d(outputs, 2 * outputs, 3, padding=1, bias=False), MapNoise(side)]
        layers += [nn.BatchNorm2d(2 * outputs), nn.GLU(1)]
    return nn.Sequential(*layers)


@final
class FastGANGenerator(nn.Module):
    """[N, latent] -> images [N, C, S, S] in [-1, 1]; `both` gives the small ones as well."""

    def __init__(self, latent: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.side = side
        sides = [8 << number for number in range(side.bit_length() - 3)]
        wide = {s: _channels(_UP, width, s) for s in (4, *sides)}
        self.start = nn.Sequential(
            nn.ConvTranspose2d(latent, 2 * wide[4], 4, bias=False), nn.BatchNorm2d(2 * wide[4]), nn.GLU(1)
        )
        self.doublings = nn.ModuleDict()
        self.excitations = nn.ModuleDict()
        for number, s in enumerate(sides):
            self.doublings[str(s)] = _doubled(wide[s // 2], wide[s], s, noisy=number % 2 == 0)
            if s >= 64 or s == side:
                self.excitations[str(s)] = Excitation(wide[max(s // 16, 4)], wide[s])
        self.image = nn.Conv2d(wide[side], channels, 3, padding=1, bias=False)
        small = nn.Conv2d(wide[small_side(side)], channels, 1, bias=False)
        self.small_image = small if side >= _LEAST_SMALL else None
        initialise(self, "normal")
        normalise_spectrally(self)

    def forward(self, latents: Tensor) -> Tensor:
        images: Tensor = self.image(self._maps(latents)[self.side]).float().tanh()
        return images

    def both(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Images [N, C, S, S] and the same images small, from the map of that side."""
        maps = self._maps(latents)
        images = self.image(maps[self.side]).float().tanh()
        if self.small_image is None:
            return images, shrunk(images, small_side(self.side))
        return images, self.small_image(maps[small_side(self.side)]).float().tanh()

    def _maps(self, latents: Tensor) -> dict[int, Tensor]:
        maps = {4: self.start(latents[:, :, None, None])}
        for name, doubling in self.doublings.items():
            s = int(name)
            maps[s] = doubling(maps[s // 2])
            if name in self.excitations:
                maps[s] = self.excitations[name](maps[max(s // 16, 4)], maps[s])
        return maps


@final
class Halving(nn.Module):
    """Half the side, by two ways that are averaged: strided convolutions, and a mean with a 1x1 layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
        )

    def forward(self, x: Tensor) -> Tensor:
        half: Tensor = (self.main(x) + self.direct(x)) / 2
        return half


class Judged(NamedTuple):
    """What the critic makes of images. logits: [N, 25], or [N, 50] with the small ones. coarse: the map of 8x8.
    fine: of 16x16. small: of 8x8 of the small images, None where there are none."""

    logits: Tensor
    coarse: Tensor
    fine: Tensor
    small: Tensor | None


@final
class FastGANCritic(nn.Module):
    """Images [N, C, S, S] and small ones -> `Judged`; the maps go to the decoders."""

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.side, self.small_side = side, small_side(side)
        wide = {8 << n: _channels(_DOWN, width, 8 << n) for n in range(side.bit_length() - 3)}
        self.stem = nn.Sequential(nn.Conv2d(channels, wide[side], 3, padding=1, bias=False), nn.LeakyReLU(0.2))
        self.halvings, self.excitations = nn.ModuleDict(), nn.ModuleDict()
        for s in sorted(wide, reverse=True)[1:]:
            self.halvings[str(s)] = Halving(wide[2 * s], wide[s])
            if s <= 32 and (8 * s <= side or s == 8):
                self.excitations[str(s)] = Excitation(wide[min(8 * s, side)], wide[s])
        narrow = max(wide[8] // 2, 1)
        self.head = nn.Sequential(
            *(nn.Conv2d(wide[8], narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.LeakyReLU(0.2)),
            nn.Conv2d(narrow, 1, 4, bias=False),
        )
        self.judges_small = side >= _LEAST_SMALL
        if self.judges_small:
            sides = [s for s in sorted(wide, reverse=True) if s <= self.small_side]
            self.small_stem = nn.Sequential(
                nn.Conv2d(channels, wide[sides[0]], 3, padding=1, bias=False), nn.LeakyReLU(0.2)
            )
            self.small_halvings = nn.Sequential(*(Halving(wide[2 * s], wide[s]) for s in sides[1:]))
            self.small_head = nn.Conv2d(wide[8], 1, 4, bias=False)
        initialise(self, "normal")
        normalise_spectrally(self)

    def forward(self, images: Tensor, small: Tensor) -> Judged:
        maps = {self.side: self.stem(images)}
        for name, halving in self.halvings.items():
            s = int(name)
            maps[s] = halving(maps[2 * s])
            if name in self.excitations:
                maps[s] = self.excitations[name](maps[min(8 * s, self.side)], maps[s])
        logits = [self.head(maps[8]).flatten(1)]
        coded = None
        if self.judges_small:
            coded = self.small_halvings(self.small_stem(small))
            logits.append(self.small_head(coded).flatten(1))
        return Judged(torch.cat(logits, 1).float(), maps[8], maps[16], coded)


@final
class Decoder(nn.Module):
    """A map [N, W, 8, 8] -> images [N, C, S', S'] in [-1, 1]; simple doublings, for the critic's training alone."""

    def __init__(self, inputs: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for s in (8 << n for n in range(1, side.bit_length() - 3)):
            outputs = _channels(_UP, width, s)
            layers.append(_doubled(inputs, outputs, s, noisy=False))
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.image = nn.Conv2d(inputs, channels, 3, padding=1, bias=False)
        initialise(self, "normal")
        normalise_spectrally(self)

    def forward(self, coded: Tensor) -> Tensor:
        images: Tensor = self.image(self.layers(coded)).float().tanh()
        return images


@final
class Decoders(nn.Module):
    """What redraws real images from the maps of `Judged`, each by its name there; half as wide, as the authors' are."""

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        full, coarse, half = min(side, MOST_RECONSTRUCTED), _channels(_DOWN, width, 8), max(width // 2, 1)
        self.coarse = Decoder(coarse, channels, full, half)
        self.fine = Decoder(_channels(_DOWN, width, 16), channels, full, half)
        self.small = Decoder(coarse, channels, full, half) if side >= _LEAST_SMALL else None

    def forward(self, image: Tensor, judged: Judged, part: Tensor) -> Tensor:
        """The sum of mean absolute differences of what is redrawn; eq. 1.

        image: as the critic saw it. part: [N], the quarter that is redrawn from a quarter of the map of 16x16.
        """
        terms = [_apart(self.coarse(judged.coarse), image)]
        terms.append(_apart(self.fine(quarter(judged.fine, part)), quarter(image, part)))
        if self.small is not None and judged.small is not None:
            terms.append(_apart(self.small(judged.small), image))
        return torch.stack(terms).sum()


def _apart(drawn: Tensor, image: Tensor) -> Tensor:
    side = drawn.shape[-1]
    target = shrunk(image, side) if image.shape[-1] > side else F.interpolate(image, size=side)
    return (drawn - target).abs().mean()


def quarter(x: Tensor, part: Tensor) -> Tensor:
    """The quarter of each map that `part` [N] names: 0 left above, 1 right above, 2 left below, 3 right below."""
    half = x.shape[-1] // 2
    cuts = torch.stack([x[..., :half, :half], x[..., :half, half:], x[..., half:, :half], x[..., half:, half:]], 1)
    return cuts[torch.arange(len(x), device=x.device), part]


def shrunk(images: Tensor, side: int) -> Tensor:
    """Images brought to `side` by area."""
    return images if images.shape[-1] == side else F.interpolate(images, size=side, mode="area")
