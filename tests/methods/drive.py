"""A hand-driven game: what the engine does, at its smallest, for tests of one method's own moves."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import Batch, ImageBatch, LabelledBatch
from saddlepoint.methods.base import Clock, Method, Networks, Update


class HandDraw:
    """Gives the same images, or the same batch, at every draw, and counts the draws; noise from a seed."""

    def __init__(self, image: Tensor | Batch, seed: int = 0, label: Tensor | None = None) -> None:
        self.image, self.label, self.draws, self.stream = image, label, 0, torch.Generator().manual_seed(seed)

    def __call__(self) -> Batch:
        self.draws += 1
        if isinstance(self.image, Batch):
            return self.image
        return ImageBatch(self.image) if self.label is None else LabelledBatch(self.image, self.label)

    def noise(self, n: int, *shape: int) -> Tensor:
        return torch.randn(n, *shape, generator=self.stream)

    def uniform(self, n: int, *shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=self.stream)


def play(method: Method, nets: Networks, draw: Any, lr: float = 0.0) -> Iterator[Update]:
    """The updates of one step, each after its gradients were made (and, with `lr`, its group's weights moved by them).

    A group's name is its network's, as in every method of this family; gradients are left in `grad` until the next
    move. Of a tuple all are differentiated, then all move, and each is given in its order, as the engine has it.
    """
    for move in method.train_step(nets, draw, Clock()):
        updates = move if isinstance(move, tuple) else (move,)
        nets.zero_grad()
        for update in updates:
            loss = torch.stack(list(update.losses.values())).sum()
            loss.backward(inputs=_moved(nets, update), retain_graph=update is not updates[-1])
        for update in updates:
            with torch.no_grad():
                for parameter in _moved(nets, update):
                    parameter -= lr * parameter.grad
        yield from updates


def _moved(nets: Networks, update: Update) -> list[nn.Parameter]:
    return list(nets.get_submodule(update.group).parameters())


def count(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
