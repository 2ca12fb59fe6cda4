"""pix2pixHD's encoder of features: what each region of an image looks like, in a few numbers. Wang et al. 2018,
arXiv:1711.11585, section 3.4."""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes


@final
class RegionEncoder(nn.Module):
    """Images [N, inputs, H, W] and the region of each pixel, [N, H, W] int64 -> [N, outputs, H, W] in [-1, 1], float32.

    All pixels of a region have the mean of what the network finds there. width: channels at the full side; they double
    with each of `halvings`. It halves and enlarges as often.
    """

    def __init__(self, inputs: int, outputs: int, width: int, halvings: int, norm: Norm = "instance") -> None:
        super().__init__()
        self.sizes = Sizes(multiple=1 << halvings, least=max(4, 2 << halvings))

        def conv(before: int, after: int, side: int, stride: int) -> list[nn.Module]:
            mode: Literal["reflect", "zeros"] = "reflect" if side == 7 else "zeros"
            layer = nn.Conv2d(before, after, side, stride, side // 2, bias=False, padding_mode=mode)
            return [layer, norm2d(norm, after), nn.ReLU(inplace=True)]

        layers = conv(inputs, width, 7, 1)
        for level in range(halvings):
            layers += conv(width << level, 2 * width << level, 3, 2)
        for level in reversed(range(halvings)):
            up = nn.ConvTranspose2d(2 * width << level, width << level, 3, 2, 1, 1, bias=False)
            layers += [up, norm2d(norm, width << level), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect"))
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor, regions: Tensor) -> Tensor:
        return region_means(self.layers(image).float().tanh(), regions)


def regions_of(layout: Tensor) -> Tensor:
    """A number for each region, which is all pixels of one colour in one image.  [N, C, H, W] -> [N, H, W] int64"""
    levels = ((layout.float() + 1) * 127.5).round().long().clamp(0, 255)  # [N, C, H, W]
    key = torch.arange(len(layout), device=layout.device).view(-1, 1, 1).expand(-1, *layout.shape[2:])
    for channel in levels.unbind(1):
        key = 256 * key + channel
        key = key.unique(return_inverse=True)[1]  # stays small, however many channels there are
    return key


def region_means(features: Tensor, regions: Tensor) -> Tensor:
    """The mean of features [N, C, H, W] over each region, at all its pixels.  regions: [N, H, W] int64"""
    flat = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    place, count = regions.flatten(), int(regions.max()) + 1
    sums = flat.new_zeros(count, flat.shape[1]).index_add(0, place, flat)
    pixels = torch.bincount(place, minlength=count).clamp_min(1).to(flat)
    means = (sums / pixels[:, None])[place]
    return means.view(*regions.shape, -1).permute(0, 3, 1, 2)


@final
class Looks(nn.Module):
    """What regions of each class look like on average: mean and deviation of their features, moved by each step.

    The authors keep ten centres of K-means for each class, found after training; a Gaussian needs no second pass.
    """

    def __init__(self, classes: int, numbers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(classes, numbers))
        self.register_buffer("square", torch.ones(classes, numbers))

    mean: Tensor
    square: Tensor

    def sums(self, features: Tensor, classes: Tensor) -> Tensor:
        """Of each class its share of pixels, and the sums of features and squares over it: [classes, 1 + 2 numbers]."""
        flat = features.detach().permute(0, 2, 3, 1).reshape(-1, features.shape[1])
        rows = torch.cat((torch.ones_like(flat[:, :1]), flat, flat.square()), 1)
        return rows.new_zeros(len(self.mean), rows.shape[1]).index_add(0, classes.flatten(), rows) / len(rows)

    @torch.no_grad()
    def move(self, sums: Tensor, share: float) -> None:
        """Towards what `sums` says, by `share`; a class that was not there stays."""
        present, each = sums[:, :1] > 0, sums[:, 1:] / sums[:, :1].clamp_min(1e-12)
        for old, new in zip((self.mean, self.square), each.chunk(2, 1)):
            old.copy_(torch.where(present, old + share * (new - old), old))

    def drawn(self, classes: Tensor, noise: Tensor) -> Tensor:
        """A look for each pixel by its class, [N, numbers, H, W].  noise: N(0, 1), [classes, numbers]"""
        deviation = (self.square - self.mean.square()).clamp_min(0).sqrt()
        return (self.mean + deviation * noise)[classes].permute(0, 3, 1, 2).clamp(-1, 1)
