"""A generator of the next frame: new pixels, and the last frame moved along a flow. Wang et al. 2018, arXiv:1808.06601,
section 3.1 and figure 9.

Paper   here
h       `raw`: new pixels
w       `flow`, in pixels, by which the last frame is moved
m       1 - `share`: where the moved frame is good enough
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.layers.warp import warped
from saddlepoint.nn.sizes import Sizes

_FLOW = 20.0  # pixels for an output of 1


def film_sizes(halvings: int) -> Sizes:
    """What such a generator takes: its blocks reflect a pixel at the smallest side."""
    return Sizes(multiple=1 << halvings, least=2 << halvings)


@dataclass(frozen=True)
class Frame:
    """What a generator makes of one moment: image and raw [N, C, H, W], flow [N, 2, H, W], share [N, 1, H, W]."""

    image: Tensor
    raw: Tensor
    flow: Tensor
    share: Tensor


@final
class FilmGenerator(nn.Module):
    """Layouts of some moments [N, layouts, H, W] and the frames before [N, frames, H, W], the newest last -> a `Frame`.

    channels: of a frame. width: at the full side; they double with each halving. blocks: half of them, and one more of
    an odd number, on each of both inputs, the rest on their sum, apart for pixels and flow.
    """

    def __init__(
        self, layouts: int, frames: int, channels: int, width: int, halvings: int, blocks: int, norm: Norm
    ) -> None:
        super().__init__()
        self.sizes, self.channels = film_sizes(halvings), channels
        late = blocks // 2
        wide = width << halvings
        self.layout, self.past = (
            nn.Sequential(*_down(inputs, width, halvings, norm), *(Block(wide, norm) for _ in range(blocks - late)))
            for inputs in (layouts, frames)
        )
        self.pixels, self.motion = (
            nn.Sequential(*(Block(wide, norm) for _ in range(late)), *_up(width, halvings, norm)) for _ in range(2)
        )
        self.raw, self.flow, self.share = (
            nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect") for outputs in (channels, 2, 1)
        )
        initialise(self, "normal", 0.02)

    def forward(self, layouts: Tensor, frames: Tensor) -> Frame:
        maps = self.layout(layouts) + self.past(frames)
        motion = self.motion(maps)
        raw = self.raw(self.pixels(maps)).float().tanh()
        flow, share = _FLOW * self.flow(motion).float(), self.share(motion).float().sigmoid()
        moved = warped(frames[:, -self.channels :].float(), flow)
        return Frame(raw * share + moved * (1 - share), raw, flow, share)


def _down(inputs: int, width: int, halvings: int, norm: Norm) -> list[nn.Module]:
    first = nn.Conv2d(inputs, width, 7, padding=3, bias=False, padding_mode="reflect")
    layers: list[nn.Module] = [first, norm2d(norm, width), nn.ReLU()]
    for level in range(halvings):
        conv = nn.Conv2d(width << level, width << (level + 1), 3, 2, 1, bias=False)
        layers += [conv, norm2d(norm, width << (level + 1)), nn.ReLU()]
    return layers


def _up(width: int, halvings: int, norm: Norm) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for level in reversed(range(halvings)):
        conv = nn.ConvTranspose2d(width << (level + 1), width << level, 3, 2, 1, 1, bias=False)
        layers += [conv, norm2d(norm, width << level), nn.ReLU()]
    return layers


def no_frames(like: Tensor, count: int) -> list[Tensor]:
    """What stands for the frames before the first: `count` of nothing."""
    return [torch.zeros_like(like) for _ in range(count)]
