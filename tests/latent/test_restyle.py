"""What of a style is taken by optimisation: its colours or the content's, its strokes' size, and where."""

from typing import Any

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.latent.restyle import guided_gram, recoloured, restyle
from saddlepoint.losses.perceptual import gram


def test_a_style_takes_the_colours_of_the_content() -> None:
    torch.manual_seed(0)
    style, content = torch.rand(1, 3, 9, 7) * 0.4, torch.rand(1, 3, 8, 8) * 0.3 - 0.4
    moved = recoloured(style, content).flatten(2)[0]
    wanted = content.flatten(2)[0]
    assert torch.allclose(moved.mean(1), wanted.mean(1), atol=1e-3)
    assert torch.allclose(torch.cov(moved, correction=0), torch.cov(wanted, correction=0), atol=1e-3)


def test_a_region_has_the_gram_matrix_of_its_places_alone() -> None:
    torch.manual_seed(0)
    maps = torch.rand(1, 2, 4, 4)
    assert torch.allclose(guided_gram(maps, torch.ones(1, 1, 8, 8))[:, 0], gram(maps), atol=1e-6)
    left = torch.zeros(1, 1, 8, 8)
    left[..., :4] = 1
    assert torch.allclose(guided_gram(maps, left)[:, 0], gram(maps[..., :2]), atol=1e-6)


def test_each_place_takes_the_style_of_its_own() -> None:
    halves = torch.zeros(1, 2, 4, 4)
    halves[:, 0, :, :2], halves[:, 1, :, 2:] = 1, 1
    style = torch.where(halves[:, :1] > 0, 0.8, -0.2)  # light on the left
    content = torch.full((1, 1, 4, 4), 0.1)
    settings: dict[str, Any] = {"steps": 30, "content_weight": 0.0, "style_weights": [1.0]}
    image = restyle(lambda images: [images], content, style, places=(halves.flip(3), halves), **settings)
    assert image[..., 2:].abs().mean() == pytest.approx(0.8, abs=0.05)  # the first region lies on the right here
    assert image[..., :2].abs().mean() == pytest.approx(0.2, abs=0.05)
    with pytest.raises(ShapeError, match="as many in both"):
        restyle(lambda images: [images], content, style, places=(halves[:, :1], halves))


def test_strokes_of_the_style_become_larger() -> None:
    seen: list[torch.Size] = []

    def extractor(images: torch.Tensor) -> list[torch.Tensor]:
        seen.append(images.shape[2:])
        return [images]

    restyle(extractor, torch.zeros(1, 1, 8, 8), torch.rand(1, 1, 6, 4), steps=1, strokes=1.5)
    assert seen[1] == (9, 6)
