"""PointNet for parts: points keep their parts in any order, and a cloud that is predicted keeps its places."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.methods.recognition.pointnet_parts import PointNetParts

TINY = {"shape": (12,), "width": 2}


def spec(names: tuple[str, ...] = ("leg", "top")) -> DataSpec:
    return DataSpec({"cloud": Cloud(12), "parts": Parts(12, names)})


def test_a_point_keeps_its_part_when_the_order_changes() -> None:
    method = PointNetParts(width=4)
    nets, cloud, order = method.networks(spec()).eval(), torch.randn(2, 12, 3), torch.randperm(12)
    parts = method.predict(nets, cloud)["segments"]
    assert torch.equal(parts[..., :3], cloud)
    assert torch.allclose(parts[..., 3:].sum(2), torch.ones(2, 12))
    assert torch.allclose(method.predict(nets, cloud[:, order])["segments"], parts[:, order], atol=1e-6)


def test_one_part_is_refused() -> None:
    with pytest.raises(ConfigError, match="two or more"):
        PointNetParts().networks(spec(("all",)))
