"""Occupancy network: its weights, what it is asked, which voxel a place is in, and one solid learnt by heart."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, VolumeBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.distances import middles
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.abilities import AnySide, Infers, LatentSpace
from saddlepoint.methods.field.occupancy_network import OccupancyNetwork
from saddlepoint.nn.backbones.occupancy import OccupancyDecoder, voxels_at

TINY = {"shape": (1, 8, 8, 8), "latent": 4, "width": 8, "blocks": 1, "encoder_width": 2, "places": 16}
BALLS = (middles(8).norm(dim=-1) < torch.tensor([0.5, 0.8]).view(2, 1, 1, 1)).float()[:, None]


def test_the_papers_decoder_has_its_weights_and_begins_without_its_blocks() -> None:
    decoder = OccupancyDecoder(256, 256, 5)
    assert sum(p.numel() for p in decoder.parameters()) == 4 * 256 + 11 * 2 * (256 * 257) + 10 * (256 * 257) + 257
    x, code = torch.randn(2, 3, 256), torch.randn(2, 256)
    assert torch.allclose(decoder.blocks[0](x, code), x + decoder.blocks[0].layers[1].bias)


def test_a_place_is_in_the_voxel_around_it_and_outside_the_grid_nowhere() -> None:
    volume = (torch.arange(27) % 2).float().view(1, 1, 3, 3, 3)
    place = torch.rand(1, 200, 3) * 2.2 - 1.1
    index = ((place[0] + 1) * 1.5).floor().long()
    known = ((index >= 0) & (index < 3)).all(1)
    x, y, z = index.clamp(0, 2).unbind(1)
    assert torch.equal(voxels_at(volume, place)[0], volume[0, 0, z, y, x] * known)


def test_the_loss_is_summed_over_places_and_meaned_over_solids() -> None:
    method = OccupancyNetwork(latent=4, width=8, blocks=1, encoder_width=2, places=50)
    nets = method.networks(DataSpec({"volume": Volume(1, 8, 8, 8)}))
    torch.nn.init.zeros_(nets.decoder.output.weight)
    torch.nn.init.zeros_(nets.decoder.output.bias)
    (update,) = method.train_step(nets, HandDraw(VolumeBatch(BALLS)), None)  # type: ignore[arg-type]
    assert update.losses["occupancy"].item() == pytest.approx(50 * 0.6931, rel=1e-3)


def test_two_balls_are_learnt_and_read_at_another_side() -> None:
    torch.manual_seed(0)
    method = OccupancyNetwork(latent=2, width=16, blocks=1, encoder_width=2, places=300, divergence=0.0)
    nets: Any = method.networks(DataSpec({"volume": Volume(1, 8, 8, 8)}))
    draw, adam = HandDraw(VolumeBatch(BALLS)), torch.optim.Adam(nets.parameters(), lr=1e-2)
    for _ in range(30):
        (update,) = method.train_step(nets, draw, None)  # type: ignore[arg-type]
        adam.zero_grad()
        update.losses["occupancy"].backward()
        adam.step()
    nets.eval()
    with torch.no_grad():
        solids = method.reconstruct(nets, BALLS)
        kind, fine = method.at_side(nets, 12, method.encode(nets, BALLS))
    assert update.watch["right"] > 0.85
    assert solids.shape == BALLS.shape
    assert (kind, fine.shape) == (Volume(1, 12, 12, 12), (2, 1, 12, 12, 12))
    assert all(isinstance(method, ability) for ability in (AnySide, Infers, LatentSpace))


def test_other_data_is_refused() -> None:
    with pytest.raises(ConfigError, match="volumes of one channel"):
        OccupancyNetwork().networks(DataSpec.of((1, 8, 8)))
