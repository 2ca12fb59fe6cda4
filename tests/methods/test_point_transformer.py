"""Point Transformer: attention worked by hand, a moved cloud, and settings that do not go together."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.methods.base import Clock
from saddlepoint.methods.recognition.point_transformer import FallAt, PointAttention, PointTransformer
from saddlepoint.nn.kernels.points import nearest_points

TINY = {"shape": (12,), "widths": (4, 4), "blocks": (1, 1), "groups": 2, "neighbours": 4}


def test_attention_is_the_papers_sum_point_by_point() -> None:
    layer = PointAttention(6, 3).eval()
    places, values = torch.randn(2, 9, 3), torch.randn(2, 9, 6)
    index, _ = nearest_points(places, places, 4)
    attended = layer(places, values, index)
    for n, i in ((0, 0), (1, 5)):
        near = index[n, i]
        place = layer.place(places[n, near] - places[n, i])
        relation = layer.relation(layer.key(values[n, near]) - layer.query(values[n, i]) + place).softmax(0)
        carried = layer.value(values[n, near]) + place
        wanted = torch.stack([(relation[:, c % 2] * carried[:, c]).sum() for c in range(6)])
        assert torch.allclose(attended[n, i], wanted, atol=1e-5)


def test_a_point_keeps_its_part_when_the_order_changes() -> None:
    method = PointTransformer(widths=(4, 8), blocks=(1, 1), groups=2, neighbours=5)
    nets = method.networks(DataSpec({"cloud": Cloud(16), "parts": Parts(16, ("leg", "top"))})).eval()
    cloud, order = torch.randn(2, 16, 3), torch.cat((torch.zeros(1).long(), torch.randperm(15) + 1))
    parts = method.predict(nets, cloud)["segments"]
    assert torch.allclose(method.predict(nets, cloud[:, order])["segments"], parts[:, order], atol=1e-4)


def test_the_rate_falls_twice() -> None:
    rates = [FallAt(0.5)(Clock(examples=n, total=100)) for n in (0, 59, 60, 80, 100)]
    assert rates == pytest.approx([0.5, 0.5, 0.05, 0.005, 0.005])


def test_levels_and_groups_must_fit() -> None:
    with pytest.raises(ConfigError, match="one of each"):
        PointTransformer(widths=(8, 16))
    with pytest.raises(ConfigError, match="other --groups"):
        PointTransformer(widths=(8, 12), blocks=(1, 1))
