"""Neural field: its parameters, what it learns from, one image learnt by heart, and the same image at another size."""

from typing import Any

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import AnySide, Builds
from saddlepoint.methods.field.neural_field import NeuralField, centres, values_of

TINY = {"width": 6, "depth": 2, "places": 12, "shape": (1, 8, 8)}


def begun(image: torch.Tensor, **settings: Any) -> tuple[NeuralField, Any]:
    method = NeuralField(**{"width": 24, "depth": 2, **settings})
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of(tuple(image.shape), examples=1))
    with torch.no_grad():
        method.prepare(nets, lambda n: ImageBatch(image[None]))
    return method, nets


def test_the_papers_network_has_its_parameters() -> None:
    nets = NeuralField(depth=4).networks(DataSpec.of((1, 8, 8), examples=1))  # the paper's 5 layers of 256
    assert sum(p.numel() for p in nets.field.parameters()) == 2 * 256 + 256 + 3 * (256 * 256 + 256) + 256 + 1


def test_pixels_lie_at_their_middles_and_x_goes_right() -> None:
    place = centres(2, 4)
    assert place[0, :, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert place[:, 0, 1].tolist() == [-0.5, 0.5]


def test_the_loss_is_the_mean_square_over_the_pixels_that_are_learnt() -> None:
    image = torch.randint(0, 256, (3, 6, 8)) / 127.5 - 1
    method, nets = begun(image, spacing=2)
    (update,) = play(method, nets, HandDraw(image[None]))
    values = values_of(nets.field, centres(6, 8)).permute(2, 0, 1)
    error = ((values - image) ** 2)[:, ::2, ::2].mean()
    assert update.losses["square"].item() == pytest.approx(error.item(), rel=1e-5)


@pytest.mark.parametrize("form", ["siren", "frequencies", "fourier", "grid"])
def test_one_image_is_learnt_by_heart_where_relu_layers_blur_it(form: Any) -> None:
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    checks = ((x // 2 + y // 2) % 2 * 2.0 - 1)[None]
    errors = []
    for each in (form, "raw"):
        method, nets = begun(checks, form=each, octaves=4, deviation=4.0, directions=32, cells=16, omega=15.0)
        adam = torch.optim.Adam(nets.field.parameters(), lr=1e-2)
        for _ in range(40):
            (update,) = method.train_step(nets, HandDraw(checks[None]), None)  # type: ignore[arg-type]
            adam.zero_grad()
            update.losses["square"].backward()
            adam.step()
        errors.append(float(update.losses["square"]))
    assert errors[0] < 0.25 < errors[1]


def test_the_image_is_drawn_at_any_size_in_its_proportions() -> None:
    method, nets = begun(torch.zeros(3, 6, 8))
    assert isinstance(method, Builds)
    assert isinstance(method, AnySide)
    kind, values = method.at_side(nets, 20)
    assert kind == Image(3, 15, 20)
    assert values.shape == (1, 3, 15, 20)
    assert method.build(nets)[1].shape == (3, 6, 8)


def test_an_image_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="names no image"):
        NeuralField(number=3).networks(DataSpec.of((1, 8, 8), examples=3))
    with pytest.raises(ConfigError, match="single row"):
        NeuralField(spacing=9).networks(DataSpec.of((1, 8, 8), examples=3))
