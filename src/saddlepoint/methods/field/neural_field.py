"""Neural field: a network that holds one image as colour by place. Sitzmann et al. 2020 (SIREN), arXiv:2006.09661.

Paper       here
Phi(x)      `field`, from places in [-1, 1] to values in [-1, 1]
omega_0     `omega`
gamma(v)    `form` fourier: Tancik et al. 2020, arXiv:2006.10739, with B ~ N(0, `deviation`^2)
What it is for: a few numbers instead of pixels (compression), a smooth image through noisy pixels when training is
short (denoising), an image between the pixels that it has learnt (super-resolution, holes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Natural, Positive
from saddlepoint.data.batches import Batch, DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.coordinate import OfPlaces

_AT_ONCE = 1 << 16  # places


@final
class Target(nn.Module):
    """The image that is learnt, as bytes [C, H, W]."""

    image: Tensor

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.register_buffer("image", torch.zeros(channels, height, width, dtype=torch.uint8))


@final
@dataclass(frozen=True, kw_only=True)
class NeuralField(OfPlaces):
    """One image as a network of places, which can be drawn at any size."""

    takes = ImageBatch
    compiles = ("field",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1, "examples": 1_000, "held_out": 0.0}

    number: Natural = 0
    """which image of the data is learnt, counted from 0"""
    places: Natural = 0
    """pixels drawn for each example of a batch; 0 for the whole image each time"""
    spacing: Count = 1
    """learn every so many-th pixel of each axis alone, and leave the others to be filled in"""
    lr: Positive = 1e-4
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        image = data.image()
        if self.number >= max(data.examples, 1):
            raise ConfigError(f"--number {self.number} names no image: the data has {data.examples} to train on.")
        if self.spacing > min(image.height, image.width):
            raise ConfigError(f"--spacing {self.spacing} leaves a single row or column of {image}.")
        field = self.coordinate_network(2, image.channels)
        return Networks(field=field, target=Target(image.channels, image.height, image.width))

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        nets.target.image.copy_(to_uint8(look(self.number + 1).tensors()["image"][self.number]))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"field": Adam("field", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        n = len(draw())
        image = pixels(nets.target.image[None])[0, :, :: self.spacing, :: self.spacing]  # [C, H, W] in [-1, 1]
        place = centres(nets.target.image.shape[1], nets.target.image.shape[2], image.device)[
            :: self.spacing, :: self.spacing
        ].reshape(-1, 2)
        truth = image.flatten(1).T  # [pixels, C]
        if self.places:
            chosen = (draw.uniform(n, self.places) * len(place)).long().clamp(max=len(place) - 1)
            place, truth = place[chosen], truth[chosen]
        yield Update("field", {"square": F.mse_loss(values_of(nets.field, place), truth)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """The image with `side` pixels along its longer side: its kind, and values [1, C, H, W] in [-1, 1]."""
        channels, height, width = nets.get_submodule("target").get_buffer("image").shape
        rows, columns = (max(1, round(extent * side / max(height, width))) for extent in (height, width))
        place = centres(rows, columns, next(nets.parameters()).device).view(-1, 2)
        field = nets.get_submodule("field")
        colours = torch.cat([values_of(field, part) for part in place.split(_AT_ONCE)])
        image = colours.clamp(-1, 1).T.reshape(1, channels, rows, columns)
        return Image(channels, rows, columns), image

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The image at the size that was learnt, [C, H, W] in [-1, 1]."""
        kind, image = self.at_side(nets, max(nets.get_submodule("target").get_buffer("image").shape[1:]))
        return kind, image[0]


def centres(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """The middles of pixels, x to the right and y down, in [-1, 1]: [height, width, 2]."""
    y, x = ((torch.arange(size, device=device) + 0.5) * (2 / size) - 1 for size in (height, width))
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)


def values_of(field: nn.Module, place: Tensor) -> Tensor:
    """Values at places [..., 2], [..., C]: of sines as they are, of ReLU layers through tanh(x / 2)."""
    values: Tensor = field(place)
    return values if getattr(field, "sines", False) else (values / 2).tanh()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "siren": {"examples": 500},  # github.com/vsitzmann/siren, explore_siren.ipynb: the whole image in each step
    "fourier": {  # github.com/tancik/fourier-feature-networks, 2d_image_regression.ipynb
        "form": "fourier",
        "lr": 1e-3,
        "depth": 3,  # four layers there, the last of which is the output's
        "spacing": 2,  # the other pixels are the test
        "examples": 2_000,
    },
}

PROOF = Proof(
    claim="A field of sines fills in the three quarters of an image's pixels that it has not seen far better than ReLU"
    " layers of the same size, steps and rate do.",
    data="world:picture",
    measure="unseen-pixels",
    share=0.65,
    settings={
        "resolution": 64,
        "examples": 400,
        "width": 128,
        "omega": 20.0,  # with 30 the pixels between are noisier
        "spacing": 2,
        "lr": 5e-4,
    },
)
