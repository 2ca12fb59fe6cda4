"""TVAE: the likelihood of a row by hand, deviations within bounds, and rows drawn from their latents alone."""

import math

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.record import Record
from saddlepoint.methods.table.tvae import TVAE, unlikelihood
from saddlepoint.nn.layers.column_modes import ColumnModes

TINY = {"latent": 3, "widths": [8], "shape": [4]}


def test_the_likelihood_is_normal_within_a_mode_and_a_share_of_words() -> None:
    modes = ColumnModes(Record.plain(2))
    value = torch.zeros(1, modes.width)
    value[0, 0], value[0, 1], value[0, 11 + 2] = 0.4, 1, 1
    logits = torch.zeros(1, modes.width)
    nats = unlikelihood(modes, value, logits, torch.tensor([0.2])).item()
    normal = 0.5 * (0.4 / 0.2) ** 2 + math.log(0.2) + 0.5 * math.log(2 * math.pi)
    assert nats == pytest.approx(normal + math.log(10) + math.log(3), abs=1e-5)


def test_deviations_stay_within_their_bounds_and_words_are_drawn() -> None:
    torch.manual_seed(0)
    method = TVAE(latent=3, widths=(8,))
    nets = method.networks(DataSpec({"record": Record.plain(4)})).eval()
    nets.decoder.spread.data[:] = torch.tensor([-1.0, 5.0])
    assert nets.decoder.deviations.tolist() == pytest.approx([0.01, 1.0])
    latents = method.latents(nets, 400, 0)
    latents[:, :3] = 0  # one code: what varies is drawn beside it
    records = method.generate(nets, latents)
    assert len(records[:, 1].unique()) == 3
    assert records.abs().max() <= 1


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="table:FILE"):
        TVAE().networks(DataSpec.of((1, 8, 8)))
