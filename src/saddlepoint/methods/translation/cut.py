"""CUT: translation one way, which keeps at each place what told that place from others. Park et al. 2020,
arXiv:2007.15651, eq. 1 to 5.

Paper       here
G           `generator`; its first half G_enc gives the maps that are compared
D           `critic`
H_l         `heads`: a small network for each compared map, which makes rows of length 1
S           `places` drawn of each map
tau         `temperature`
lambda_X    `contrast`: weight of PatchNCE of what is translated
lambda_Y    `identity` keeps its half: the same of images of b, which should be left as they are

FastCUT (section 4) is the preset `fast`: a larger weight, no identity, and mirrored inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, LayersOrNone, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.losses.contrastive import patch_contrast
from saddlepoint.methods.base import Adam, Draw, Linear, Networks, Optim, Proof
from saddlepoint.methods.families.one_way import OneWay
from saddlepoint.nn.backbones.blurred_translator import BlurredPatchCritic, BlurredTranslator, blurred_patch_sizes
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.modes import unremembered


@final
@dataclass(frozen=True, kw_only=True)
class CUT(OneWay):
    """Translation one way between two sets of images, in half the time and memory of translation there and back."""

    batch_statistics = True  # with batch norm
    defaults = {"batch": 1}  # as in the paper

    blocks: Layers = 9
    """residual blocks of the generator"""
    generator_width: Width = 64
    """the generator's channels at the full side"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in the first layer; they double with each, to at most 8 times"""
    halvings: LayersOrNone = 3
    """layers of the critic that halve"""
    norm: Norm = "instance"
    """norm between the layers of both: instance as in the paper, or batch"""
    head_width: Width = 256
    """units of the two layers of each head, and the length of the rows that are compared"""
    places: Count = 256
    """places of each map that are compared"""
    temperature: Positive = 0.07
    """what similarities are divided by; smaller asks for larger differences between places"""
    contrast: Weight = 1.0
    """weight of the contrast between places"""
    identity: bool = True
    """contrast images of the wanted kind with what the generator makes of them too, each with half the weight"""
    mirrored: bool = False
    """mirror half of the images before translation, and their maps back before they are compared"""

    def networks(self, data: DataSpec) -> Networks:
        (BlurredTranslator.sizes & blurred_patch_sizes(self.halvings)).check(
            *data.size, instead=", or fewer --halvings"
        )
        generator = BlurredTranslator(data.channels, self.generator_width, self.blocks, self.norm)
        return Networks(
            generator=generator,
            heads=Heads(generator.features, self.head_width),
            critic=BlurredPatchCritic(data.channels, self.critic_width, self.halvings, self.norm),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generator": ("generator", "heads"), "critic": ("critic",)}
        return {name: Adam(*nets, lr=rate, betas=(self.beta1, 0.999)) for name, nets in groups.items()}

    def constraint(self, nets: Networks, batch: UnpairedBatch, image: Tensor, draw: Draw) -> Mapping[str, Tensor]:
        """PatchNCE of what was translated, and of images of b left as they are."""
        share = 0.5 if self.identity else 1.0
        with unremembered(nets.generator):
            # Mirrored images need a pass of their own: the critic was shown the others.
            turned = draw.uniform(len(image), 1, 1, 1) < 0.5 if self.mirrored else None
            if turned is not None:
                image = nets.generator(_mirrored(batch.a, turned))
            terms = {"contrast": share * self.contrast * self._contrast(nets, batch.a, image, draw, turned)}
            if self.identity:
                same = nets.generator(batch.b)
                terms["identity"] = share * self.contrast * self._contrast(nets, batch.b, same, draw)
        return terms

    def _contrast(
        self, nets: Networks, given: Tensor, image: Tensor, draw: Draw, turned: Tensor | None = None
    ) -> Tensor:
        """The mean over maps.  turned: [N, 1, 1, 1], which images come from mirrored ones."""
        terms = []
        with torch.no_grad():
            keys = nets.generator.encode(given)
        for number, (query, key) in enumerate(zip(nets.generator.encode(image), keys)):
            query = query if turned is None else _mirrored(query, turned)
            count = min(self.places, key[0, 0].numel())
            places = draw.uniform(len(key), key[0, 0].numel()).topk(count, 1).indices  # alike for both
            query, key = (nets.heads(number, each.flatten(2), places) for each in (query, key))
            terms.append(patch_contrast(query, key, temperature=self.temperature))
        return torch.stack(terms).mean()


def _mirrored(images: Tensor, turned: Tensor) -> Tensor:
    return torch.where(turned, images.flip(3), images)


@final
class Heads(nn.Module):
    """Two layers for each of several maps: places of a map to rows of length 1."""

    def __init__(self, features: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Sequential(nn.Linear(each, width), nn.ReLU(), nn.Linear(width, width)) for each in features
        )
        initialise(self, "glorot")

    def forward(self, number: int, values: Tensor, places: Tensor) -> Tensor:
        """values: [N, C, H W], of map `number`. places: [N, P], of its pixels.  [N, P, width]"""
        chosen = values.gather(2, places[:, None].expand(-1, values.shape[1], -1)).transpose(1, 2)
        return F.normalize(self.maps[number](chosen).float(), dim=2)


# Settings by preset, with where each comes from: github.com/taesungp/contrastive-unpaired-translation, cut_model.py.
PRESETS: dict[str, dict[str, Any]] = {
    "256": {"resolution": 256, "jitter": 30, "flip": True},  # 200 + 200 epochs
    "fast": {  # FastCUT: 150 + 50 epochs
        "resolution": 256,
        "jitter": 30,
        "flip": True,
        "contrast": 10.0,
        "identity": False,
        "mirrored": True,
        "decay_after": 0.75,
    },
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 3, "head_width": 64},  # for a processor
}

PROOF = Proof(
    claim="CUT, shown two styles that never show the same scene, finds the map from lit scenes to drawings nearer to"
    " the hidden truth than naive maps that were shown as much.",
    data="world:styles",
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 30_000,  # after 8,000 seed 0 had .77
        "batch": 16,
        "blocks": 1,
        "generator_width": 12,
        "critic_width": 12,
        "halvings": 1,
        "head_width": 32,
        "places": 64,
        "norm": "batch",  # instance norm forgets how strong a colour is, which is all that small shapes show
        "lr": 2e-3,
    },
)
