"""MAE: three quarters of an image's patches are left out, and made again from the rest. He et al. 2022,
arXiv:2111.06377, section 3.

The encoder sees the patches that are left alone; the small decoder sees them and, in the places of the others, one
vector that is the same for all. Only what was left out counts in the loss. The encoder fits that of `vit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.nn.backbones.vit import VisionTrunk, initialise, patchify, unpatchify, waves_2d
from saddlepoint.nn.layers.attention import Block


@final
@dataclass(frozen=True, kw_only=True)
class MAE(Method):
    """An encoder that learns from images without labels, by mending them."""

    takes = ImageBatch
    compiles = ()

    patch: Count = 16
    """pixels of a side of a patch; it divides both sides of the images"""
    masked: Annotated[float, Range(above=0, below=1)] = 0.75
    """share of patches that the encoder does not see"""
    layers: Layers = 12
    """attention blocks of the encoder"""
    heads: Layers = 12
    """heads of each attention of the encoder; they divide its width"""
    width: Width = 768
    """numbers that stand for a patch in the encoder; 4 divides them"""
    decoder_layers: Layers = 8
    """attention blocks of the decoder"""
    decoder_heads: Layers = 16
    """heads of each attention of the decoder"""
    decoder_width: Width = 512
    """numbers that stand for a patch in the decoder; 4 divides them"""
    normalise: bool = False
    """learn each patch less its own mean and over its own deviation: better for what is learnt, worse to look at"""
    lr: Positive = 1.5e-4
    """highest learning rate (AdamW), which falls to 0 along half a cosine; the paper has this for each 256 examples of
    its batch"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.05
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        encoder = VisionTrunk(
            data.image(), self.patch, layers=self.layers, heads=self.heads, width=self.width, fixed=True
        )
        places = encoder.grid[0] * encoder.grid[1]
        if not 0 < self._kept(places) < places:
            raise ConfigError(
                f"of {places} patches none would be left out, or all: choose a smaller --patch or another --masked."
            )
        return Networks(encoder=encoder, decoder=_Decoder(data.image(), self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"mae": AdamW("encoder", "decoder", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image
        order = draw.uniform(len(image), nets.encoder.positions.shape[1] - 1).argsort(1)
        patches, hidden = self.mended(nets, image, order)
        each = (patches - self.aim(image)).square().mean(2)  # [N, patches]
        yield Update("mae", {"hidden": ((each * hidden).sum(1) / hidden.sum(1)).mean()})

    def aim(self, image: Tensor) -> Tensor:
        """The patches that are to be made, [N, patches, patch x patch x C]."""
        patches = patchify(image, self.patch)
        if not self.normalise:
            return patches
        spread = patches.var(2, keepdim=True)
        return (patches - patches.mean(2, keepdim=True)) / (spread + 1e-6).sqrt()

    def mended(self, nets: nn.Module, image: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
        """All patches as the decoder makes them, and which of them the encoder did not see.

        image: [N, C, H, W] in [-1, 1]. order: [N, patches], a permutation each, whose first part is seen. Returns
        [N, patches, patch x patch x C] float32 and [N, patches] bool.
        """
        encoder, decoder = _parts(nets)
        kept = self._kept(order.shape[1])
        placed = encoder.placed(image)
        shown = order[:, :kept]
        tokens = encoder.read(placed.gather(1, shown[..., None].expand(-1, -1, placed.shape[2])))
        hidden = torch.ones_like(order, dtype=torch.bool).scatter(1, shown, False)
        return decoder(tokens, order.argsort(1)).float(), hidden

    def _kept(self, places: int) -> int:
        return int(places * (1 - self.masked))

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The mean of the whole image's patches after the encoder.  [n, width]"""
        mean: Tensor = _parts(nets)[0](images)[:, 1:].mean(1).float()
        return mean

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """Images of which the same patches are left out, by one draw for all of them, and mended: the rest stays."""
        encoder, _ = _parts(nets)
        places = encoder.grid[0] * encoder.grid[1]
        order = torch.randperm(places, generator=generator(0, "left out", places)).to(images.device)
        return self.fill(nets, images, order.expand(len(images), -1))

    def fill(self, nets: nn.Module, images: Tensor, order: Tensor) -> Tensor:
        """Images [n, C, H, W] with the patches mended that come last in the order; see `mended`.

        Of a network that has learnt patches less their mean, the mean and the contrast of what is seen are put back.
        """
        patches, hidden = self.mended(nets, images, order)
        own = patchify(images, self.patch)
        if self.normalise:  # brightness and contrast of what is seen stand for those of what is not
            visible = own * ~hidden[..., None]
            mean = visible.sum((1, 2), keepdim=True) / (~hidden).sum(1)[:, None, None] / own.shape[2]
            patches = mean + patches * own[~hidden].var().sqrt()
        both = torch.where(hidden[..., None], patches, own).clamp(-1, 1)
        return unpatchify(both, self.patch, (images.shape[2], images.shape[3]))

    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """As `encode`."""
        return self.encode(nets, examples)


@final
class _Decoder(nn.Module):
    """Tokens of the seen patches after the class token, [N, 1 + M, width], and where each patch stands in their order,
    [N, patches] -> all patches [N, patches, patch x patch x C]."""

    positions: Tensor

    def __init__(self, image: Image, settings: MAE) -> None:
        super().__init__()
        width, grid = settings.decoder_width, (image.height // settings.patch, image.width // settings.patch)
        if width % settings.decoder_heads or width % 4:
            raise ConfigError(
                f"--decoder-width {width} does not fit: choose one that 4 and {settings.decoder_heads} heads divide."
            )
        self.embed = nn.Linear(settings.width, width)
        self.hole = nn.Parameter(torch.zeros(1, 1, width))
        positions = torch.cat((torch.zeros(1, width), waves_2d(*grid, width)))[None]
        self.register_buffer("positions", positions)
        self.blocks = nn.ModuleList(Block(width, settings.decoder_heads) for _ in range(settings.decoder_layers))
        self.norm = nn.LayerNorm(width)
        self.pixels = nn.Linear(width, settings.patch**2 * image.channels)
        initialise(self)
        nn.init.normal_(self.hole, std=0.02)

    def forward(self, tokens: Tensor, place: Tensor) -> Tensor:
        known = self.embed(tokens)
        n, places = place.shape
        holes = self.hole.expand(n, places - known.shape[1] + 1, -1).to(known.dtype)
        rows = torch.cat((known[:, 1:], holes), 1).gather(1, place[..., None].expand(-1, -1, known.shape[2]))
        hidden = torch.cat((known[:, :1], rows), 1) + self.positions
        for block in self.blocks:
            hidden = block(hidden)
        patches: Tensor = self.pixels(self.norm(hidden))[:, 1:]
        return patches


def _parts(nets: nn.Module) -> tuple[VisionTrunk, _Decoder]:
    encoder, decoder = nets.get_submodule("encoder"), nets.get_submodule("decoder")
    assert isinstance(encoder, VisionTrunk)
    assert isinstance(decoder, _Decoder)
    return encoder, decoder


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "base": {  # github.com/facebookresearch/mae, PRETRAIN.md: 1.5e-4 for each 256 of a batch of 4096
        "normalise": True,
        "batch": 4096,
        "lr": 2.4e-3,
        "resolution": 224,
        "flip": True,
    },
    "quick": {  # small images, a processor
        "patch": 4,
        "layers": 4,
        "heads": 4,
        "width": 64,
        "decoder_layers": 2,
        "decoder_heads": 4,
        "decoder_width": 64,
        "lr": 2e-3,
        "batch": 64,
    },
}

PROOF = Proof(
    claim="An MAE mends silhouettes of which three quarters are left out better than the mean of what is seen and than"
    " the most alike image of training do.",
    data="world:silhouettes",
    measure="mending",
    share=0.8,
    settings={
        "examples": 50_000,
        "batch": 32,
        "held_out": 0.1,
        "patch": 2,
        "layers": 2,
        "heads": 4,
        "width": 48,
        "decoder_layers": 1,
        "decoder_heads": 4,
        "decoder_width": 48,
        "lr": 3e-3,
    },
)
