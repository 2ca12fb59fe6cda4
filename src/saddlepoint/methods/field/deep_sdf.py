"""DeepSDF: one decoder for many shapes, and a code for each, learnt beside it. Park et al. 2019, arXiv:1901.05103.

Paper              here
f(z, x)            `decoder`: signed distance of place x to the shape of code z; delta is `clamp`
z_i                `codes`, a row for each training shape; no encoder (auto-decoder, section 4.2)
sigma              `code_weight`, which grows over the first `code_epochs`
shape completion   `encode`: the code that explains given distances best, by `fit_steps` steps of Adam (eq. 10)
Samples are drawn from the normal distribution of all codes (Bojanowski et al. 2018, arXiv:1707.05776, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Natural, Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec, DistanceBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator, normal_rows
from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.kinds.kind import Kind
from saddlepoint.losses.signed_distance import clamped
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Part, Proof, Rows, Update
from saddlepoint.methods.families.distance_samples import places_near
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.coordinate_mlp import at_places
from saddlepoint.nn.backbones.deep_sdf import Codes, SDFDecoder
from saddlepoint.nn.layers.number import Number

Depth = Annotated[int, Range(least=2, most=100)]

_NEAR = 0.1  # places are drawn e times as densely so much nearer to the surface
_AT_ONCE = 1 << 16  # places


@final
@dataclass(frozen=True)
class Halving:
    """A rate that halves `times` times over a run, at even distances."""

    start: float
    times: int

    def __call__(self, clock: Clock) -> float:
        return self.start * 0.5 ** int((self.times + 1) * clock.examples / max(clock.total, 1))


@final
@dataclass(frozen=True, kw_only=True)
class DeepSDF(Method):
    """Many shapes as signed distances by place and code: to sample, to walk between, and to find a new shape's code."""

    takes = DistanceBatch
    compiles = ("decoder",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}
    prior: ClassVar[Literal["normal"]] = "normal"

    latent: Width = 256
    """length of a code"""
    width: Width = 512
    """numbers in a hidden layer"""
    depth: Depth = 8
    """hidden layers"""
    dropout: Decay = 0.2
    """share of each hidden layer's numbers that is left out in training"""
    places: Count = 16_384
    """places drawn for each shape of a batch, half of them inside"""
    clamp: Positive = 0.1
    """beyond this far from the surface, in half sides of the cube, errors do not count"""
    code_weight: Weight = 1e-4
    """weight of the codes' mean length"""
    code_epochs: Natural = 100
    """epochs over which that weight grows from 0"""
    code_norm: Positive = 1.0
    """a longer code is shortened to this"""
    lr: Positive = 5e-4
    """learning rate of the decoder (Adam); halved at each quarter of the run"""
    code_lr: Positive = 1e-3
    """learning rate of the codes, likewise"""
    fit_steps: Count = 800
    """steps in which the code of a given shape is searched"""
    fit_lr: Positive = 5e-3
    """learning rate of that search; a tenth in its second half"""
    fit_places: Count = 8_000
    """places of the given shape that the search looks at"""

    def networks(self, data: DataSpec) -> Networks:
        if not isinstance(data.main, Distances):
            raise ConfigError(f"deep_sdf learns signed distances; the data has {data.main}. {DistanceBatch.given_by}")
        return Networks(
            decoder=SDFDecoder(self.latent, self.width, self.depth, self.dropout),
            codes=Codes(data.examples, self.latent),
            side=Number(data.main.side),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        codes = Part(paths=("codes",), rate=self.code_lr / self.lr)
        return {"decoder": Adam("decoder", "codes", lr=Halving(self.lr, 3), parts=(codes,))}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        place = places_near(batch.distances, draw.uniform(len(batch), self.places, 4), _NEAR)
        code = nets.codes(batch.index)
        distance = clamped(nets.decoder(code, place), at_places(batch.distances, place), self.clamp)
        epoch = clock.examples / len(nets.codes.values)
        grown = min(1.0, epoch / self.code_epochs) if self.code_epochs else 1.0
        length = code.norm(dim=1).mean()
        yield Update("decoder", {"distance": distance, "length": self.code_weight * grown * length})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Rows | None:
        values = nets.codes.values
        values.mul_((self.code_norm / values.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp(max=1))
        return None

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32, N(0, 1), on the CPU; latent i depends on (seed, i) alone. See `codes_of`."""
        return normal_rows(n, self.latent, seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Signed distances [n, 1, S, S, S] of the data's side; they level off at a little over `clamp`."""
        return self.at_side(nets, int(_number(nets, "side")), truncated(latents, how, self.prior))[1]

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """The shapes of latents at `side` places along each axis; without latents that of the mean code."""
        device = next(nets.parameters()).device
        latents = torch.zeros(1, self.latent, device=device) if latents is None else latents
        place = middles(side).view(1, -1, 3).to(device)
        decoder = nets.get_submodule("decoder")
        shapes = []
        for code in self.codes_of(nets, latents):
            parts = [decoder(code[None], part) for part in place.split(_AT_ONCE, 1)]
            shapes.append(torch.cat(parts, 1).view(1, side, side, side))
        return Distances(side), torch.stack(shapes)

    def codes_of(self, nets: nn.Module, latents: Tensor) -> Tensor:
        """Latents that are N(0, 1) as codes of the mean and covariance of the training shapes' codes.  [n, latent]"""
        middle, root = _codes(nets).law()
        return middle + latents @ root.T

    def encode(self, nets: nn.Module, distances: Tensor) -> Tensor:
        """The latents of given shapes [n, 1, S, S, S], by a search; each depends on its shape alone.  [n, latent]"""
        middle, root = _codes(nets).law()
        away = self._searched(nets, distances) - middle
        latents: Tensor = torch.linalg.solve_triangular(root, away.T, upper=False).T
        return latents

    def reconstruct(self, nets: nn.Module, distances: Tensor) -> Tensor:
        """The shapes of the codes that are found for given ones, [n, 1, S, S, S]."""
        return self.at_side(nets, distances.shape[2], self.encode(nets, distances))[1]

    def _searched(self, nets: nn.Module, distances: Tensor) -> Tensor:
        """Codes [n, latent] that explain distances best (eq. 10), from the mean code."""
        decoder = nets.get_submodule("decoder")
        uniform = torch.rand(1, self.fit_places, 4, generator=generator("fit places", self.fit_places))
        place = places_near(distances, uniform.expand(len(distances), -1, -1).to(distances.device), _NEAR)
        truth = at_places(distances, place)
        code = _codes(nets).law()[0].repeat(len(distances), 1).requires_grad_()
        adam = torch.optim.Adam([code], lr=self.fit_lr)
        with torch.enable_grad():
            for step in range(self.fit_steps):
                if step == self.fit_steps // 2:
                    adam.param_groups[0]["lr"] = self.fit_lr / 10
                error = clamped(decoder(code, place), truth, self.clamp) + 1e-4 * (code**2).mean()
                (code.grad,) = torch.autograd.grad(error * len(distances), code)
                adam.step()
        return code.detach()


def _codes(nets: nn.Module) -> Codes:
    codes = nets.get_submodule("codes")
    assert isinstance(codes, Codes)
    return codes


def _number(nets: nn.Module, name: str) -> float:
    return float(nets.get_submodule(name).get_buffer("value"))


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"latent": 16, "width": 64, "places": 512, "dropout": 0.0, "batch": 32, "lr": 2e-3},  # on a processor
}

PROOF = Proof(
    claim="DeepSDF finds codes of solids that it has never seen which fit them far better than the nearest training"
    " shape; half-way between two codes is a solid whose volume is between theirs.",
    data="world:rounded",
    measure="unseen-shapes",
    share=0.6,
    bars={"overlap": 0.8, "between": 0.7},
    settings={
        "examples": 80_000,
        "batch": 32,
        "held_out": 0.08,
        "latent": 16,
        "width": 64,
        "depth": 6,
        "dropout": 0.0,
        "places": 128,
        "lr": 3e-3,
        "code_lr": 6e-3,
        "fit_steps": 150,
        "fit_lr": 2e-2,
        "fit_places": 400,
    },
)
