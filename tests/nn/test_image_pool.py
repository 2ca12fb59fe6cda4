"""The pool of older images: filled first, then swapped by chance, one image at a time."""

from __future__ import annotations

import torch

from saddlepoint.nn.layers.image_pool import ImagePool


def numbered(*levels: float) -> torch.Tensor:
    return torch.tensor(levels)[:, None, None, None].expand(-1, 1, 2, 2)


def shown(pool: ImagePool, levels: list[float], chance: list[tuple[float, float]]) -> list[float]:
    return pool(numbered(*levels), torch.tensor(chance))[:, 0, 0, 0].tolist()


def test_while_it_fills_each_image_is_shown_itself():
    pool = ImagePool(3, (1, 2, 2))
    assert shown(pool, [1, 2], [(0.0, 0.9)] * 2) == [1, 2]
    assert shown(pool, [3], [(0.0, 0.0)]) == [3]
    assert pool.images[:, 0, 0, 0].tolist() == [1, 2, 3]


def test_a_full_pool_gives_an_older_image_for_the_fresh_one_or_keeps_out():
    pool = ImagePool(2, (1, 2, 2))
    shown(pool, [1, 2], [(0.0, 0.0)] * 2)
    assert shown(pool, [3, 4, 5], [(0.4, 0.6), (0.5, 0.0), (0.0, 0.9)]) == [2, 4, 3]
    assert pool.images[:, 0, 0, 0].tolist() == [1, 5]


def test_a_batch_that_fills_it_half_way_is_split_at_the_right_image():
    pool = ImagePool(2, (1, 2, 2))
    assert shown(pool, [1, 2, 3], [(0.0, 0.0)] * 3) == [1, 2, 1]
    assert pool.images[:, 0, 0, 0].tolist() == [3, 2]


def test_what_it_holds_is_saved_and_has_no_gradient():
    pool = ImagePool(2, (1, 2, 2))
    image = numbered(1, 2).float().requires_grad_()
    assert not pool(image, torch.zeros(2, 2)).requires_grad
    again = ImagePool(2, (1, 2, 2))
    again.load_state_dict(pool.state_dict())
    assert shown(again, [7], [(0.0, 0.0)]) == [1]


def test_a_pool_of_none_shows_what_it_is_given():
    assert shown(ImagePool(0, (1, 2, 2)), [1, 2], [(0.0, 0.0)] * 2) == [1, 2]


def test_about_half_of_what_is_shown_is_old():
    pool, stream = ImagePool(50, (1, 2, 2)), torch.Generator().manual_seed(0)
    levels = [float(level) for level in range(2000)]
    made = shown(pool, levels, torch.rand(2000, 2, generator=stream).tolist())
    old = [one != level for one, level in zip(made, levels)][50:]
    assert 0.45 < sum(old) / len(old) < 0.55
