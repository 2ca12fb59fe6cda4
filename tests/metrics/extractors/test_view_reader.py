"""The reader of views: it says whence a picture was taken, and its features tell real pictures from noise."""

import numpy as np
import pytest

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.extractors.view_reader import train_view_reader
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.viewpoints import agreement


def spots(n: int, part: int) -> tuple[np.ndarray, np.ndarray]:
    """White pictures with one spot of some colour that stands where the camera is turned to, and its direction."""
    draw = numpy_generator("spots", part)
    turn, colour = draw.random(n) * 2 * np.pi, draw.random((n, 3, 1, 1)) * 0.7
    directions = np.stack((np.cos(turn), np.sin(turn), np.zeros(n)), 1)
    line = (np.arange(8) + 0.5) / 4 - 1
    away = (line[None, None] - 0.6 * directions[:, 0, None, None]) ** 2
    away = away + (line[None, :, None] - 0.6 * directions[:, 1, None, None]) ** 2
    spot = (away < 0.16)[:, None]
    return (255 * np.where(spot, colour, 1.0)).astype(np.uint8), directions


def test_turns_are_read_and_a_gaussian_over_pixels_is_farther_off_than_real_pictures() -> None:
    images, directions = spots(500, 0)
    reader = train_view_reader(images, directions, examples=6_400)
    other, wanted = spots(400, 1)
    further, _ = spots(400, 2)
    values = features(reader, other)
    assert agreement(reader.directions(values)[:, :2], wanted[:, :2]) > 0.95
    assert np.allclose(np.linalg.norm(reader.directions(values), axis=1), 1)
    statistics = gaussian(values)
    real = frechet_distance(gaussian(features(reader, further)), statistics)
    naive = frechet_distance(gaussian(features(reader, PixelGaussian(images).sample(400, 0))), statistics)
    assert frechet_distance(statistics, statistics) == pytest.approx(0, abs=1e-6)
    assert naive > 5 * real
    again = train_view_reader(images, directions, examples=6_400)
    assert np.array_equal(features(again, other), values)


def test_directions_that_do_not_fit_are_refused() -> None:
    images, directions = spots(4, 0)
    with pytest.raises(ShapeError, match=r"directions \[N, 3\]"):
        train_view_reader(images, directions[:, :2])
