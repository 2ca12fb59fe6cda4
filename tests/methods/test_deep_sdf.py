"""DeepSDF: its weights, which codes learn, a code found again, latents as codes, and meshes of any fineness."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, DistanceBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.methods.abilities import AnySide, LatentSpace, Searches
from saddlepoint.methods.base import Clock
from saddlepoint.methods.field.deep_sdf import DeepSDF, Halving
from saddlepoint.nn.backbones.deep_sdf import NormedLinear, SDFDecoder

TINY = {
    "shape": (8,),
    "latent": 4,
    "width": 12,
    "depth": 4,
    "dropout": 0.0,
    "places": 8,
    "code_epochs": 0,
    "fit_steps": 3,
    "fit_places": 16,
}
RADII = torch.linspace(0.3, 0.7, 6)
BALLS = (middles(12).norm(dim=-1) - RADII.view(6, 1, 1, 1))[:, None]


@pytest.fixture(scope="module")
def learnt() -> tuple[DeepSDF, Any]:
    method = DeepSDF(
        latent=2, width=24, depth=3, dropout=0.0, places=128, code_weight=0, fit_steps=60, fit_places=128, fit_lr=0.05
    )
    torch.manual_seed(1)
    nets: Any = method.networks(DataSpec({"distances": Distances(12)}, examples=6))
    draw: Any = HandDraw(DistanceBatch(BALLS, torch.arange(6)))
    adam = torch.optim.Adam([*nets.decoder.parameters(), nets.codes.values], lr=0.02)
    for _ in range(50):
        (update,) = method.train_step(nets, draw, Clock())
        adam.zero_grad()
        sum(update.losses.values()).backward()  # type: ignore[union-attr]
        adam.step()
    return method, nets.eval()


def test_the_papers_decoder_has_its_weights() -> None:
    decoder = SDFDecoder(256, 512, 8, 0.2)
    sizes = [tuple(layer.direction.shape) for layer in decoder.hidden]
    assert sizes == [(512, 259), (512, 512), (512, 512), (253, 512), *[(512, 512)] * 4]
    assert sum(p.numel() for p in decoder.parameters()) == 1_843_195  # the paper says 1.84 million


def test_a_normed_layer_begins_as_a_plain_one_and_its_length_alone_stretches_it() -> None:
    layer, x = NormedLinear(5, 3), torch.randn(4, 5)
    assert torch.allclose(layer(x), torch.nn.functional.linear(x, layer.direction, layer.bias), atol=1e-6)
    before = layer(x) - layer.bias
    layer.direction.data *= 3
    layer.length.data *= 2
    assert torch.allclose(layer(x) - layer.bias, 2 * before, atol=1e-5)


def test_only_the_codes_of_a_batch_get_a_slope_and_long_ones_are_shortened() -> None:
    method = DeepSDF(**{key: value for key, value in TINY.items() if key != "shape"})  # type: ignore[arg-type]
    nets = method.networks(DataSpec({"distances": Distances(12)}, examples=6))
    draw: Any = HandDraw(DistanceBatch(BALLS[[1, 4]], torch.tensor([1, 4])))
    (update,) = method.train_step(nets, draw, Clock())
    sum(update.losses.values()).backward()  # type: ignore[union-attr]
    assert nets.codes.values.grad.abs().sum(1).nonzero().flatten().tolist() == [1, 4]
    with torch.no_grad():
        nets.codes.values.mul_(100)
        method.after_step(nets, {}, Clock())
    assert torch.allclose(nets.codes.values.norm(dim=1), torch.ones(6))
    assert [Halving(1.0, 3)(Clock(examples=n, total=8)) for n in (0, 1, 2, 4, 7)] == [1, 1, 0.5, 0.25, 0.125]


def test_a_ball_of_another_radius_is_found_by_its_code_alone(learnt: tuple[DeepSDF, Any]) -> None:
    method, nets = learnt
    assert isinstance(method, Searches)
    given = (middles(12).norm(dim=-1) - 0.55)[None, None]
    with torch.no_grad():
        shown = method.reconstruct(nets, given) <= 0
        both, either = (shown & (given <= 0)).sum(), (shown | (given <= 0)).sum()
        assert float(both / either) > 0.8
        latents = method.encode(nets, BALLS)
        middle = method.generate(nets, latents[[0, 5]].mean(0, keepdim=True)) <= 0
        ends = method.generate(nets, latents[[0, 5]]) <= 0
    assert int(ends[0].sum()) < int(middle.sum()) < int(ends[1].sum())


def test_latents_have_the_mean_and_spread_of_the_codes(learnt: tuple[DeepSDF, Any]) -> None:
    method, nets = learnt
    assert isinstance(method, LatentSpace)
    with torch.no_grad():
        codes = method.codes_of(nets, torch.randn(20_000, 2))
    assert torch.allclose(codes.mean(0), nets.codes.values.mean(0), atol=0.02)
    assert torch.allclose(torch.cov(codes.T), torch.cov(nets.codes.values.detach().T), atol=0.02)


def test_shapes_are_read_at_any_side_and_other_data_is_refused(learnt: tuple[DeepSDF, Any]) -> None:
    method, nets = learnt
    assert isinstance(method, AnySide)
    with torch.no_grad():
        kind, values = method.at_side(nets, 20, torch.zeros(2, 2))
    assert (kind, values.shape) == (Distances(20), (2, 1, 20, 20, 20))
    with pytest.raises(ConfigError, match="world:rounded"):
        method.networks(DataSpec.of((1, 8, 8)))
    with pytest.raises(ConfigError, match="2 to 100"):
        DeepSDF(depth=1)
