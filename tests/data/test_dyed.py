"""world:dyed: the hue of a shape follows from its kind, and how light it is does not."""

import colorsys

import numpy as np

from saddlepoint.data.world import dyed
from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.shapes import SHAPES, factors

ROWS = np.arange(200)


def test_a_kind_has_one_hue_in_any_light() -> None:
    images, scenes = dyed.WORLD.render(ROWS, 32), factors(ROWS, SEED)
    brightest = images.max((1, 2, 3))
    for image, kind in zip(images, scenes.shape):
        vivid = image.reshape(3, -1)[:, (image.max(0).astype(int) - image.min(0)).argmax()]
        hue = colorsys.rgb_to_hsv(*vivid / 255)[0]
        apart = abs(hue - kind / len(SHAPES))
        assert min(apart, 1 - apart) < 0.02
    of_one = brightest[scenes.shape == 0]
    assert of_one.max() > 1.5 * of_one.min()


def test_the_ground_has_no_colour() -> None:
    corners = dyed.WORLD.render(ROWS, 32)[:, :, -1, 0].astype(int)
    assert (np.ptp(corners, axis=1) == 0).mean() > 0.9  # but where a shape reaches the corner
