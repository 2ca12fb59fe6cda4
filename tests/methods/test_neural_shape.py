"""Neural shape: where it learns, what a true distance owes, one ball learnt in three ways, and its mesh."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, DistanceBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.kinds.volume import Volume
from saddlepoint.losses.signed_distance import clamped, eikonal
from saddlepoint.methods.families.distance_samples import onto_surface, places_near
from saddlepoint.methods.field.neural_shape import NeuralShape

TINY = {"width": 6, "depth": 2, "places": 16, "shape": (8,)}
BALL = (middles(16).norm(dim=-1) - 0.6)[None, None]


def begun(**settings: Any) -> tuple[NeuralShape, Any]:
    method = NeuralShape(**{"width": 24, "depth": 2, "places": 512, "omega": 10.0, "lr": 5e-3, **settings})
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"distances": Distances(16)}, examples=1))
    with torch.no_grad():
        method.prepare(nets, lambda n: DistanceBatch(BALL, torch.zeros(1, dtype=torch.long)))
    return method, nets


def test_places_are_half_inside_and_near_the_surface_and_reach_it_with_its_normals() -> None:
    place = places_near(BALL, torch.rand(1, 4000, 4), 0.1)
    away = place.norm(dim=2) - 0.6
    assert (away[0, :2000] < 2 / 16).all()
    assert (away[0, 2000:] > -2 / 16).all()
    assert float((away.abs() < 0.15).float().mean()) > 0.6
    surface, normal = onto_surface(BALL, place[:, :500])
    assert float((surface.norm(dim=2) - 0.6).abs().median()) < 5e-3
    assert float((normal * surface / 0.6).sum(2).median()) > 0.98


def test_a_true_distance_owes_nothing_but_its_shape_elsewhere() -> None:
    surface = torch.nn.functional.normalize(torch.randn(2, 50, 3), dim=2) * 0.6
    losses = eikonal(lambda x: x.norm(dim=-1, keepdim=True) - 0.6, surface, surface / 0.6, torch.rand(2, 50, 3) + 0.5)
    assert [round(losses[name].item(), 2) for name in ("surface", "normal", "slope", "apart")] == [0, 0, 0, 0]
    turned = eikonal(lambda x: 0.6 - x.norm(dim=-1, keepdim=True), surface, surface / 0.6, torch.rand(2, 50, 3) + 0.5)
    assert turned["normal"].item() == pytest.approx(1e2 * 0.5 * 2, rel=1e-3)
    assert clamped(torch.tensor([0.5, -0.05]), torch.tensor([0.2, 0.05]), 0.1).item() == pytest.approx(0.05)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "occupancy"},
        {"loss": "eikonal", "lr": 1e-3},
        {"form": "grid", "cells": 8, "lr": 1e-2},
        {"form": "grid", "cells": 8, "sparse": 900, "lr": 1e-2},
    ],
)
def test_a_ball_is_learnt(settings: dict[str, Any]) -> None:
    method, nets = begun(**settings)
    adam = torch.optim.Adam(nets.field.parameters(), lr=method.lr)
    draw: Any = HandDraw(DistanceBatch(BALL, torch.zeros(1, dtype=torch.long)))
    for _ in range(50):
        (update,) = method.train_step(nets, draw, None)  # type: ignore[arg-type]
        adam.zero_grad()
        sum(update.losses.values()).backward()  # type: ignore[union-attr]
        adam.step()
    with torch.no_grad():
        kind, values = method.at_side(nets, 20)
    inside = values[0, 0] > 0.5 if isinstance(kind, Volume) else values[0, 0] <= 0
    truth = middles(20).norm(dim=-1) <= 0.6
    assert float((inside & truth).sum() / (inside | truth).sum()) > 0.7
    assert method.build(nets)[1].shape == (1, 16, 16, 16)


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="--form grid"):
        NeuralShape(sparse=10)
    with pytest.raises(ConfigError, match="slopes of slopes"):
        NeuralShape(loss="eikonal", form="grid")
    with pytest.raises(ConfigError, match="--data distances:FOLDER"):
        NeuralShape().networks(DataSpec.of((1, 8, 8), examples=1))
