"""Sparse coding: a dictionary of which each image needs few atoms. Olshausen & Field 1996, doi:10.1038/381607a0.

Minimises |x - a D|^2 + sparsity |a|_1 over codes a and atoms D of at most unit length, by turns: FISTA for the codes of
a batch (Beck & Teboulle 2009), then each atom by least squares with the codes fixed (Mairal et al. 2009, algorithm 2).

Paper        here
phi          atom
a            code
S(x) = |x|   of the penalties that the paper names, the one of which FISTA finds the best code
gain control atoms in the unit ball instead: without a bound, larger atoms beat the penalty
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Width
from saddlepoint.data.batches import Batch, DataSpec, ImageBatch
from saddlepoint.methods.base import Clock, Closed, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.kernels.sparse import (
    at_full_contrast,
    fit_atoms,
    largest_eigenvalue,
    objective,
    sparse_codes,
    unused,
)
from saddlepoint.nn.layers.centre import Centre

_CENTRED = 2000
"""images whose mean is taken for that of all"""


@final
class Dictionary(nn.Module):
    """Atoms [K, D] in the unit ball, and the running statistics of codes that they are fitted to."""

    gram: Tensor
    cross: Tensor
    largest: Tensor

    def __init__(self, atoms: int, size: int) -> None:
        super().__init__()
        self.atoms = nn.Parameter(F.normalize(torch.randn(atoms, size), dim=1))
        self.register_buffer("gram", torch.zeros(atoms, atoms))
        self.register_buffer("cross", torch.zeros(atoms, size))
        self.register_buffer("largest", largest_eigenvalue(self.atoms.detach()))


@final
@dataclass(frozen=True, kw_only=True)
class SparseCoding(Method):
    """Dictionary learning: it describes a patch by few of many atoms, which for pictures become oriented edges."""

    takes = ImageBatch
    compiles = ()
    defaults = {"batch": 500}

    atoms: Width = 256
    """number of atoms; more than an example has numbers is over-complete"""
    sparsity: Positive = 1.0
    """weight of the sum of a code's absolute values, beside the squared error without a factor 1/2: twice the alpha of
    scikit-learn"""
    inference_steps: Count = 50
    """steps of FISTA for each code"""
    memory: Count = 2000
    """examples whose codes an update of the atoms takes into account, older ones less and less"""

    def networks(self, data: DataSpec) -> Networks:
        return Networks(dictionary=Dictionary(self.atoms, math.prod(data.shape)), centre=Centre(data.main))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"dictionary": Closed("dictionary")}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        nets.centre.fit(look(_CENTRED).tensors()["image"])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        dictionary, device = nets.dictionary, nets.dictionary.atoms.device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):  # half precision is too coarse for codes
            x = nets.centre.rows(draw().image)  # [N, D]
            codes = self._codes(dictionary, x)
            figures = {
                "objective": objective(x, dictionary.atoms, codes, self.sparsity).mean(),
                "error": (x - codes @ dictionary.atoms).square().sum(1).mean(),
                "energy": x.square().sum(1).mean(),  # the error of codes that are zero
                "active": (codes != 0).float().sum(1).mean(),
                "gram": codes.T @ codes / len(x),
                "cross": codes.T @ x / len(x),
            }
        yield Update("dictionary", {}, watch=figures)

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        dictionary = nets.dictionary
        kept = max(0.0, 1 - clock.fresh / self.memory)
        for name in ("gram", "cross"):
            dictionary.get_buffer(name).mul_(kept).add_(report[f"dictionary/{name}"], alpha=1 - kept)
        atoms = fit_atoms(dictionary.atoms, dictionary.gram, dictionary.cross)
        idle = unused(dictionary.gram)[:, None]  # such atoms are drawn anew
        atoms = torch.where(idle, F.normalize(torch.randn_like(atoms), dim=1), atoms)
        dictionary.atoms.copy_(atoms)
        dictionary.largest.copy_(largest_eigenvalue(atoms))

    def _codes(self, dictionary: nn.Module, x: Tensor) -> Tensor:
        atoms, largest = dictionary.get_parameter("atoms"), dictionary.get_buffer("largest")
        return sparse_codes(x, atoms, self.sparsity, self.inference_steps, largest)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The sparse code of each.  [n, atoms]"""
        centre: Any = nets.get_submodule("centre")
        return self._codes(nets.get_submodule("dictionary"), centre.rows(images))

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The sum of the atoms that its code asks for; images are cut to [-1, 1]."""
        centre: Any = nets.get_submodule("centre")
        reconstruction: Tensor = centre.examples(self.encode(nets, images) @ nets.get_parameter("dictionary.atoms"))
        return reconstruction

    def patterns(self, nets: nn.Module) -> Tensor:
        """The atoms, [atoms, ...], each with its largest value at 1 or -1."""
        centre: Any = nets.get_submodule("centre")
        shown: Tensor = at_full_contrast(nets.get_parameter("dictionary.atoms").detach()).unflatten(1, centre.shape)
        return shown


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "edges": {"data": "world:leaves", "atoms": 196, "sparsity": 2.0, "examples": 150_000},  # needs no download
}

PROOF = Proof(
    claim="Sparse coding finds the atoms that patches were put together from; k-means finds under half of them.",
    data="world:planted",
    measure="planted-atoms",
    share=0.5,
    bars={"found": 38},
    settings={"atoms": 40, "sparsity": 0.3, "examples": 200_000, "batch": 1000, "memory": 1000},
)
