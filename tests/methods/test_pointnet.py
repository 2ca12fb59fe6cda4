"""PointNet: transforms that begin as nothing, a cloud that is a set, widths of the paper, and one class refused."""

import pytest
import torch
from drive import count

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.label import Label
from saddlepoint.methods.base import Clock
from saddlepoint.methods.families.shapes import Falling, settle_norms
from saddlepoint.methods.recognition.pointnet import PointNet
from saddlepoint.nn.backbones.pointnet import PointNetTrunk, TransformNet, away_from_orthogonal

TINY = {"shape": (12,), "width": 2}


def spec(points: int = 20, features: int = 0, classes: tuple[str, ...] = ("a", "b", "c")) -> DataSpec:
    return DataSpec({"cloud": Cloud(points, features), "label": Label(classes)}, classes)


def test_transforms_begin_as_the_identity_whatever_the_cloud() -> None:
    matrix = TransformNet(3, 3, 4)(torch.randn(5, 20, 3))
    assert torch.equal(matrix, torch.eye(3).expand(5, 3, 3))
    assert away_from_orthogonal(matrix) == 0
    assert away_from_orthogonal(2 * matrix).item() == pytest.approx(5 * 3 * 9 / 2)


def test_order_and_repetition_of_points_change_nothing() -> None:
    nets = PointNet(width=4).networks(spec(20, 3)).eval()
    cloud = torch.randn(2, 20, 6)
    whole = nets.classifier(cloud)
    assert torch.allclose(nets.classifier(cloud[:, torch.randperm(20)]), whole, atol=1e-6)
    assert torch.allclose(nets.classifier(torch.cat((cloud, cloud[:, :7]), 1)), whole, atol=1e-6)


def test_the_papers_network_has_its_widths() -> None:
    with torch.device("meta"):
        trunk = PointNetTrunk(0, 64)
        nets = PointNet().networks(spec())
    assert [layer.linear.out_features for layer in (*trunk.first, *trunk.second.layers)] == [64, 64, 64, 128, 1024]
    assert count(nets) / 1e6 == pytest.approx(3.47, abs=0.05)  # "3.5M" of table 6


def test_the_rate_falls_in_steps_to_its_floor_and_norms_settle() -> None:
    rate = Falling(1e-3, 200, 0.7)
    assert [rate(Clock(examples=n)) for n in (0, 199, 200, 10**6)] == pytest.approx([1e-3, 1e-3, 7e-4, 1e-5])
    nets = PointNet(width=2).networks(spec())
    settle_norms(nets, Clock(examples=450), 200)
    assert nets.classifier.trunk.first[0].norm.momentum == 0.125


def test_one_class_is_refused() -> None:
    with pytest.raises(ConfigError, match="two or more folders"):
        PointNet().networks(spec(classes=("a",)))
