"""Specifications of optimisers: which networks each moves, and how. The engine builds them."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, final

from saddlepoint.methods.schedules import Rate, Schedule


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some of the parameters that an optimiser moves, with a learning rate of their own.

    paths: of parameters, or of modules with all that is in them, as "network.path" ("generator.blocks.0"). What an
        earlier part has stays in that one.
    rate: what the optimiser's learning rate is multiplied by, a number, a schedule or a held buffer.
    """

    paths: tuple[str, ...]
    rate: Rate


@dataclass(frozen=True, init=False)
class Optim(ABC):
    """An optimiser's specification: which networks it moves and how.

    lr: learning rate: a number, a schedule, or `Held` by a buffer. clip: bound on the norm of the whole gradient.
    parts: what learns faster or slower than the rest.
    """

    networks: tuple[str, ...]
    lr: Rate
    weight_decay: float = 0.0
    clip: float | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, init=False)
class Adam(Optim):
    """Adam (Kingma & Ba 2015, arXiv:1412.6980). Each beta is a number or a schedule.

    lazy: with a regulariser every k steps, lr and betas are corrected as StyleGAN2 does: c = k / (k + 1), lr c, beta^c.
    """

    betas: tuple[float | Schedule, float | Schedule] = (0.9, 0.999)
    eps: float = 1e-8
    lazy: int | None = None

    def __init__(
        self,
        *networks: str,
        lr: Rate,
        betas: tuple[float | Schedule, float | Schedule] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
        lazy: int | None = None,
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, betas=betas, eps=eps, lazy=lazy)


@final
@dataclass(frozen=True, init=False)
class AdamW(Adam):
    """Adam whose decay acts on the weights, not through the gradient (Loshchilov & Hutter 2019, arXiv:1711.05101).

    Only what has two axes or more decays (matrices, kernels, embeddings): biases, gains of norms and single numbers do
    not, as in the code of GPT-2 and ViT.
    """

    def __init__(self, *networks: str, lr: Rate, weight_decay: float = 0.01, **more: Any) -> None:
        super().__init__(*networks, lr=lr, weight_decay=weight_decay, **more)


@final
@dataclass(frozen=True, init=False)
class SGD(Optim):
    """Stochastic gradient descent with momentum."""

    momentum: float = 0.0

    def __init__(
        self,
        *networks: str,
        lr: Rate,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, momentum=momentum)


@final
@dataclass(frozen=True, init=False)
class RMSProp(Optim):
    """RMSProp (Hinton, lecture 6e): the optimiser of the first WGAN."""

    alpha: float = 0.99
    eps: float = 1e-8

    def __init__(
        self,
        *networks: str,
        lr: Rate,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, alpha=alpha, eps=eps)


@final
@dataclass(frozen=True, init=False)
class Closed(Optim):
    """Networks that learn without a gradient: a dictionary by least squares, a codebook, k-means, a running PCA.

    Their `Update` has no losses; what it watches comes averaged to `after_step`, which moves them.
    """

    def __init__(self, *networks: str) -> None:
        _set(self, networks=networks, lr=0.0)


def _set(spec: Optim, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(spec, name, value)
