"""Scenes by attributes: noise that is constant on a segment, the weights of wrong pairs, and a world that knows."""

from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, SceneBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.world import images
from saddlepoint.data.world.seasons import answer, attributes
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.scene_attributes import SceneAttributes

TINY = {
    "classes": 3, "noise": 2, "width": 2, "blocks": 1, "critic_width": 2, "scales": 1, "shape": (3, 16, 16),
}  # fmt: skip
SPEC = DataSpec({"source": Image(3, 16, 16), "target": Image(3, 16, 16), "attributes": Attributes(("night", "snow"))})


def game() -> tuple[SceneAttributes, Any, SceneBatch]:
    torch.manual_seed(0)
    method = SceneAttributes(**{key: value for key, value in TINY.items() if key != "shape"})  # type: ignore[arg-type]
    nets = method.networks(SPEC)
    layout = torch.zeros(2, 3, 16, 16)
    layout[:, :, :8], layout[:, 0, 8:, :4] = 1, -1
    nets.layout.learn(layout)
    return method, nets, SceneBatch(layout, torch.rand(2, 3, 16, 16), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))


def test_noise_is_the_same_all_over_a_segment() -> None:
    method, nets, batch = game()
    noise = method._input(nets.layout(batch.source), torch.arange(12.0).view(2, 6))[:, 3:]
    for number in range(3):
        place = nets.layout.numbers(batch.source)[0] == number
        assert noise[0][:, place].T.unique(dim=0).tolist() == [[2 * number, 2 * number + 1]]


def test_wrong_layouts_and_attributes_weigh_a_quarter_each_and_fakes_half() -> None:
    method, nets, batch = game()
    update: Any = next(method.train_step(nets, HandDraw(batch), Clock()))  # type: ignore[arg-type]
    layout = nets.layout(batch.source)
    (real,) = nets.critic(batch.target, layout, batch.attributes)
    assert update.losses["real"].item() == pytest.approx((real - 1).square().mean().item() / 2, rel=1e-4)
    quarter = real.square().mean().item() / 2 / 4  # every draw gives the same batch here
    assert update.losses["wrong_layout"].item() == pytest.approx(quarter, rel=1e-4)
    assert update.losses["wrong_attributes"].item() == pytest.approx(quarter, rel=1e-4)


def test_a_layout_and_attributes_must_be_given() -> None:
    method, nets, _ = game()
    assert method.conditions(nets)["attributes"] == Attributes(("night", "snow"))
    with pytest.raises(CapabilityError, match="give source and attributes"):
        method.generate(nets, method.latents(nets, 2, 0))


def test_in_the_world_of_seasons_night_is_dark_and_snow_leaves_the_shape() -> None:
    rows = np.arange(8)
    plain, night, snow = (
        answer(rows, np.tile(holds, (8, 1)), 16).astype(float) for holds in ((0, 0, 0), (1, 0, 0), (0, 1, 0))
    )
    assert (night.mean((1, 2, 3)) < 0.5 * plain.mean((1, 2, 3))).all()
    assert (snow.mean((1, 2, 3)) > plain.mean((1, 2, 3))).all()
    assert (snow == plain).all(1).any((1, 2)).all()
    assert attributes(rows).shape == (8, 3)


def test_the_world_of_seasons_gives_what_the_method_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "IMAGES", 40)
    data = open_data("world:seasons", resolution=16)
    assert data.fields["attributes"].shape == (40, 3)
    assert data.fields.keys() == SceneBatch.kinds().keys()
