"""A layout as maps: one for each class, by the colours of a label map, and one of the edges between its regions.

Wang et al. 2018, arXiv:1711.11585, section 3.3: the map of edges tells regions of one class that touch each other apart
where each instance has a colour of its own.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_ALIKE = 0.05  # difference of a channel, of 2, up to which neighbours have the same colour


@final
class Layout(nn.Module):
    """Label maps as images [N, C, H, W] in [-1, 1] -> maps [N, `width`, H, W], float32.

    classes: colours that stand for a class, each of which becomes a map of 0 and 1; a pixel of another colour counts
    for the nearest. 0 leaves the image as it is. edges: one more map, 1 where a pixel's colour is not that of all four
    neighbours. `learn` finds the colours; they are saved with the network.
    """

    def __init__(self, channels: int, classes: int, edges: bool) -> None:
        super().__init__()
        self.classes, self.edges = classes, edges
        self.width = (classes or channels) + edges
        self.register_buffer("colours", torch.zeros(classes, channels))

    @torch.no_grad()
    def learn(self, images: Tensor) -> None:
        """Take the most frequent colours of label maps [N, C, H, W]; where there are fewer, the first again."""
        colours = self.get_buffer("colours")
        if not self.classes:
            return
        flat = images.permute(0, 2, 3, 1).reshape(-1, images.shape[1])
        distinct, count = flat.unique(dim=0, return_counts=True)
        chosen = distinct[count.argsort(descending=True, stable=True)[: self.classes]]
        colours[:] = chosen[0]
        colours[: len(chosen)] = chosen

    def forward(self, images: Tensor) -> Tensor:
        maps = F.one_hot(self.numbers(images), self.classes).movedim(-1, 1).to(images) if self.classes else images
        return torch.cat((maps, outlines(images)), 1) if self.edges else maps

    def numbers(self, images: Tensor) -> Tensor:
        """The class of each pixel of [N, C, H, W], by the nearest colour: [N, H, W] int64."""
        return (images[:, None] - self.get_buffer("colours")[:, :, None, None]).square().sum(2).argmin(1)


def outlines(images: Tensor) -> Tensor:
    """1 where the colour of a pixel differs from that of one of its four neighbours, else 0.  [N, 1, H, W]"""
    edge = torch.zeros_like(images[:, :1])
    across = ((images[..., 1:] - images[..., :-1]).abs().amax(1, keepdim=True) > _ALIKE).to(edge)
    down = ((images[..., 1:, :] - images[..., :-1, :]).abs().amax(1, keepdim=True) > _ALIKE).to(edge)
    across, down = F.pad(across, (1, 1)), F.pad(down, (0, 0, 1, 1))
    return torch.maximum(
        torch.maximum(across[..., 1:], across[..., :-1]), torch.maximum(down[..., 1:, :], down[..., :-1, :])
    )
