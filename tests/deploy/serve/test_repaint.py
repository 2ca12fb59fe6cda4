"""A region painted anew: what its sides suggest, and that nothing outside of it moves."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.serve.repaint import inside, repainted, surroundings


def slope(mode: str = "L") -> Image.Image:
    """A picture whose brightness rises along both axes, which the surface through four sides has exactly."""
    y, x = np.mgrid[:40, :60]
    return Image.fromarray((20 + 2 * x + 1.5 * y).round().astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_an_even_slope_is_continued(mode):
    box = (20, 10, 45, 33)
    spoiled = slope(mode)
    spoiled.paste(Image.new(mode, (25, 23), 255 if mode == "L" else (255, 0, 0)), box[:2])
    healed = np.asarray(repainted(spoiled, box), int)
    assert np.abs(healed - np.asarray(slope(mode), int))[13:30, 28:37].max() <= 2
    outside = np.ones((40, 60), bool)
    outside[10:33, 20:45] = False
    np.testing.assert_array_equal(healed[outside], np.asarray(spoiled, int)[outside])


@pytest.mark.parametrize("box", [(0, 0, 60, 40), (0, 0, 1, 1), (50, 30, 60, 40), (0, 10, 60, 20), (59, 0, 60, 40)])
def test_regions_at_the_border_have_something_to_go_by(box):
    filling = surroundings(slope("RGB"), box)
    assert filling.size == (box[2] - box[0], box[3] - box[1])
    assert repainted(slope("RGB"), box).size == (60, 40)


def test_a_patch_is_brought_to_the_region_and_its_middle_is_all_of_it():
    result = repainted(slope("L"), (10, 5, 50, 35), Image.new("RGB", (3, 7), (200, 200, 200)))
    assert result.getpixel((30, 20)) == 200
    assert result.getpixel((9, 20)) == slope().getpixel((9, 20))


def test_what_lies_outside_is_no_region():
    assert inside((0, 0, 60, 40), (60, 40))
    for box in ((-1, 0, 5, 5), (5, 5, 5, 9), (0, 0, 61, 40), (9, 9, 3, 20)):
        assert not inside(box, (60, 40))
