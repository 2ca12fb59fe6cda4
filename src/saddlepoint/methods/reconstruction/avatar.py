"""Avatar: a head of four photographs as splats with any expression. After Kirschstein et al. 2025, arXiv:2502.20220.

Paper               here
four photographs    views with rays, of different expressions and so not of one still thing
expression code     attention from the views' tokens to the code's in every layer
splat maps          `bounded`: a splat for each pixel of the given views, on its ray
The paper (Avat3r) has no published code, and this file follows its abstract alone: the network is GRM's with attention
to the code added, and its details are ours. Left out are the position maps of DUSt3R and the features of Sapiens, which
the paper gives its network beside the photographs; their networks do not come with this library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ExpressionViewsBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.reconstruction import ReconstructedSplats, Shown, check_patches
from saddlepoint.nn.backbones.splat_transformer import SplatTransformer
from saddlepoint.nn.render.pixel_splats import NUMBERS, PixelSplats, bounded


class Expressed(NamedTuple):
    """Views of heads, and what the heads shall do: [n, E]."""

    shown: Shown
    expression: Tensor


@final
@dataclass(frozen=True, kw_only=True)
class Avatar(ReconstructedSplats):
    """Heads that nobody trained on, from four photographs, with any expression."""

    takes = ExpressionViewsBatch
    checkpoints = ("model.looks", "model.blocks", "model.doubled")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}

    inputs: Count = 4
    """views of a head that are given, each with an expression of its own"""
    targets: Count = 1
    """other views of each head that a step compares, each with the expression that it shows"""
    patch: Count = 16
    """pixels of a side of a patch: 2, 4, 8 and so on"""
    width: Width = 768
    """numbers that stand for a patch"""
    layers: Layers = 12
    """blocks of attention over the patches of all views, each after one to the expression"""
    heads: Count = 12
    """heads of attention, which divide the width"""
    window_side: Count = 8
    """places of a side of the windows within which attention works between patches and pixels"""
    lr: Positive = 4e-4
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.05
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        check_patches(data, self.patch, self.width, self.heads, self.window_side)
        sizes = (self.patch, self.width, self.heads, self.layers, self.window_side, NUMBERS)
        return Networks(model=SplatTransformer(*sizes, code=numbers_of(data)), **around)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"model": AdamW("model", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        heads = draw()
        given, target, order = self.parted(nets, heads, draw)
        row = torch.arange(len(order), device=order.device)[:, None]
        expression = heads.expressions[row, order]  # [n, t, E]: each target has one of its own, and so a scene
        repeated = Shown(*(each.repeat_interleave(order.shape[1], 0) for each in given))
        scenes = self.rebuilt(nets, Expressed(repeated, expression.flatten(0, 1)))
        single = Shown(*(each.flatten(0, 1)[:, None] for each in target))
        yield Update("model", self.likeness(nets, scenes, single))

    def rebuilt(self, nets: nn.Module, given: Expressed) -> PixelSplats:
        raw = nets.get_submodule("model")(self.with_rays(given.shown), given.expression)
        return bounded(raw, given.shown.rig, *self.bounds(nets))

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def shown(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """Views with their cameras, and an expression."""
        return {**super().shown(nets, spec), "expression": Expression(numbers_of(spec))}

    def given(self, nets: nn.Module, fields: Mapping[str, Tensor]) -> Expressed:
        return Expressed(super().given(nets, fields), fields["expression"])

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """As of all such models, with the given expression. Raises CapabilityError where there is none."""
        if "expression" not in how.given:
            raise CapabilityError("this model is asked for an expression: give `expression`.")
        return super().render(nets, camera, how)


def numbers_of(data: DataSpec) -> int:
    """How many numbers an expression has."""
    return data.fields["expressions"].shape[-1]


# Settings by preset; the paper's sizes are not known to us: those of "paper" are GRM's width with half of its layers.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 512, "batch": 64, "patch": 16, "width": 768, "layers": 12, "heads": 12},
    "small": {"batch": 4, "patch": 4, "width": 64, "layers": 3, "heads": 4, "window_side": 6,
        "lr": 2e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="Avatar draws heads that it never saw, by four photographs of each, from other sides and with the expressions"
    " that it is asked for.",
    data="world:heads",
    measure="unseen-scenes",
    share=0.8,
    settings={**PRESETS["small"], "resolution": 24, "examples": 8_000, "held_out": 0.1},
)
