"""Perceptual path length where it is known in closed form."""

import pytest
import torch

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas.path_length import path_length, slerp


def squared(a, b):
    return (a - b).square().sum((1, 2, 3))


def flat(latents):
    return latents.double().view(len(latents), 1, 1, -1)


def latents(seed, n=200, d=8):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sampling", ["end", "full"])
def test_on_lines_a_linear_generator_has_the_mean_squared_slope(sampling):
    start, end = latents(0), latents(1)
    found = path_length(flat, squared, start, end, along="line", sampling=sampling)
    slopes = (end - start).square().sum(1).sort().values
    assert found.value == pytest.approx(slopes[2:-2].mean().item(), rel=0.02)


def test_on_circles_of_unit_vectors_it_is_the_squared_angle():
    start, end = (torch.nn.functional.normalize(latents(seed), dim=1) for seed in (0, 1))
    found = path_length(flat, squared, start, end, along="sphere")
    angles = (start * end).sum(1).acos().square().sort().values
    assert found.value == pytest.approx(angles[2:-2].mean().item(), rel=0.02)


def test_a_collapsed_generator_has_no_length():
    found = path_length(lambda z: torch.zeros(len(z), 1, 2, 2), squared, latents(0), latents(1), along="line")
    assert found.value == 0


def test_arcs_keep_the_length_of_gaussian_latents():
    a, b = latents(0, d=512), latents(1, d=512)
    middle = slerp(a, b, torch.full((200,), 0.5))
    torch.testing.assert_close(middle.norm(dim=1), (a.norm(dim=1) + b.norm(dim=1)) / 2)
    torch.testing.assert_close(slerp(a, b, torch.zeros(200)), a)
    torch.testing.assert_close(slerp(a, b, torch.ones(200)), b)


def test_the_batch_size_changes_nothing():
    start, end = latents(0), latents(1)
    values = [path_length(flat, squared, start, end, along="line", sampling="full", size=n).value for n in (7, 200)]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_large_images_are_averaged_down():
    seen = []

    def distance(a, b):
        seen.append(a.shape[2])
        return squared(a, b)

    path_length(
        lambda z: z.view(-1, 1, 1, 1).expand(-1, 1, 512, 512),
        distance,
        latents(0, 4, 1),
        latents(1, 4, 1),
        along="line",
    )
    assert seen == [256]


def test_latents_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one shape"):
        path_length(flat, squared, latents(0), latents(1, 100), along="line")
    with pytest.raises(ShapeError, match="great circles"):
        path_length(flat, squared, torch.zeros(4, 2, 3), torch.zeros(4, 2, 3), along="sphere")
    with pytest.raises(ConfigError, match="above 0"):
        path_length(flat, squared, latents(0), latents(1), along="line", step=0.0)
