"""Class-conditional PixelCNN: the class reaches every gate, and Bayes' rule over its likelihoods names the class."""

import math

import pytest
import torch
from densities import moved, total, walked

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import by_label
from saddlepoint.methods.autoregressive.pixelcnn_conditional import ConditionalPixelCNN
from saddlepoint.methods.base import Networks

TINY = {"width": 4, "blocks": 2, "shades": 2}
METHOD = ConditionalPixelCNN(width=4, blocks=2, shades=2)


def networks(side: int) -> Networks:
    torch.manual_seed(0)
    return moved(METHOD.networks(DataSpec.of((1, side, side), ("a", "b", "c"))), scale=0.3)


def test_the_probabilities_sum_to_one_under_each_class_and_differ_between_them() -> None:
    nets, image = networks(3), torch.ones(1, 1, 3, 3)
    assert [total(METHOD, nets, (1, 3, 3), label) for label in range(3)] == pytest.approx([1, 1, 1], abs=1e-6)
    assert len({METHOD.log_probability(nets, image, torch.tensor([label])).item() for label in range(3)}) == 3


def test_the_class_reaches_both_stacks_of_every_layer() -> None:
    nets = networks(4)
    METHOD.log_probability(nets, torch.ones(1, 1, 4, 4), torch.tensor([1])).sum().backward()
    for block in nets.network.blocks[:-1]:
        assert block.label.weight.grad[1].abs().gt(0).float().mean() > 0.9
    last = nets.network.blocks[-1].label.weight.grad[1]
    assert last[8:].any()
    assert not last[:8].any()  # nothing hears the last vertical layer after its gates
    assert not nets.network.blocks[0].label.weight.grad[[0, 2]].any()


def test_the_class_is_named_by_bayes_rule_and_the_likelihood_is_the_mean_over_classes() -> None:
    nets, image = networks(4), torch.randn(5, 1, 4, 4).sign()
    joint = torch.stack([METHOD.log_probability(nets, image, torch.full((5,), k)) for k in range(3)], 1)
    assert torch.allclose(METHOD.predict(nets, image)["class"], joint.softmax(1), atol=1e-5)
    wanted = joint.exp().mean(1).log()
    assert torch.allclose(METHOD.log_likelihood(nets, image, 1, 0), wanted, atol=1e-5)


def test_a_walk_with_labels_adds_up_to_the_likelihood() -> None:
    nets, image, label = networks(4), torch.randn(5, 1, 4, 4).sign(), torch.tensor([0, 1, 2, 1, 0])
    found, _ = walked(METHOD, nets, image, label)
    assert torch.allclose(found, METHOD.log_probability(nets, image, label), atol=1e-4)
    latents = METHOD.latents(nets, 5, 0)
    with pytest.raises(CapabilityError, match="give a label"):
        METHOD.generate(nets, latents)
    assert math.prod(METHOD.generate(nets, latents, by_label(label)).shape) == 80
