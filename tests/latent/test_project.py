"""Projection: it comes near, in every space, each image by itself, and stops when it is told to."""

from typing import Any

import pytest
import torch
from small_models import model
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError, ConfigError, DataError, DivergedError, ShapeError
from saddlepoint.latent.codes import Code, Space, decode
from saddlepoint.latent.noise import maps_of
from saddlepoint.latent.prior import random_codes
from saddlepoint.latent.project import Projected, Projection, project

QUICK = {"candidates": 16}


def styled() -> Model:
    return model("stylegan2", side=8, channels=1)


def plain() -> Model:
    return model("dcgan", side=8, channels=1)


def samples(small: Model, n: int = 3) -> Tensor:
    return small.sample(n, seed=77).as_subclass(Tensor)


def found(small: Model, images: Tensor, space: Space | None = None, **settings: Any) -> Projected:
    return project(small, images, space=space, settings=Projection(**{**QUICK, "steps": 40, **settings}))


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_sample_is_found_again_in_every_space(space: Space) -> None:
    images = decode(styled(), random_codes(styled(), 3, "z", seed=77)).clamp(-1, 1)  # without noise of their own
    start = found(styled(), images, space, steps=0, noise=False)
    end = found(styled(), images, space, noise=False)
    assert end.code.space == space
    assert end.code.noise is None
    assert end.error.mean() < 0.75 * start.error.mean()
    assert end.perceptual.mean() < 0.75 * start.perceptual.mean()
    assert (end.images - images).square().mean((1, 2, 3)).sqrt().tolist() == pytest.approx(end.error.tolist(), rel=1e-4)


def test_any_method_that_samples_is_projected_into_its_latents() -> None:
    start, end = (found(plain(), samples(plain()), steps=steps) for steps in (0, 40))
    assert end.code.space == "z"
    assert end.error.mean() < 0.7 * start.error.mean()
    assert end.distance == "Laplacian pyramid"


def test_an_image_is_found_alike_alone_and_among_others() -> None:
    images = samples(styled())
    together, alone = (found(styled(), part, "w+", steps=10, explore=0.05) for part in (images, images[1:2]))
    torch.testing.assert_close(together.code.values[1:2], alone.code.values, atol=2e-3, rtol=1e-2)
    in_parts = project(styled(), images, settings=Projection(**QUICK, steps=10, explore=0.05), batch=2)
    torch.testing.assert_close(in_parts.code.values, together.code.values, atol=2e-3, rtol=1e-2)


def test_noise_maps_are_found_and_remain_noise() -> None:
    end = found(styled(), samples(styled()), "w", steps=10)
    sides = styled().method.noise_sides(styled().nets)  # type: ignore[attr-defined]
    assert end.code.noise is not None
    for part in maps_of(end.code.noise, sides):
        torch.testing.assert_close(part.mean((1, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
        torch.testing.assert_close(part.square().mean((1, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_no_image_ends_further_than_it_began() -> None:
    start = random_codes(plain(), 3, "z", seed=3)
    images = samples(plain())
    first = project(plain(), images, start=start, settings=Projection(steps=0))
    wild = project(plain(), images, start=start, settings=Projection(steps=5, lr=500.0))
    assert bool((wild.error <= first.error + 1e-6).all())


def test_the_pull_to_the_prior_keeps_codes_nearer_to_its_middle() -> None:
    free, held = (found(plain(), samples(plain()), prior=weight) for weight in (0.0, 1.0))
    assert bool((held.code.values.square().mean(1) < free.code.values.square().mean(1)).all())


def test_a_start_in_the_middle_needs_no_samples() -> None:
    start = found(styled(), samples(styled()), "w", steps=0, candidates=0, noise=False)
    average = styled().method.average_style(styled().nets)  # type: ignore[attr-defined]
    torch.testing.assert_close(start.code.values, average.expand(3, -1))


def test_it_stops_when_told_and_keeps_what_it_has() -> None:
    asked = iter([False] * 4 + [True] * 9)
    seen: list[int] = []
    end = project(
        plain(), samples(plain()), settings=Projection(**QUICK, steps=1000), stop=lambda: next(asked),
        progress=lambda step, share, loss: seen.append(step),
    )  # fmt: skip
    assert end.stopped
    assert seen == [1, 2, 3, 4]
    assert end.steps == 4


def test_seconds_end_it_before_the_steps_do() -> None:
    found(plain(), samples(plain()), steps=1)  # what torch loads at the first step is loaded
    end = found(plain(), samples(plain()), steps=10**6, seconds=0.3)
    assert 0 < end.steps < 10**6
    assert not end.stopped


def test_progress_goes_from_nothing_to_one_over_all_parts() -> None:
    shares: list[float] = []
    settings = Projection(**QUICK, steps=3)
    project(
        plain(), samples(plain()), settings=settings, batch=2, progress=lambda step, share, loss: shares.append(share)
    )
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])


def test_the_class_of_the_nearest_sample_is_taken_or_the_one_that_is_asked() -> None:
    small = model("cgan", side=8, channels=1, classes=("a", "b", "c"))
    images = small.sample(2, seed=0, label=1).as_subclass(Tensor)
    settings = Projection(steps=1, candidates=12)
    assert project(small, images, settings=settings).code.label.shape == (2,)  # type: ignore[union-attr]
    asked = project(small, images, settings=settings, label=2).code.label
    assert asked is not None
    assert asked.tolist() == [2, 2]
    with pytest.raises(CapabilityError, match="no class 3: the classes are 0 to 2"):
        project(small, images, settings=settings, label=3)
    with pytest.raises(ConfigError, match="candidates"):
        project(small, images, settings=Projection(candidates=0))


@pytest.mark.parametrize(
    ("images", "error", "text"),
    [
        (torch.zeros(1, 1, 9, 9), ShapeError, r"trained on images \[n, 1, 8, 8\]"),
        (torch.zeros(0, 1, 8, 8), ShapeError, "trained on"),
        (torch.full((1, 1, 8, 8), float("nan")), DataError, "not finite"),
        (torch.full((1, 1, 8, 8), 255.0), DataError, r"outside \[-1, 1\]"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: Tensor, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        project(plain(), images)


def test_a_space_that_is_not_there_and_impossible_settings_are_refused() -> None:
    with pytest.raises(CapabilityError, match="no space w"):
        project(plain(), samples(plain()), space="w+")
    for wrong in ({"steps": -1}, {"lr": 0.0}, {"seconds": 0.0}, {"prior": -1.0}, {"pixel": 0.0, "perceptual": 0.0}):
        with pytest.raises(ConfigError, match="|".join(wrong)):
            Projection(**wrong)  # type: ignore[arg-type]


def test_what_is_no_longer_finite_is_said() -> None:
    start = Code("z", torch.full((1, 12), float("inf")))
    with pytest.raises(DivergedError, match="no longer finite at step 1; try a lower --lr"):
        project(plain(), samples(plain(), 1), start=start)
