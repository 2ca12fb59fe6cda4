"""What every model that factorises the likelihood owes, by brute force: probabilities sum to 1, and no look ahead."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from saddlepoint.methods.base import Networks
from saddlepoint.methods.families.sampled import Sampled, level_value


def moved(nets: Networks, seed: int = 0, scale: float = 0.5) -> Networks:
    """Networks in evaluation mode whose weights are all away from 0, so that nothing is independent by chance."""
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in nets.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=stream) * scale)
    return nets.eval()


def every_image(shape: tuple[int, int, int], levels: int = 2) -> Tensor:
    """All images of a shape, [levels ** numbers, C, H, W]."""
    numbers = shape[0] * shape[1] * shape[2]
    values = level_value(torch.arange(levels), levels).tolist()
    return torch.tensor(list(itertools.product(values, repeat=numbers))).view(-1, *shape)


def total(method: Sampled, nets: Networks, shape: tuple[int, int, int], label: int | None = None) -> float:
    """The sum of the probabilities of all images, in double precision."""
    images = every_image(shape, method.levels).double()
    labels = None if label is None else torch.full((len(images),), label)
    with torch.no_grad():
        found = method.log_probability(nets.double(), images, labels).exp().sum().item()
    nets.float()
    return found


def walked(method: Sampled, nets: Networks, image: Tensor, label: Tensor | None = None) -> tuple[Tensor, list[int]]:
    """The log-probability of given images [N] as it adds up while they are made, and the order of their numbers."""
    known, flat, order = torch.zeros_like(image), image.flatten(1), []
    found = torch.zeros(len(image))
    with torch.no_grad():
        for index, log_probabilities in method.steps(nets, known, label):
            if isinstance(index, Tensor):
                index = int(index[0])  # one order for all
            level = ((flat[:, index] + 1) / 2 * (method.levels - 1)).round().long()
            found += log_probabilities.log_softmax(1).gather(1, level[:, None]).squeeze(1)
            known.view(len(image), -1)[:, index] = flat[:, index]
            order.append(index)
    return found, order


def dependence(network: nn.Module, images: Tensor, *more: object) -> Tensor:
    """Whether each output depends on each number of the image at any of `images`, bool [outputs ..., numbers].

    Worked out in double precision. Outputs are those for one image; `more` goes to the network as it is.
    """
    jacobians = []
    for image in images[:, None].double():
        found = torch.autograd.functional.jacobian(lambda one: network.double()(one, *more)[0], image)
        jacobians.append(found.flatten(-image.dim()) != 0)
    network.float()
    return torch.stack(jacobians).any(0)
