"""Modes of networks, set for a while and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """All modules in evaluation mode, then each back in the mode it had."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def unremembered(network: nn.Module) -> Iterator[None]:
    """Batch norms take the statistics of a pass as ever, and their running ones stay as they were.

    For passes of images that a network will not be given later.
    """
    norms = {module: module.momentum for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in norms.items():
            norm.momentum = momentum
