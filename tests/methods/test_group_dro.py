"""Group DRO: losses of groups by hand, weights that move to the worst, parts of a batch, and what is refused."""

import math

import pytest
import torch

from saddlepoint.data.batches import DataSpec, GroupedBatch
from saddlepoint.data.world import habitats
from saddlepoint.errors import ConfigError
from saddlepoint.losses.groups import adjusted, by_group, towards_worst
from saddlepoint.methods.recognition.group_dro import GroupDRO

TINY = {"width": 2, "depth": 1}
SPEC = DataSpec.of((3, 8, 8), ("a", "b"), attributes=("x", "y"))


def test_equal_losses_count_as_their_mean_and_a_batch_is_the_mean_of_its_parts() -> None:
    shares, groups = torch.tensor([0.75, 0.25, 0.0]), torch.tensor([0, 0, 0, 1])
    assert by_group(torch.full((4,), 2.0), groups, shares).tolist() == [2, 2, 0]
    losses = torch.rand(4)
    parts = [by_group(losses[rows], groups[rows], shares) for rows in (slice(2), slice(2, 4))]
    assert torch.allclose(by_group(losses, groups, shares), (parts[0] + parts[1]) / 2)


def test_weights_go_to_the_worst_group_and_never_to_one_that_is_not_there() -> None:
    weights, shares = torch.full((3,), 1 / 3), torch.tensor([0.5, 0.5, 0.0])
    once = towards_worst(weights, torch.tensor([1.0, 2.0, 9.0]), shares, 0.5)
    wanted = math.exp(1.0) / (math.exp(0.5) + math.exp(1.0))
    assert once.tolist() == pytest.approx([1 - wanted, wanted, 0], abs=1e-6)
    for _ in range(100):
        weights = towards_worst(weights, torch.tensor([1.0, 2.0, 9.0]), shares, 0.5)
    assert weights.tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    assert adjusted(torch.zeros(2), torch.tensor([0.04, 0.96]), 100, 1.0)[0].item() == 0.5


def test_groups_are_classes_with_attributes_and_shares_are_those_of_the_data() -> None:
    method = GroupDRO(width=2, depth=1)
    nets = method.networks(SPEC)
    label, attributes = torch.tensor([0, 1, 1, 1]), torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert nets.groups.numbers(label, attributes).tolist() == [1, 7, 7, 4]
    method.prepare(nets, lambda most: GroupedBatch(torch.rand(4, 3, 8, 8), label, attributes))
    assert nets.groups.shares.tolist() == [0, 0.25, 0, 0, 0.25, 0, 0, 0.5]
    assert nets.groups.weights[nets.groups.shares > 0].tolist() == pytest.approx([1 / 3] * 3)


def test_a_ground_says_the_class_nineteen_times_in_twenty() -> None:
    rows = torch.arange(20_000).numpy()
    assert (habitats.on_white(rows) == (habitats.labels(rows) == 1)).mean() == pytest.approx(0.95, abs=0.005)


def test_unknown_attributes_too_many_groups_and_data_without_any_are_refused() -> None:
    with pytest.raises(ConfigError, match="none called 'z'"):
        GroupDRO(attributes=("z",)).networks(SPEC)
    with pytest.raises(ConfigError, match="name fewer --attributes"):
        GroupDRO().networks(DataSpec.of((3, 8, 8), ("a", "b"), attributes=tuple("cdefghijkl")))
    with pytest.raises(ConfigError, match=r"attributes\.csv"):
        GroupDRO().networks(DataSpec.of((3, 8, 8), ("a", "b")))
