"""Directions without labels or samples: what the generator's own weights amplify most. SeFa, Shen & Zhou 2021,
arXiv:2007.06600, eq. 4-7.

A code first meets affine layers, y = A s + b. The eigenvectors of A^T A with the largest eigenvalues change y the most.
As in the authors' code each row of A is brought to length 1 first, and for styles the rows of all chosen layers stand
one below another.

Which layers a code meets first is found by looking: every module that is handed the code itself, unchanged, and whose
answer is affine. A model without any, such as one that normalises its latents first, is factorised by the Jacobian J of
its images instead: the eigenvectors of the mean of J^T J over codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.latent.codes import Code, decode
from saddlepoint.latent.directions import Directions, described, directions_of, pool, upright
from saddlepoint.methods.tasks import knows

_POOL = 2048
"""codes that give the spread"""
_BATCH = 32


class Affine(NamedTuple):
    """An affine layer that a code meets first."""

    name: str
    """of the module"""
    layer: int
    """which layer's style it takes; 0 where there are no styles"""
    matrix: Tensor
    """A, [outputs, d]"""


def factorise(
    model: Model, count: int = 10, *, layers: Sequence[int] | None = None, label: int | None = None
) -> Directions:
    """The `count` directions that a model's first weights amplify most, named factor-1 and so on, strongest first.

    layers: of styles, those whose weights count; None for all. The directions are then meant for these layers.
    label: the class whose codes give the spread, where the model makes a chosen one; by default all in turn.
    Raises ConfigError for layers where there are none to choose from.
    """
    space, codes = pool(model, _POOL, 0, label)
    values = codes.values.flatten(1)
    first = [affine for affine in affines(model) if layers is None or affine.layer in layers]
    if layers is not None and (space == "z" or not first):
        raise ConfigError(f"{model.name} has no such layers of styles to factorise: leave --layers out.")
    if first:
        rows = torch.cat([affine.matrix for affine in first])
        rows = F.normalize(rows[rows.norm(dim=1) > 0].double(), dim=1)
        square, by = rows.T @ rows, f"the weights of {len(first)} affine layers that the codes meet first"
    else:
        square, by = gram(model, codes, 4 * values.shape[1]), "the mean Jacobian of the images"
    strengths, vectors = torch.linalg.eigh(square)
    vectors, strengths = upright(vectors.T.flip(0)[:count]), strengths.flip(0)[:count]
    facts = {**described(model), "how": f"closed-form factorisation of {by}", "eigenvalues": strengths.tolist()}
    if layers is not None:
        facts["layers"] = list(layers)
    return directions_of(space, vectors, [f"factor-{number + 1}" for number in range(len(vectors))], values, facts)


@torch.no_grad()
def affines(model: Model) -> list[Affine]:
    """The affine layers that a model's codes meet first; none where it changes them before any layer."""
    nets = model.nets
    method: Any = model.method
    if knows(method, "styles"):  # another vector for each layer tells which layer's style a module takes
        rows = pool(model, len(method.style_sides(nets)), 0)[1].values
        code = Code("w+", rows[None])
    else:
        code = pool(model, 1, 0)[1]
        rows = code.values.flatten(1)
    modules: dict[str, tuple[nn.Module, int, torch.Size]] = {}

    def look(name: str, module: nn.Module, inputs: tuple[object, ...]) -> None:
        latent = inputs[0] if len(inputs) == 1 else None
        if (
            isinstance(latent, Tensor)
            and latent.numel() == rows.shape[1]
            and next(module.parameters(), None) is not None
        ):
            places = (rows == latent.flatten()).all(1).nonzero().flatten().tolist()
            if places:
                modules[name] = (module, places[0], latent.shape)

    hooks = [module.register_forward_pre_hook(partial(look, name)) for name, module in nets.named_modules()]
    try:
        decode(model, code)
    finally:
        for hook in hooks:
            hook.remove()
    matrices = {name: matrix_of(module, shape) for name, (module, _, shape) in modules.items()}
    affine = {name: matrix for name, matrix in matrices.items() if matrix is not None}
    inner = [name for name in affine if not any(other.startswith(f"{name}.") for other in affine)]
    return [Affine(name, modules[name][1], affine[name]) for name in inner]


@torch.no_grad()
def matrix_of(module: nn.Module, shape: Sequence[int]) -> Tensor | None:
    """The A of a module that is affine, y = A x + b; [outputs, d]. None for one that is not.

    shape: [1, ...] of its input, of d numbers.
    """
    weight = next(module.parameters())
    size = torch.Size(shape[1:])
    ask = torch.cat([torch.zeros(1, size.numel()), torch.eye(size.numel())]).to(weight)
    tries = torch.randn(2, size.numel(), generator=generator("affine")).to(weight)
    ask = torch.cat([ask, tries, tries.sum(0, keepdim=True)])
    answer = module(ask.view(-1, *size))
    if not isinstance(answer, Tensor) or len(answer) != len(ask):
        return None
    answer = answer.flatten(1).float()
    matrix = (answer[1:-3] - answer[0]).T
    expected = torch.cat([tries, tries.sum(0, keepdim=True)]).float() @ matrix.T + answer[0]
    return matrix if (expected - answer[-3:]).abs().max() <= 1e-3 * answer.abs().max() else None


def gram(model: Model, codes: Code, draws: int) -> Tensor:
    """The mean of J^T J over codes, J the Jacobian of the images by the code, from `draws` random ones.  [d, d] float64

    A gradient of the images times noise N(0, 1) is J^T n, and the mean of J^T n n^T J is J^T J.
    """
    noise, total, count = generator("jacobian"), torch.zeros(()), 0
    while count < draws:
        part = codes.at(torch.arange(count, count + _BATCH) % len(codes))
        values = part.values.detach().clone().requires_grad_()
        images = decode(model, Code(part.space, values, None, part.label))
        slope = torch.randn(images.shape, generator=noise).to(images)
        (gradient,) = torch.autograd.grad((images * slope).sum(), values)
        flat = gradient.flatten(1).double().cpu()
        total, count = total + flat.T @ flat, count + len(flat)
    return total / count
