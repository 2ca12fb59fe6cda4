"""Video Pixel Networks: clips by pixels, each frame given those before. Kalchbrenner et al. 2016, arXiv:1610.00527, 3.

Paper  here
MU     multiplicative unit: g1 tanh(g2 h + g3 u), gates by sigmoids of convolutions, u by a tanh: section 3.1, eq. 3
RMB    residual multiplicative block: 1x1 down, two units, 1x1 up, added to its input: section 3.2
A frame goes through an encoder of such blocks, the frames so far through a convolutional LSTM, and the next frame is
written by a decoder of masked blocks that is given what the LSTM holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Positive, Range, Width
from saddlepoint.data.batches import ClipBatch, DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Clock, Draw, Method, Moves, Networks, Optim, Proof, RMSProp, Update
from saddlepoint.methods.families.sampled import inverse, level_value, nearest_level
from saddlepoint.nn.layers.masked import MaskedConv2d, Walk

_AT_ONCE = 64  # clips whose likelihood is worked out at once


@final
@dataclass(frozen=True, kw_only=True)
class VideoPixelNetwork(Method):
    """States the distribution of every pixel of a clip given the frames before and the pixels before it in its own."""

    takes = ClipBatch
    compiles = ("network",)
    exact: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    levels: Annotated[int, Range(2, 256)] = 2
    """levels of brightness; 2 for black and white"""
    width: Width = 128
    """channels within a block; between the blocks there are twice as many"""
    dilations: tuple[Count, ...] = (1, 2, 4, 8, 1, 2, 4, 8)
    """distances between the pixels that a block of the encoder sees, a block each"""
    decoder_blocks: Layers = 12
    """masked blocks of the decoder"""
    lr: Positive = 3e-4
    """learning rate (RMSProp)"""

    def networks(self, data: DataSpec) -> Networks:
        clip = data.fields["clip"]
        assert isinstance(clip, Clip)
        return Networks(network=_Network(clip, self.levels, self.width, self.dilations, self.decoder_blocks))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": RMSProp("network", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        clip = self.on_levels(draw().clip)
        nats = -self.frame_log_probabilities(nets, clip).sum(1).mean() / clip.shape[1]
        yield Update("network", {"nats_per_frame": nats})

    def on_levels(self, clip: Tensor) -> Tensor:
        """Clips in [-1, 1] on the nearest of the levels."""
        return level_value(nearest_level(clip, self.levels), self.levels)

    def frame_log_probabilities(self, nets: nn.Module, clip: Tensor) -> Tensor:
        """log p of each frame given those before it, in nats: [N, T, C, H, W] on the levels -> [N, T]."""
        network = _network(nets)
        count, frames = clip.shape[:2]
        logits = network.decoded(clip.flatten(0, 1), network.contexts(clip).flatten(0, 1))  # [N T, K, C, H, W]
        levels = nearest_level(clip, self.levels).flatten(0, 1)
        logs = -nn.functional.cross_entropy(logits.float(), levels, reduction="none")
        return logs.flatten(1).sum(1).view(count, frames)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    @property
    def pixels_as(self) -> PixelsAs:
        """What the likelihood is a probability of."""
        return "binary" if self.levels == 2 else "levels"

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, T, C, H, W] float32 on the CPU, even over [0, 1); latent i depends on (seed, i) alone."""
        shape = _network(nets).shape
        return ((normal_rows(n, math.prod(shape), seed, uniform=True, first=first) + 1) / 2).view(n, *shape)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A clip, the first half of whose frames is kept and gone on from."""
        return {"clip": Clip(*_network(nets).shape)}

    @torch.no_grad()
    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Clips [n, T, C, H, W] in [-1, 1], on the levels; row i depends on latent i and the clip given for it alone.

        A temperature under 1 makes likely levels likelier still; 0 takes the likeliest of each pixel.
        """
        network, prompt = _network(nets), how.given.get("clip")
        count, frames, channels, height, width = latents.shape
        clip = torch.zeros_like(latents)
        known = 0 if prompt is None else frames // 2
        state = network.start(count)
        for time in range(frames):
            if prompt is not None and time < known:
                clip[:, time] = self.on_levels(prompt[:, time])
            else:
                walk, context = Walk(height, width), state[0]
                for place in range(height * width):
                    walk.row, walk.column = place // width, place % width
                    for channel in range(channels):
                        logits = network.decoded(clip[:, time], context, walk)[:, :, channel, 0, 0]
                        noise = latents[:, time, channel, walk.row, walk.column]
                        level = inverse(logits, noise, how.temperature)
                        clip[:, time, channel, walk.row, walk.column] = level_value(level, self.levels)
            state = network.after(clip[:, time], state)
        return clip

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """The exact log-probability of each clip [n, T, C, H, W] in nats, [n]; neither `samples` nor `seed` changes it.

        T may be any number of frames. Raises CapabilityError for clips that are not on the levels.
        """
        nearest = self.on_levels(images)
        if not torch.allclose(images, nearest, atol=1e-3):
            raise CapabilityError(f"this likelihood is of pixels of {self.levels} levels: set each to the nearest one.")
        return torch.cat([self.frame_log_probabilities(nets, part).sum(1) for part in nearest.split(_AT_ONCE)])


@final
class _Unit(nn.Module):
    """MU: [N, c, H, W] -> [N, c, H, W]. masked: see the pixels that come before alone, with `colours` groups."""

    def __init__(self, width: int, dilation: int = 1, *, masked: bool = False, colours: int = 1) -> None:
        super().__init__()
        self.masked = masked
        self.parts = nn.ModuleList(
            MaskedConv2d(width, width, 3, "B", colours=colours)
            if masked
            else nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
            for _ in range(4)
        )

    def forward(self, hidden: Tensor, walk: Walk | None = None) -> Tensor:
        outputs = [part(hidden, walk) if self.masked else part(hidden) for part in self.parts]
        first, second, third = (output.sigmoid() for output in outputs[:3])
        output: Tensor = first * (second * hidden + third * outputs[3].tanh()).tanh()
        return output


@final
class _Block(nn.Module):
    """RMB: [N, 2c, H, W] -> [N, 2c, H, W]; a masked one is given the context [N, 2c, H, W] of all frames before."""

    def __init__(self, width: int, dilation: int = 1, *, masked: bool = False, colours: int = 1) -> None:
        super().__init__()
        self.masked = masked
        if masked:
            self.down: nn.Conv2d = MaskedConv2d(2 * width, width, 1, "B", colours=colours)
            self.up: nn.Conv2d = MaskedConv2d(width, 2 * width, 1, "B", colours=colours)
            self.context = nn.Conv2d(2 * width, width, 1)
        else:
            self.down, self.up = nn.Conv2d(2 * width, width, 1), nn.Conv2d(width, 2 * width, 1)
        self.units = nn.ModuleList(_Unit(width, dilation, masked=masked, colours=colours) for _ in range(2))

    def forward(self, hidden: Tensor, context: Tensor | None = None, walk: Walk | None = None) -> Tensor:
        way = (walk,) if self.masked else ()
        within = self.down(hidden, *way)
        if context is not None:
            within = within + self.context(context)
        for unit in self.units:
            within = unit(within, *way)
        added: Tensor = self.up(within, *way)
        return hidden + added


@final
class _Network(nn.Module):
    """Encoder, memory and decoder for clips of one kind."""

    def __init__(self, clip: Clip, levels: int, width: int, dilations: tuple[int, ...], decoder_blocks: int) -> None:
        super().__init__()
        self.shape, self.levels, self.wide = clip.shape, levels, 2 * width
        colours = clip.channels
        self.first = nn.Conv2d(colours, self.wide, 3, padding=1)
        self.encoder = nn.ModuleList(_Block(width, dilation) for dilation in dilations)
        self.memory = nn.Conv2d(2 * self.wide, 4 * self.wide, 3, padding=1)
        self.written = MaskedConv2d(colours, self.wide, 7, "A", colours=colours)
        self.decoder = nn.ModuleList(_Block(width, masked=True, colours=colours) for _ in range(decoder_blocks))
        self.head = MaskedConv2d(self.wide, levels * colours, 1, "B", colours=colours)
        forget = self.memory.bias
        assert forget is not None
        nn.init.constant_(forget[self.wide : 2 * self.wide], 1.0)

    def start(self, n: int) -> tuple[Tensor, Tensor]:
        """What the memory holds before any frame: zeros, output and cell, [n, 2c, H, W] each."""
        empty = self.memory.weight.new_zeros(n, self.wide, *self.shape[2:])
        return empty, empty

    def encoded(self, frames: Tensor) -> Tensor:
        """Frames [N, C, H, W] -> [N, 2c, H, W]"""
        hidden: Tensor = self.first(frames)
        for block in self.encoder:
            hidden = block(hidden)
        return hidden

    def after(self, frame: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The memory once a frame [N, C, H, W] has been seen: a convolutional LSTM."""
        return self._remembered(self.encoded(frame), state)

    def _remembered(self, maps: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        inward, keep, outward, content = self.memory(torch.cat((maps, state[0]), 1)).chunk(4, 1)
        cell = keep.sigmoid() * state[1] + inward.sigmoid() * content.tanh()
        return outward.sigmoid() * cell.tanh(), cell

    def contexts(self, clip: Tensor) -> Tensor:
        """What is known before each frame: [N, T, C, H, W] -> [N, T, 2c, H, W]; of the first nothing."""
        count, frames = clip.shape[:2]
        maps = self.encoded(clip[:, :-1].flatten(0, 1)).unflatten(0, (count, frames - 1)) if frames > 1 else clip
        state = self.start(count)
        contexts = [state[0]]
        for time in range(frames - 1):
            state = self._remembered(maps[:, time], state)
            contexts.append(state[0])
        return torch.stack(contexts, 1)

    def decoded(self, frame: Tensor, context: Tensor, walk: Walk | None = None) -> Tensor:
        """Frames [N, C, H, W] and contexts -> logits [N, K, C, H, W], or on a walk [N, K, C, 1, 1] of its place."""
        if walk is not None:
            context = context[:, :, walk.row : walk.row + 1, walk.column : walk.column + 1]
        hidden = self.written(frame, walk)
        for block in self.decoder:
            hidden = block(hidden, context, walk)
        logits: Tensor = self.head(hidden.relu(), walk)
        by_channel: Tensor = logits.unflatten(1, (-1, self.levels)).transpose(1, 2)
        return by_channel


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"width": 8, "dilations": (1, 2), "decoder_blocks": 2, "lr": 3e-3},
}

PROOF = Proof(
    claim="A Video Pixel Network knows where a block may jump next nearly as well as can be known.",
    data="world:jumps",
    measure="frame-nats",
    share=0.5,
    bars={"gap": 0.1},
    settings={
        "examples": 5_600,
        "batch": 8,
        "held_out": 0.1,
        "window": 4,
        "width": 8,
        "dilations": (1,),
        "decoder_blocks": 1,
        "lr": 3e-3,
    },
)
