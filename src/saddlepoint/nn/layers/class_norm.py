"""Batch norm whose gains and shifts depend on a condition. Dumoulin et al. 2017, arXiv:1610.07629; BigGAN, appendix B.

Gain and shift are linear in the condition, and the gain has 1 added: Brock et al. 2019, arXiv:1809.11096.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import final

import torch
from torch import Tensor, nn


@final
class ClassNorm2d(nn.Module):
    """Maps [N, width, H, W] and a condition -> maps.

    inputs: length of the condition, [N, inputs] float32; 0 where the condition is a label, [N] int64.
    classes: how many labels there are, with no `inputs`.
    """

    def __init__(self, width: int, inputs: int, classes: int = 0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        if inputs:
            self.gain: nn.Module = nn.Linear(inputs, width, bias=False)
            self.shift: nn.Module = nn.Linear(inputs, width, bias=False)
        else:
            self.gain, self.shift = nn.Embedding(classes, width), nn.Embedding(classes, width)
            nn.init.zeros_(self.gain.weight)
            nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, shift = 1 + self.gain(condition), self.shift(condition)
        output: Tensor = self.norm(x) * gain[:, :, None, None] + shift[:, :, None, None]
        return output


@torch.no_grad()
def stand(network: nn.Module, passes: Iterable[Callable[[], object]]) -> None:
    """Set the running statistics of all batch norms in `network` to their plain mean over forward passes.

    passes: each runs the network once on a batch; the networks are in evaluation mode before and after. These are the
    standing statistics of Brock et al. 2019, arXiv:1809.11096, appendix D: the running ones lag behind weights that
    move, and those of an average of weights belong to no network that there was.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
        norm.train()
    for each in passes:
        each()
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
        norm.eval()
