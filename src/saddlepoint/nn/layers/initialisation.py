"""First weights, by rule: the values that papers start their networks from."""

from __future__ import annotations

from typing import Literal

from torch import nn

Initialisation = Literal["normal", "uniform", "glorot", "he", "orthogonal"]


def initialise(network: nn.Module, rule: Initialisation, scale: float = 0.02) -> None:
    """Set the weights of all linear and convolutional layers in `network`, and their biases to zero.

    normal: N(0, scale), and batch norm gains N(1, scale) (Radford et al. 2016, arXiv:1511.06434).
    uniform: U[-scale, scale].
    glorot: uniform with variance 2 / (fan in + fan out) (Glorot & Bengio 2010).
    he: normal with variance 2 / fan in (He et al. 2015, arXiv:1502.01852).
    orthogonal: rows or columns orthonormal (Saxe et al. 2014, arXiv:1312.6120).
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            _set_weight(module, rule, scale)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d) and rule == "normal":
            nn.init.normal_(module.weight, 1.0, scale)


def _set_weight(module: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, rule: Initialisation, scale: float) -> None:
    match rule:
        case "normal":
            nn.init.normal_(module.weight, 0.0, scale)
        case "uniform":
            nn.init.uniform_(module.weight, -scale, scale)
        case "glorot":
            nn.init.xavier_uniform_(module.weight)
        case "he":
            # A transposed convolution keeps its inputs on the first axis, where torch looks for the outputs.
            transposed = isinstance(module, nn.ConvTranspose2d)
            nn.init.kaiming_normal_(module.weight, mode="fan_out" if transposed else "fan_in")
        case "orthogonal":
            nn.init.orthogonal_(module.weight)
