"""Measures of images that are asked for in words or by attributes: true answers have no error, chance has its share."""

import numpy as np
import torch

from saddlepoint.data.world import shapes
from saddlepoint.data.world.attributes import ATTRIBUTES, attributes
from saddlepoint.data.world.base import SEED
from saddlepoint.metrics.proofs.captioned_images import r_precision
from saddlepoint.metrics.proofs.edited_attributes import answers, changes, error, retrieved


def test_the_right_caption_wins_and_chance_is_one_in_ten() -> None:
    text = torch.arange(400)[:, None].expand(-1, 3)
    assert r_precision(torch.eye(400), text, 0) == 1
    chance = r_precision(torch.rand(400, 400, generator=torch.Generator().manual_seed(0)), text, 0)
    assert 0.05 < chance < 0.15


def test_a_caption_that_says_the_same_is_no_wrong_one() -> None:
    text = torch.tensor([[1, 2], [1, 2], [3, 0]])
    resemblance = torch.tensor([[1.0, 9.0, 0.0], [9.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert r_precision(resemblance, text, 0) == 1


def test_nothing_is_made_round_and_pointed_at_once() -> None:
    rows, columns = changes(np.arange(200))
    wanted = attributes(shapes.factors(rows, SEED))
    wanted[np.arange(len(rows)), columns] ^= 1
    names = list(ATTRIBUTES)
    assert not (wanted[:, names.index("round")] & wanted[:, names.index("pointed")]).any()
    assert {names[column] for column in columns} == set(names)


def test_what_the_world_shows_has_no_error_and_the_image_as_it_is_has_one() -> None:
    rows, columns = changes(np.arange(12))
    shown = []
    for row, column in zip(rows, columns):
        images, right = answers(np.array([row]), int(column), 16)
        assert right.any()
        shown.append(images[right[:, 0].argmax(), 0])
    assert error(np.stack(shown), rows, columns) == 0
    assert error(shapes.render(shapes.factors(rows, SEED), 16), rows, columns) > 10


def test_the_nearest_image_has_the_wanted_attributes() -> None:
    images = np.array([0, 100, 90], np.uint8)[:, None, None, None].repeat(3, 1)
    known = np.array([[0], [1], [1]], np.uint8)
    nearest = retrieved(images, known, np.arange(3), np.array([0]), np.array([[1]], np.uint8))
    assert nearest[0, 0, 0, 0] == 90
