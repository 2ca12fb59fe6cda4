"""Colourisation as a choice among colours: for each grey pixel how likely each colour is. Zhang et al. 2016,
arXiv:1603.08511.

Paper      here
X, Y       luma of the source; a and b of the target, in CIE Lab. Lightness is what gives them the luma of the source
Q          colours: squares of 10 of the plane of a and b that sRGB has, at any lightness; the authors' list has 313
Z          soft code of a true colour: its 10 nearest squares, weighed by a Gaussian of deviation 5
lambda     `rebalance` .5: weight of a colour is 1 over (1 - lambda) p + lambda / Q, its mean over the data 1
T          `temperature` .38 of the annealed mean
grey_skip  images without any colour (a and b under 5 everywhere) do not count

What is chosen among is at `coarse` times smaller sides, and is enlarged by interpolation, as the authors do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.joining_unet import JoiningUNet
from saddlepoint.nn.layers.lab import to_lab, to_rgb

GRID = 10
"""side of a square of colours"""
_LUMA = (0.299, 0.587, 0.114)


@final
@dataclass(frozen=True, kw_only=True)
class Colourisation(Method):
    """Colour for grey images, from pairs as `--data grey:FOLDER` makes them."""

    takes = PairedBatch
    compiles: ClassVar[tuple[str, ...]] = ("colours",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 40}

    width: Width = 64
    """channels of the network at full size, doubled with each halving"""
    depth: Annotated[int, Range(least=1, most=8)] = 4
    """sizes of the network (a U-Net; the paper has a chain with dilation, of which the weights are not told apart)"""
    coarse: Literal[1, 2, 4] = 4
    """how many times smaller the colours are chosen than the image is"""
    rebalance: Share = 0.5
    """1 for colours that all count alike; under it rare ones count more, at 0 each by one over its share"""
    temperature: Annotated[float, Range(least=0, most=1)] = 0.38
    """of the colour that is taken from the choice: 0 for the likeliest, 1 for the mean, which is duller"""
    lr: Positive = 3e-5
    """learning rate at the beginning (AdamW); it falls along half a cosine"""
    decay: Weight = 1e-3
    """weight decay"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        if (source.channels, target.channels) != (1, 3) or source.shape[1:] != target.shape[1:]:
            raise ConfigError(
                f"colourisation makes images in colour of grey ones; the data has {source} and {target}. Use --data"
                " grey:FOLDER."
            )
        return Networks(colours=Colours(self.width, self.depth, self.coarse))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Cosine(self.lr, self.lr / 100)
        return {"colours": AdamW("colours", lr=rate, betas=(0.9, 0.99), weight_decay=self.decay)}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Count how often each colour occurs in the first 512 training examples."""
        nets.colours.weigh(look(512).tensors()["target"], self.rebalance)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair = draw()
        code = nets.colours.code(pair.target)  # [N, h, w, 10] twice
        yield Update("colours", {"entropy": nets.colours.loss(nets.colours(pair.source), *code, pair.target)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From grey to colour."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Grey images [n, 1, H, W] in [-1, 1], of any size, in colour; `seed` changes nothing."""
        colours = nets.get_submodule("colours")
        assert isinstance(colours, Colours)
        plane = colours.annealed(colours(images), self.temperature)
        plane = F.interpolate(plane, images.shape[2:], mode="bilinear", align_corners=False)
        return to_rgb(torch.cat((lightness_of((images.float() + 1) / 2, plane), plane), 1)) * 2 - 1


def lightness_of(grey: Tensor, plane: Tensor) -> Tensor:
    """The lightness with which colours of `plane` [N, 2, H, W] have the luma `grey`, [N, 1, H, W] in [0, 1].

    A grey image holds ITU-R 601 luma, whose lightness is that of greys alone: under it blue would come out too bright.
    Found by halving, to a 40th of a level of L.
    """
    low, high = torch.zeros_like(grey), torch.full_like(grey, 100)
    weights = grey.new_tensor(_LUMA).view(1, 3, 1, 1)
    for _ in range(12):
        middle = (low + high) / 2
        dark = (weights * to_rgb(torch.cat((middle, plane), 1))).sum(1, keepdim=True) < grey
        low, high = torch.where(dark, middle, low), torch.where(dark, high, middle)
    return (low + high) / 2


@final
class Colours(nn.Module):
    """Grey images [N, 1, H, W] in [-1, 1] -> logits of each colour, [N, Q, h, w]; with the colours and their
    weights."""

    def __init__(self, width: int, depth: int, coarse: int) -> None:
        super().__init__()
        self.coarse = coarse
        self.register_buffer("centres", centres())
        self.register_buffer("weight", torch.ones(len(self.centres)))
        self.trunk = JoiningUNet(1, width, width, depth, strided=True)
        self.last = nn.Conv2d(width, len(self.centres), 1)

    centres: Tensor
    weight: Tensor

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.last(self._smaller(F.leaky_relu(self.trunk(image), 0.2)))
        return logits.float()

    def _smaller(self, image: Tensor) -> Tensor:
        return F.avg_pool2d(image, self.coarse, ceil_mode=True) if self.coarse > 1 else image

    def code(self, target: Tensor) -> tuple[Tensor, Tensor]:
        """Of images in colour the 10 nearest colours of each pixel, and their shares.  [N, h, w, 10] int64, float32"""
        plane = self._smaller(to_lab((target.float() + 1) / 2)[:, 1:]).permute(0, 2, 3, 1)
        far, nearest = (torch.cdist(plane, self.centres)).topk(min(10, len(self.centres)), largest=False)
        return nearest, torch.softmax(-far.square() / (2 * 5.0**2), -1)

    def weigh(self, target: Tensor, rebalance: float) -> None:
        """Set the weight of each colour from how often it occurs in these images."""
        nearest, shares = self.code(target)
        counts = torch.zeros_like(self.weight).index_add_(0, nearest.flatten(), shares.flatten())
        law = counts / counts.sum()
        weight = 1 / ((1 - rebalance) * law + rebalance / len(law))
        self.weight.copy_(weight / (law * weight).sum())

    def loss(self, logits: Tensor, nearest: Tensor, shares: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of the soft code, each pixel weighed by its nearest colour; a mean."""
        chances = torch.log_softmax(logits, 1).permute(0, 2, 3, 1)
        each = -(shares * chances.gather(-1, nearest)).sum(-1)  # [N, h, w]
        plane = to_lab((target.float() + 1) / 2)[:, 1:]
        coloured = (plane.abs().amax((1, 2, 3)) >= 5).float()[:, None, None]
        return (coloured * self.weight[nearest[..., 0]] * each).mean()

    def annealed(self, logits: Tensor, temperature: float) -> Tensor:
        """The colour of each pixel, [N, 2, h, w]: the mean after the law is made sharper; at 0 the likeliest."""
        if temperature == 0:
            return self.centres[logits.argmax(1)].permute(0, 3, 1, 2)
        law = torch.softmax(logits / temperature, 1)
        return torch.einsum("nqhw,qc->nchw", law, self.centres)


def centres() -> Tensor:
    """The middles of all squares of the plane of a and b that some colour of sRGB lies in.  [Q, 2]"""
    line = torch.linspace(0, 1, 52)
    cube = torch.cartesian_prod(line, line, line)
    squares = (to_lab(cube)[:, 1:] / GRID).round()
    middles: Tensor = squares.unique(dim=0) * GRID
    return middles


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 176, "examples": 17_760_000},  # richzhang/colorization, solver and layers: batch of 40
    "small": {"width": 16, "depth": 3, "coarse": 2, "lr": 1e-3, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="Colourisation by choice finds the colours of grey images by what they show, nearer to the true ones than a"
    " table of greys.",
    data="grey:world:dyed",  # flat colours of world:shapes are told by their grey alone, which a table does best
    measure="restored",
    share=0.85,
    settings={
        "examples": 24_000,
        "batch": 8,
        "width": 16,
        "depth": 4,
        "coarse": 2,
        "lr": 2e-3,
        "rebalance": 1.0,
        "temperature": 1.0,
    },
)
