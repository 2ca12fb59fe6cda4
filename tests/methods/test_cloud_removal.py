"""DSen2-CR: no change leaves the optical channels, and its loss is none where a clear image is copied and clouds are
filled with the truth."""

import pytest
import torch
from torch import nn

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Networks
from saddlepoint.methods.restoration.cloud_removal import CloudRemoval
from saddlepoint.nn.backbones.several_sensors import SeveralSensors

TINY = {"shape": (3, 8, 8), "source_shape": (5, 8, 8), "width": 2, "blocks": 1}


class Perfect(nn.Module):
    """Knows the answer."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.answer


def clouded() -> PairedBatch:
    torch.manual_seed(0)
    target = torch.rand(2, 3, 8, 8) - 0.5
    source = torch.cat((target, torch.rand(2, 2, 8, 8)), 1)
    source[:, :3, 2:5, 3:7] = 1.0
    return PairedBatch(source, target)


def test_a_network_that_finds_nothing_leaves_the_optical_channels() -> None:
    network, image = SeveralSensors(5, 3, 4, 2, 0.1), torch.rand(1, 5, 6, 7)
    nn.init.zeros_(network.last.weight)
    nn.init.zeros_(network.last.bias)
    assert torch.equal(network(image), image[:, :3])


def test_the_loss_is_none_where_clear_pixels_stay_and_clouds_become_the_truth() -> None:
    method, pair = CloudRemoval(), clouded()
    nets = Networks(restorer=Perfect(pair.target))
    assert all(term == 0 for term in method.terms(nets, pair).values())
    assert method.cloud(pair.source[:, :3], pair.target)[:, 0, 2:5, 3:7].all()
    assert method.cloud(pair.source[:, :3], pair.target).sum() == 2 * 3 * 4


def test_a_clear_pixel_is_held_to_the_source_and_a_cloudy_one_to_the_target() -> None:
    """Target and source differ a little where it is clear, as two days do: the source counts there."""
    pair = clouded()
    target = pair.target + 0.02
    method = CloudRemoval(regularisation=0.0)
    copied = torch.where(method.cloud(pair.source[:, :3], target), target, pair.source[:, :3])
    loss = method.terms(Networks(restorer=Perfect(copied)), PairedBatch(pair.source, target))["carl"]
    assert loss == 0
    loss = method.terms(Networks(restorer=Perfect(target)), PairedBatch(pair.source, target))["carl"]
    assert loss.item() == pytest.approx(0.02 * (1 - 12 / 64), rel=1e-4)


def test_fewer_channels_than_there_are_to_make_are_refused() -> None:
    with pytest.raises(ConfigError, match="sensors:OPTICAL,RADAR,CLEAR"):
        CloudRemoval().networks(DataSpec({"source": Image(2, 8, 8), "target": Image(3, 8, 8)}))
