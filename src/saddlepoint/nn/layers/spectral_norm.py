"""Spectral norm: every layer divided by the most that it can stretch. Miyato et al. 2018, arXiv:1802.05957.

The work is torch's: one step of power iteration a forward pass in training, from where the last one ended, none in
evaluation; the two vectors are buffers, and so are saved with a run. Algorithm 1.
"""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrizations


def normalise_spectrally(network: nn.Module) -> None:
    """Give all linear and convolutional layers of `network` weights whose greatest singular value is about 1.

    A kernel counts as a matrix with a row for each output. What is learned is then `parametrizations.weight.original`.
    To be called after the first weights are set: setting them later would not reach what is learned.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            parametrizations.spectral_norm(module)
