"""PointNet++ for parts: points keep their parts in any order after the first."""

import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.methods.recognition.pointnet2_parts import PointNet2Parts

TINY = {"shape": (12,), "width": 2, "points": 6, "radius": 0.8, "neighbours": 4}


def test_a_point_keeps_its_part_when_the_order_changes() -> None:
    method = PointNet2Parts(width=4, points=12, radius=5.0, neighbours=12, grouping="scales")
    nets = method.networks(DataSpec({"cloud": Cloud(12, 2), "parts": Parts(12, ("leg", "top"))})).eval()
    cloud, order = torch.randn(2, 12, 5), torch.cat((torch.zeros(1).long(), torch.randperm(11) + 1))
    parts = method.predict(nets, cloud)["segments"]
    assert parts.shape == (2, 12, 5)
    assert torch.allclose(method.predict(nets, cloud[:, order])["segments"], parts[:, order], atol=1e-4)
