"""Context encoder: known pixels stay, the critic sees the hole alone, and the ring around it counts ten times."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.context_encoder import ContextEncoder

TINY = {"shape": (1, 16, 16), "source_shape": (2, 16, 16), "width": 2, "code": 4, "critic_width": 2, "overlap": 1}


def pair() -> PairedBatch:
    target = torch.rand(2, 1, 16, 16)
    mask = torch.ones(2, 1, 16, 16)
    mask[..., 4:12, 4:12] = -1
    return PairedBatch(torch.cat((torch.where(mask > 0, target, 0.0), mask), 1), target)


def test_known_pixels_stay_and_the_critic_sees_the_hole_alone() -> None:
    method, batch = ContextEncoder(width=2, code=4, critic_width=2), pair()
    nets = method.networks(DataSpec({"source": Image(2, 16, 16), "target": Image(1, 16, 16)})).eval()
    result = method.translate(nets, batch.source, "source")
    known = batch.source[:, 1:] > 0
    assert torch.equal(result[known], batch.target[known])
    view = method.view(nets, batch, batch.target)
    assert (view[known] == 0).all()
    assert torch.equal(view[~known], batch.target[~known])


def test_the_ring_around_the_hole_counts_ten_times() -> None:
    weights = ContextEncoder(overlap=2).weights(pair().source)[0, 0]
    assert [weights[8, place].item() for place in (1, 2, 3, 4, 8)] == [0, 10, 10, 1, 1]
    assert ContextEncoder(overlap=0).weights(pair().source).sum() == 2 * 64


def test_data_without_holes_are_refused() -> None:
    image = Image(3, 16, 16)
    with pytest.raises(ConfigError, match="holes25:FOLDER"):
        ContextEncoder().networks(DataSpec({"source": image, "target": image}))
