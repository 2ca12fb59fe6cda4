"""Adaptive discriminator augmentation: the "bgc" pipeline and its controller. Karras et al. 2020, arXiv:2006.06676.

Every transformation happens to an image with probability p, by itself, in the order of appendix B: mirror, quarter
turns, whole pixels' shift; scale, turn, stretch, turn, shift; brightness, contrast, luma, hue, saturation. The critic
sees nothing else, so the generator does not learn to make turned or tinted images as long as p is well below 1.
"""

from __future__ import annotations

import functools
import math
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.layers.augment import colour
from saddlepoint.nn.layers.augment.warp import warp


@final
class AdaptiveAugment(nn.Module):
    """Images [N, C, S, S] in [-1, 1] -> the same, changed; float32, and can be differentiated twice.

    p: buffer, the probability of each transformation.
    lead: buffer, sums the critic's mean sign on real images since p last moved.
    """

    ROWS = 13
    """transformations, each with a row of three uniform numbers: whether, and up to two of how much"""

    p: Tensor
    lead: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("lead", torch.zeros(()))

    def forward(self, images: Tensor, chance: Tensor) -> Tensor:
        """chance: U[0, 1), [N, ROWS, 3]; the same numbers make the same changes."""
        with torch.autocast(images.device.type, enabled=False):
            images = images.float()
            if self.p.device.type == "cpu" and self.p == 0:
                return images  # all would be left as they are, and asking costs no wait here
            moved = warp(images, self.placing(chance, images.shape[-1]))
            return colour.recolour(moved, self.colouring(chance, images.shape[1]))

    def steer(self, sign: Tensor, target: float, images: int, speed: float, most: float | None) -> None:
        """Move p after a step, by what `lead` and `sign` say together; section 3.1.

        sign: the critic's mean sign on real images, -1 to 1: the share of them that it takes for real, twice, less one.
        images: shown since p last moved, or 0 while `lead` only gathers. speed: images from p = 0 to p = 1.
        most: bound of p from above, or None. From below it is 0.
        """
        self.lead += sign
        if images:
            self.p += (self.lead - target).sign() * images / speed
            self.p.clamp_(0, most)
            self.lead.zero_()

    def placing(self, chance: Tensor, side: int) -> Tensor:
        """From places in the result to places in the image, for `warp`.  [N, 3, 3]"""
        a, b = chance[:, :, 1], chance[:, :, 2]
        scale = self._drawn(chance, 3, torch.exp2(0.2 * normal(a[:, 3])), 1.0)
        stretch = self._drawn(chance, 5, torch.exp2(0.2 * normal(a[:, 5])), 1.0)
        # Two turns, before and after the stretch: at least one of them happens with probability p.
        once = 1 - torch.sqrt(1 - self.p.clamp(max=1))
        before, after = (torch.where(chance[:, row, 0] < once, (2 * a[:, row] - 1) * math.pi, 0.0) for row in (4, 6))
        steps = (
            _scaling(self._drawn(chance, 0, 1 - 2 * (2 * a[:, 0]).floor(), 1.0), torch.ones_like(scale)),
            _turning(self._drawn(chance, 1, (4 * a[:, 1]).floor() * (math.pi / 2))),
            _shifting(*(self._drawn(chance, 2, ((2 * by[:, 2] - 1) * 0.125 * side).round()) for by in (a, b))),
            _scaling(scale, scale),
            _turning(before),
            _scaling(stretch, 1 / stretch),
            _turning(after),
            _shifting(*(self._drawn(chance, 7, normal(by[:, 7]) * 0.125 * side) for by in (a, b))),
        )
        # Each undoes its step; the last step is the first to be undone.
        return functools.reduce(torch.matmul, steps)

    def colouring(self, chance: Tensor, channels: int) -> Tensor:
        """The matrix for `recolour`; hue needs three channels.  [N, C + 1, C + 1]"""
        a = chance[:, :, 1]
        steps = [
            colour.brightness(self._drawn(chance, 8, 0.2 * normal(a[:, 8])), channels),
            colour.contrast(self._drawn(chance, 9, torch.exp2(0.5 * normal(a[:, 9])), 1.0), channels),
            colour.luma_flip(self._drawn(chance, 10, (2 * a[:, 10]).floor()), channels),
            colour.saturation(self._drawn(chance, 12, torch.exp2(normal(a[:, 12])), 1.0), channels),
        ]
        if channels == 3:
            steps.insert(3, colour.hue(self._drawn(chance, 11, (2 * a[:, 11] - 1) * math.pi)))
        return functools.reduce(torch.matmul, reversed(steps))

    def _drawn(self, chance: Tensor, row: int, value: Tensor, otherwise: float = 0.0) -> Tensor:
        """`value` [N] where the row's transformation happens."""
        return torch.where(chance[:, row, 0] < self.p, value, otherwise)


def normal(uniform: Tensor) -> Tensor:
    """N(0, 1) from U[0, 1), by the inverse of its distribution function."""
    return torch.erfinv(2 * uniform.clamp(1e-6, 1 - 1e-6) - 1) * math.sqrt(2)


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    """Undoes a scaling by x and y.  [N, 3, 3]"""
    return torch.diag_embed(torch.stack([1 / x, 1 / y, torch.ones_like(x)], 1))


def _turning(angle: Tensor) -> Tensor:
    """Undoes a turn by `angle`."""
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = [cosine, sine, zero, -sine, cosine, zero, zero, zero, zero + 1]
    return torch.stack(rows, 1).view(-1, 3, 3)


def _shifting(x: Tensor, y: Tensor) -> Tensor:
    """Undoes a shift by x and y pixels."""
    matrix = torch.eye(3, device=x.device).repeat(len(x), 1, 1)
    matrix[:, 0, 2], matrix[:, 1, 2] = -x, -y
    return matrix
