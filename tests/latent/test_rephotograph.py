"""An old photograph taken anew: the plain curve ages nothing, a known film is found, and colours come back."""

import pytest
import torch
from small_models import model
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.latent.codes import decode
from saddlepoint.latent.prior import random_codes
from saddlepoint.latent.project import Projection, project
from saddlepoint.latent.rephotograph import Ageing, Rephotography, rephotograph, seen

GENTLE = torch.tensor([0.25]), torch.tensor([0.5]), torch.tensor([1.2])


def scenes(n: int = 4, channels: int = 3) -> Tensor:
    small = model("stylegan2", side=8, channels=channels)
    return decode(small, random_codes(small, n, "z", seed=77)).clamp(-1, 1)


def test_the_plain_curve_on_luma_without_blur_is_grey() -> None:
    images = scenes()
    plain = Ageing("luma", 0.0, torch.zeros(4), torch.ones(4), torch.ones(4))
    assert torch.allclose(plain(images), 2 * seen(images, "luma").clamp(1e-3, 1) - 1)
    grey = images.mean(1, keepdim=True)
    assert torch.allclose(seen(grey.expand(-1, 3, -1, -1), "blue"), (grey + 1) / 2, atol=1e-6)


def test_films_see_what_they_see() -> None:
    red, green, blue = (torch.full((1, 3, 4, 4), -1.0).index_fill(1, torch.tensor(each), 1.0) for each in range(3))
    values = {film: [seen(one, film).mean().item() for one in (red, green, blue)] for film in ("blue", "blue-green")}
    assert values == {"blue": [0, 0, 1], "blue-green": [0, 0.5, 0.5]}


def test_blur_keeps_the_mean_of_an_even_image_and_spreads_a_point() -> None:
    point = torch.full((1, 1, 9, 9), -1.0)
    point[..., 4, 4] = 1
    soft = Ageing("luma", 1.0, torch.zeros(1), torch.ones(1), torch.ones(1))
    assert soft(torch.full((1, 1, 9, 9), 0.5)).sub(0.5).abs().max() < 1e-5
    spread = (soft(point) + 1) / 2
    assert spread[0, 0, 4, 4].item() == pytest.approx(0.399**2, abs=0.01)


def test_an_aged_image_of_the_model_comes_nearer_to_the_truth_than_by_projection() -> None:
    small, true = model("stylegan2", side=8), scenes()
    n = len(true)
    old = Ageing("blue", 0.0, *(each.expand(n) for each in GENTLE))(true).expand(-1, 3, -1, -1).clamp(-1, 1)
    settings = {"steps": 60, "candidates": 64, "noise": False}
    anew = rephotograph(small, old, settings=Rephotography(film="blue", **settings))
    naive = project(small, old, settings=Projection(**settings))

    def error(images: Tensor) -> float:
        return (images - true).square().mean().sqrt().item()

    assert error(anew.images) < 0.8 * error(naive.images)
    assert anew.code.space == "w+"
    assert anew.steps == 60
    assert (anew.error < 0.1).all()
    assert (anew.ageing.gain < 0.8).all()  # its contrast had faded
    assert torch.allclose(anew.aged, anew.ageing(anew.images).clamp(-1, 1), atol=1e-5)


def test_each_photograph_has_a_curve_of_its_own_and_batches_change_nothing() -> None:
    small, old = model("stylegan2", side=8, channels=1), scenes(3, channels=1)
    settings = Rephotography(steps=8, candidates=16)
    together, parts = (rephotograph(small, old, settings=settings, batch=batch) for batch in (3, 2))
    assert torch.allclose(together.code.values, parts.code.values, atol=2e-3, rtol=1e-2)
    assert together.ageing.offset.shape == (3,)


def test_any_method_with_latents_takes_photographs_anew() -> None:
    small = model("dcgan", side=8)
    anew = rephotograph(small, scenes(2), settings=Rephotography(steps=4, candidates=4))
    assert anew.code.space == "z"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="film cannot be 'sepia': it is blue, blue-green, luma"):
        Rephotography(film="sepia")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="blur is 0 to 16"):
        Rephotography(blur=-1)
    with pytest.raises(ShapeError, match="was trained on images"):
        rephotograph(model("stylegan2", side=8), torch.zeros(1, 3, 9, 9))
