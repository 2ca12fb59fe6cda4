"""PointNet++: three ways of grouping, a move of the cloud that changes nothing, and points that are left out."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, LabelledCloudBatch
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.label import Label
from saddlepoint.methods.recognition.pointnet2 import Grouping, PointNet2, levels
from saddlepoint.nn.layers.set_abstraction import Ball, Propagation, SetAbstraction

TINY = {"shape": (12,), "width": 2, "points": 6, "radius": 0.8, "neighbours": 4, "thinning": 0.5}
CLASSES = ("a", "b", "c")


@pytest.mark.parametrize("grouping", ["single", "scales", "resolutions"])
def test_order_and_repetition_of_points_change_nothing(grouping: Grouping) -> None:
    method = PointNet2(grouping=grouping, width=4, points=20, radius=5.0, neighbours=40)
    nets = method.networks(DataSpec({"cloud": Cloud(20, 1), "label": Label(CLASSES)}, CLASSES)).eval()
    cloud = torch.randn(2, 20, 4)
    whole = nets.classifier(cloud)
    assert whole.shape == (2, 3)
    again = torch.cat((cloud, cloud[:, 3:9]), 1)
    assert torch.allclose(nets.classifier(again), whole, atol=1e-4) or grouping == "resolutions"
    assert torch.allclose(method.predict(nets, cloud)["class"].sum(1), torch.ones(2))


def test_a_level_sees_places_relative_to_the_middle_of_each_ball() -> None:
    level = SetAbstraction(2, 5, [Ball(0.7, 4, (3, 6)), Ball(1.5, 8, (4,))]).eval()
    places, values = torch.randn(2, 20, 3), torch.randn(2, 20, 2)
    centres, found = level(places, values)
    moved, same = level(places + torch.tensor([3.0, -1.0, 2.0]), values)
    assert found.shape == (2, 5, 10)
    assert torch.allclose(moved - torch.tensor([3.0, -1.0, 2.0]), centres, atol=1e-5)
    assert torch.allclose(same, found, atol=1e-4)


def test_one_vector_is_carried_to_all_points_alike() -> None:
    back = Propagation(5, 2, (4,)).eval()
    one = torch.randn(2, 1, 5)
    made = back(torch.zeros(2, 1, 3), one, torch.randn(2, 7, 3), torch.zeros(2, 7, 2))
    assert torch.allclose(made, made[:, :1].expand_as(made), atol=1e-6)


def test_the_papers_levels_have_their_widths() -> None:
    with torch.device("meta"):
        below, above = levels("scales", 0, 512, 0.2, 32, 64)
    assert [(ball.radius, ball.count, ball.widths) for ball in below.balls] == [
        (0.1, 16, (32, 32, 64)),
        (0.2, 32, (64, 64, 128)),
        (0.4, 128, (64, 96, 128)),
    ]
    assert [ball.widths for ball in above.balls] == [(64, 64, 128), (128, 128, 256), (128, 128, 256)]
    assert (below.points, above.points, above.features) == (512, 128, 640)


def test_points_left_out_become_copies_of_the_first() -> None:
    method = PointNet2(thinning=0.9, turned=False, point_noise=0.0)
    clouds = torch.randn(4, 50, 3)
    shown = method.changed(clouds, HandDraw(LabelledCloudBatch(clouds, torch.zeros(4).long())))
    kept = (shown == clouds).all(2)
    assert 0.1 < kept.float().mean() < 0.95
    assert torch.equal(shown[~kept], clouds[:, :1].expand_as(clouds)[~kept])
