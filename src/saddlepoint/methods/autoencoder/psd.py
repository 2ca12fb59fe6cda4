"""PSD: an encoder learns to foresee sparse codes at once. Kavukcuoglu, Ranzato & LeCun 2010, arXiv:1010.3467, eq. 2.

Minimises |x - z D|^2 + sparsity |z|_1 + prediction |z - f(x)|^2: over the code z of each example by FISTA, which starts
from the encoder's f(x) and is pulled towards it; then by a gradient step over the atoms, put back to unit length, and
over the encoder. A trained one needs no inference: its code of an image is f(x).

Paper     here
B         atoms, as rows [K, D] of unit length
F(x)      `Encoder`: gain * shrink(x W + b), where the shrinkage is smooth (eq. 4), or tanh
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Width
from saddlepoint.data.batches import Batch, DataSpec, ImageBatch
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.kernels.sparse import at_full_contrast, largest_eigenvalue, objective, sparse_codes
from saddlepoint.nn.layers.centre import Centre

_CENTRED = 2000
"""images whose mean is taken for that of all"""


@final
class Atoms(nn.Module):
    """Codes [N, K] -> rows [N, D]: their sums of atoms of unit length."""

    def __init__(self, atoms: int, size: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(F.normalize(torch.randn(atoms, size), dim=1))

    def forward(self, codes: Tensor) -> Tensor:
        return codes @ self.rows


@final
class Encoder(nn.Module):
    """Rows [N, D] -> codes [N, K]: one dense layer, then a shrinkage or tanh, and a gain for each number of the code.

    The smooth shrinkage is sign(s) (log(exp(steep edge) + exp(steep |s|) - 1) / steep - edge): near 0 it is flat, and
    beyond the edge it rises as s does. Each number has an edge of its own.
    """

    def __init__(self, size: int, atoms: int, kind: Literal["shrink", "tanh"]) -> None:
        super().__init__()
        self.dense, self.kind = nn.Linear(size, atoms), kind
        nn.init.zeros_(self.dense.bias)
        self.gain = nn.Parameter(torch.ones(atoms))
        self.edge = nn.Parameter(torch.full((atoms,), 0.5)) if kind == "shrink" else None
        self.steep = nn.Parameter(torch.full((atoms,), 5.0)) if kind == "shrink" else None

    def forward(self, x: Tensor) -> Tensor:
        s = self.dense(x)
        if self.edge is None or self.steep is None:
            codes: Tensor = self.gain * s.tanh()
        else:
            codes = self.gain * smooth_shrink(s, self.edge, self.steep)
        return codes.float()


def smooth_shrink(s: Tensor, edge: Tensor, steep: Tensor) -> Tensor:
    """The shrinkage of eq. 4, elementwise; computed so that large values do not overflow."""
    edge, steep, size = edge.abs(), steep.abs().clamp_min(1e-3), s.abs()
    # log(exp(steep edge) + exp(steep size) - 1), where both terms are at least 1
    large, small = torch.maximum(size, edge) * steep, torch.minimum(size, edge) * steep
    summed = large + torch.log1p((small - large).exp() - (-large).exp())
    return s.sign() * (summed / steep - edge)


@final
@dataclass(frozen=True, kw_only=True)
class PSD(Method):
    """Predictive sparse decomposition: sparse coding with an encoder that says the code at once."""

    takes = ImageBatch
    compiles = ()
    defaults = {"batch": 100}

    atoms: Width = 256
    """number of atoms"""
    sparsity: Positive = 1.0
    """weight of the sum of a code's absolute values, beside the squared error without a factor 1/2"""
    prediction: Positive = 1.0
    """weight of the squared distance between a code and what the encoder foresees"""
    encoder: Literal["shrink", "tanh"] = "shrink"
    """what the encoder's layer ends in: a smooth shrinkage, which lets most numbers of a code be nearly 0, or tanh"""
    inference_steps: Count = 30
    """steps of FISTA for each code in training, from the encoder's"""
    lr: Positive = 2e-3
    """learning rate of atoms and encoder (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        size = math.prod(data.shape)
        dictionary, encoder = Atoms(self.atoms, size), Encoder(size, self.atoms, self.encoder)
        with torch.no_grad():  # what FISTA's first step from zero does
            encoder.dense.weight.copy_(dictionary.rows / largest_eigenvalue(dictionary.rows))
        return Networks(dictionary=dictionary, encoder=encoder, centre=Centre(data.main))

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr) for name in ("dictionary", "encoder")}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        nets.centre.fit(look(_CENTRED).tensors()["image"])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        x = nets.centre.rows(draw().image)  # [N, D]
        with torch.autocast(x.device.type, enabled=False):  # half precision is too coarse for codes
            foreseen = nets.encoder(x)
            with torch.no_grad():
                atoms = nets.dictionary.rows
                codes = self.infer(x, atoms, foreseen)
                figures = {
                    "objective": objective(x, atoms, codes, self.sparsity).mean(),
                    "foreseen_objective": objective(x, atoms, foreseen, self.sparsity).mean(),
                    "active": (codes != 0).float().sum(1).mean(),
                }
            error = (x - nets.dictionary(codes)).square().sum(1).mean()
            distance = self.prediction * (codes - foreseen).square().sum(1).mean()
        yield (
            Update("dictionary", {"error": error}, watch=figures),
            Update("encoder", {"distance": distance}),
        )
        with torch.no_grad():  # to unit length, or the penalty would be beaten by growing atoms
            nets.dictionary.rows.copy_(F.normalize(nets.dictionary.rows, dim=1))

    def infer(self, x: Tensor, atoms: Tensor, foreseen: Tensor) -> Tensor:
        """The code that error, penalty and prediction agree on.  [N, D], [K, D], [N, K] -> [N, K]"""
        largest = largest_eigenvalue(atoms)
        return sparse_codes(x, atoms, self.sparsity, self.inference_steps, largest, foreseen, self.prediction)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """What the encoder foresees.  [n, atoms]"""
        centre: Any = nets.get_submodule("centre")
        code: Tensor = nets.get_submodule("encoder")(centre.rows(images))
        return code

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The sum of the atoms that the foreseen code asks for."""
        centre: Any = nets.get_submodule("centre")
        reconstruction: Tensor = centre.examples(nets.get_submodule("dictionary")(self.encode(nets, images)))
        return reconstruction

    def patterns(self, nets: nn.Module) -> Tensor:
        """The atoms, [atoms, ...], each with its largest value at 1 or -1."""
        centre: Any = nets.get_submodule("centre")
        shown: Tensor = at_full_contrast(nets.get_parameter("dictionary.rows").detach()).unflatten(1, centre.shape)
        return shown


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "edges": {"data": "world:leaves", "atoms": 196, "sparsity": 2.0, "examples": 300_000},
}

PROOF = Proof(
    claim="The codes that PSD says at once cost at most 1.4 times what the best sparse codes do; those of the best"
    " linear encoder and of one step of ISTA cost more.",
    data="world:planted",
    measure="foreseen-codes",
    share=0.9,
    bars={"times": 1.4},
    settings={"atoms": 40, "sparsity": 0.5, "examples": 120_000},
)
