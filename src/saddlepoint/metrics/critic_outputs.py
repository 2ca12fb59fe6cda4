"""What a critic says of images, as in training."""

from __future__ import annotations

from inspect import Parameter, signature

from torch import Tensor, nn
from torch.func import functional_call


def rated(critic: nn.Module, images: Tensor, *label: Tensor) -> Tensor | None:
    """A critic's output for each image as in training, its statistics untouched: [N]; None where it has several.

    label: the class of each, for a critic that is told it.
    """
    buffers = {name: buffer.clone() for name, buffer in critic.named_buffers()}
    output = functional_call(critic, buffers, (images, *label))
    if not isinstance(output, Tensor) or (output.dim() == 2 and output.shape[1] > 1):
        return None
    return output.float().flatten(1).mean(1) if output.dim() > 1 else output.float()


def inputs_of(network: nn.Module) -> int:
    """How many inputs a network cannot do without."""
    return sum(parameter.default is Parameter.empty for parameter in signature(network.forward).parameters.values())
