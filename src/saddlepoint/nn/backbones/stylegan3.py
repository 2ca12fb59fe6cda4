"""StyleGAN3's synthesis: signals without aliases, which move with their input. Karras et al. 2021, arXiv:2106.12423.

Paper                        here
f_c, f_t, s                  cutoff, stopband, rate of a layer: `plan`
z_0, Fourier features        `FourierInput`, turned and shifted by the first style
psi_n, low-pass filters      `lowpass`: Kaiser windows of 6 taps a factor; jinc for configuration R
filtered nonlinearity        `_Layer`: up, leaky ReLU, down, all by these filters
EMA of input power           `power`, in training moved by each forward pass

The authors divide the styles of a batch by their common size, which demodulation cancels; it is left out here, so that
images do not depend on their neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from scipy import signal, special
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.full_precision import in_full
from saddlepoint.nn.kernels.modulated import lengths
from saddlepoint.nn.kernels.resample import resample
from saddlepoint.nn.layers.equalised import EqualisedLinear

_TAPS = 6
_FIRST_CUTOFF, _FIRST_STOPBAND, _LAST_STOPBAND = 2.0, 2**2.1, 2**0.3  # the last one relative to its cutoff
_CLAMP, _SLOPE, _GAIN, _OUTPUT = 256.0, 0.2, math.sqrt(2), 0.25
_HALF_LIFE = 20_000  # images, of the mean power of what a layer gets


@dataclass(frozen=True)
class Band:
    """What a layer gives: its bandwidth, the width of the filters' transition, rate, side with margins, channels."""

    cutoff: float
    half_width: float
    rate: int
    size: int
    channels: int


def plan(resolution: int, layers: int, critical: int, margin: int, base: int, most: int, channels: int) -> list[Band]:
    """One band for each layer and for the image itself, from the first cutoff of 2 to the critically sampled last ones.

    critical: layers at the end with the image's full bandwidth. margin: pixels around the canvas, of the layer's own.
    """
    last = resolution / 2
    share = np.minimum(np.arange(layers + 1) / (layers - critical), 1)
    cutoffs = _FIRST_CUTOFF * (last / _FIRST_CUTOFF) ** share
    stopbands = _FIRST_STOPBAND * (last * _LAST_STOPBAND / _FIRST_STOPBAND) ** share
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, resolution))))
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sizes = rates + 2 * margin
    sizes[-2:] = resolution
    widths = np.rint(np.minimum(base / 2 / cutoffs, most))
    widths[-1] = channels
    return [
        Band(float(cutoff), float(half), int(rate), int(size), int(width))
        for cutoff, half, rate, size, width in zip(cutoffs, half_widths, rates, sizes, widths)
    ]


def lowpass(taps: int, cutoff: float, half_width: float, rate: float, *, radial: bool = False) -> Tensor:
    """A low-pass filter whose taps sum to 1: [taps], or if radial [taps, taps]. One tap is no filter.

    Windowed sinc by Kaiser's formula for the transition from cutoff - half_width to cutoff + half_width; radial: the
    same window on both axes of a jinc, whose spectrum is a disc (section 3.2).
    """
    if taps == 1:
        return torch.ones(1)
    if not radial:
        return torch.from_numpy(signal.firwin(taps, cutoff, width=2 * half_width, fs=rate)).float()
    place = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(place[:, None], place)  # never 0, as the number of taps is even
    jinc = special.j1(2 * np.pi * cutoff * radius) / (np.pi * radius)
    window = np.kaiser(taps, signal.kaiser_beta(signal.kaiser_atten(taps, 4 * half_width / rate)))
    kernel = jinc * np.outer(window, window)
    return torch.from_numpy(kernel / kernel.sum()).float()


@final
class StyleGAN3Generator(nn.Module):
    """[N, latent], and labels [N] int64 with `classes`, -> images [N, C, S, S], float32, roughly in [-1, 1].

    bands: of `plan`. kernel: 3 for translations alone (T), 1 for rotations as well (R), whose filters are radial.
    """

    def __init__(
        self,
        latent: int,
        style: int,
        bands: list[Band],
        *,
        kernel: int = 3,
        critical: int = 2,
        mapping_layers: int = 2,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.mapping = StyleMapping(latent, style, mapping_layers, classes)
        self.synthesis = StyleGAN3Synthesis(style, bands, kernel, critical)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        style = self.mapping(latent, label)
        images: Tensor = self.synthesis(style[:, None].expand(-1, self.synthesis.styles, -1))
        return images


@final
class StyleGAN3Synthesis(nn.Module):
    """Styles [N, styles, style] -> images [N, C, S, S]: one for the input, one a layer, one to the image.

    `input.transform`, [3, 3], moves what is shown: an affine map of the canvas, which spans 1 from edge to edge.
    """

    def __init__(self, style: int, bands: list[Band], kernel: int, critical: int) -> None:
        super().__init__()
        self.input = FourierInput(style, bands[0])
        last = len(bands) - 1
        self.layers = nn.ModuleList(
            _Layer(
                style,
                bands[max(number - 1, 0)],
                band,
                kernel=1 if number == last else kernel,
                radial=kernel == 1 and number < last - critical,
                final=number == last,
            )
            for number, band in enumerate(bands)
        )
        self.styles = len(bands) + 1
        self.needed = [round(2 * band.cutoff) for band in (bands[0], *bands)]  # samples that hold each layer's band
        self.sides: list[int] = []  # of noise, of which there is none
        self.places = 0

    def forward(self, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """noise: not used; what other syntheses take."""
        x = self.input(styles[:, 0])
        for number, layer in enumerate(self.layers):
            x = layer(x, styles[:, number + 1])
        images: Tensor = x.float() * _OUTPUT
        return images


@final
class FourierInput(nn.Module):
    """Styles [N, style] -> maps [N, C, S, S]: waves within a disc, turned and shifted by the style."""

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, style: int, band: Band) -> None:
        super().__init__()
        self.band = band
        freqs = torch.randn(band.channels, 2)
        radius = freqs.square().sum(1, keepdim=True).sqrt()
        self.register_buffer("freqs", freqs / (radius * (radius.square() / 4).exp()) * band.cutoff)
        self.register_buffer("phases", torch.rand(band.channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.weight = nn.Parameter(torch.randn(band.channels, band.channels))
        self.affine = EqualisedLinear(style, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            assert self.affine.bias is not None
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))

    @in_full  # a phase in bf16 is off by pixels
    def forward(self, style: Tensor) -> Tensor:
        band = self.band
        turn = self.affine(style)  # cosine, sine, shift right, shift down
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, right, down = turn.unbind(1)
        zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
        rotation = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).view(-1, 3, 3)
        shift = torch.stack([one, zero, -right, zero, one, -down, zero, zero, one], 1).view(-1, 3, 3)
        move = rotation @ shift @ self.transform
        phases = self.phases + (self.freqs @ move[:, :2, 2:]).squeeze(2)  # [N, C]
        freqs = self.freqs @ move[:, :2, :2]  # [N, C, 2]
        # Waves that a style, or a transform, has made too fast for the rate fade out.
        strength = 1 - (freqs.norm(dim=2) - band.cutoff) / (band.rate / 2 - band.cutoff)
        centre = ((torch.arange(band.size, device=style.device) + 0.5) / band.size - 0.5) * (band.size / band.rate)
        across = freqs[:, None, None, :, 0] * centre[:, None] + freqs[:, None, None, :, 1] * centre[:, None, None]
        waves = (2 * math.pi * (across + phases[:, None, None])).sin() * strength.clamp(0, 1)[:, None, None]
        maps: Tensor = waves @ (self.weight / math.sqrt(band.channels)).t()
        return maps.permute(0, 3, 1, 2)


class _Layer(nn.Module):
    """Modulated convolution, then up, leaky ReLU, down; the last one, to the image, only a modulated 1x1."""

    power: Tensor
    up_taps: Tensor
    down_taps: Tensor

    def __init__(self, style: int, get: Band, give: Band, *, kernel: int, radial: bool, final: bool) -> None:
        super().__init__()
        self.final, self.kernel = final, kernel
        self.affine = EqualisedLinear(style, get.channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(give.channels, get.channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(give.channels))
        self.register_buffer("power", torch.ones(()))
        inner = max(get.rate, give.rate) * (1 if final else 2)
        self.up, self.down = inner // get.rate, inner // give.rate
        up = _TAPS * self.up if self.up > 1 and not final else 1
        down = _TAPS * self.down if self.down > 1 and not final else 1
        self.register_buffer("up_taps", lowpass(up, get.cutoff, get.half_width, inner), persistent=False)
        taps = lowpass(down, give.cutoff, give.half_width, inner, radial=radial)
        self.register_buffer("down_taps", taps, persistent=False)
        whole = (give.size - 1) * self.down + 1 - (get.size + kernel - 1) * self.up + up + down - 2
        before = (whole + self.up) // 2
        self.pad = (before, whole - before)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.power.lerp_(x.float().square().mean(), 1 - 0.5 ** (len(x) / _HALF_LIFE))
        factors: Tensor = self.affine(style)
        weight: Tensor = self.weight
        if self.final:
            factors, after = factors / math.sqrt(weight[0].numel()), None
        else:
            weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            after = lengths(weight, factors)
        x = x * (factors * self.power.rsqrt()).to(x.dtype)[:, :, None, None]
        x = F.conv2d(x, weight, padding=self.kernel - 1)
        x = x if after is None else x * after.to(x.dtype)[:, :, None, None]
        x = x + self.bias.to(x.dtype)[:, None, None]
        if self.final:
            return x.clamp(-_CLAMP, _CLAMP)
        x = resample(x, self.up_taps, up=self.up, pad=self.pad, gain=self.up**2)
        x = (F.leaky_relu(x, _SLOPE) * _GAIN).clamp(-_CLAMP, _CLAMP)
        if self.down_taps.dim() == 1:
            return resample(x, self.down_taps, down=self.down)
        channels = x.shape[1]
        kernel = self.down_taps.to(x.dtype).expand(channels, 1, -1, -1)
        return F.conv2d(x, kernel, stride=self.down, groups=channels)
