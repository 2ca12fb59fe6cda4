"""Orthogonal regularisation: the filters of each layer pushed apart, whatever their length. Brock et al. 2019.

arXiv:1809.11096, equation 3 and section 3.1: the form without the diagonal, for the generator, with a weight of 1e-4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def orthogonality(network: nn.Module) -> Tensor:
    """How far the filters of all linear and convolutional layers are from orthogonal: a scalar, float32, 0 at best.

    |W W' (1 - I)|^2 summed over the layers, W being a layer's weights with a row for each output. Layers with more
    outputs than numbers in a filter cannot reach 0. To be multiplied by the paper's beta. The authors' code in PyTorch
    adds half the gradient of this equation: its 1e-4 is 5e-5 here.
    """
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    layers = [module for module in network.modules() if isinstance(module, kinds)]
    with torch.autocast(layers[0].weight.device.type, enabled=False):
        return torch.stack([_products(_rows(layer)) for layer in layers]).sum()


def _rows(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    # A transposed convolution keeps its outputs on the second axis.
    weight = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
    return weight.flatten(1).float()


def _products(rows: Tensor) -> Tensor:
    """The sum of squared products of each row with each other.  [R, D] -> scalar"""
    if len(rows) <= rows.shape[1]:
        products = rows @ rows.T
        return (products - torch.diag(products.diagonal())).square().sum()
    # |W W'| = |W' W|, and the second is the smaller: [D, D] where a projection has thousands of outputs.
    return (rows.T @ rows).square().sum() - rows.square().sum(1).square().sum()
