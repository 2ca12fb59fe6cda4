"""Two domains: each drawn in an order of its own, at its own length."""

from __future__ import annotations

import numpy as np
import pytest
from small_images import saved

from saddlepoint.data.batches import UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError


def two(first: int = 12, second: int = 20) -> Dataset:
    """Image i is of brightness i; the first so many are of domain 0."""
    image = np.arange(first + second, dtype=np.uint8)[:, None, None, None].repeat(2, 2).repeat(2, 3)
    return Dataset({"image": image, "label": np.repeat([0, 1], [first, second])}, "print", "made", ("a", "b"))


def levels(image) -> list[int]:
    return image[:, 0, 0, 0].mul(127.5).add(127.5).round().int().tolist()


def test_two_folders_are_two_domains_and_an_unequal_pair_is_warned_of(folder, opened):
    for index in range(7):
        saved(folder / f"cats/{index}.png")
    for index in range(2):
        saved(folder / f"dogs/{index}.png")
    data = opened(data=f"unpaired:{folder}/cats,{folder}/dogs")
    assert data.classes == ("cats", "dogs")
    assert data.labels.tolist() == [0] * 7 + [1] * 2
    assert any(note.startswith("the domains are unequal: cats has 7 images and dogs 2 images") for note in data.notes)
    assert not any("unequal: " in note for note in opened(data=f"unpaired:{folder}/cats,{folder}/cats").notes)


def test_each_domain_runs_through_its_own_images_before_any_comes_again():
    loader = Loader(two(), UnpairedBatch, np.arange(32), seed=5)
    read = [loader.read(position, 4) for position in range(15)]
    a, b = ([level for batch in read for level in levels(getattr(batch, name))] for name in ("a", "b"))
    for epoch in range(5):
        assert sorted(a[12 * epoch : 12 * epoch + 12]) == list(range(12))
    for epoch in range(3):
        assert sorted(b[20 * epoch : 20 * epoch + 20]) == list(range(12, 32))
    assert a[:12] != a[12:24]


def test_domains_of_one_length_are_not_drawn_in_step():
    loader = Loader(two(16, 16), UnpairedBatch, np.arange(32))
    batch = loader.read(0, 16)
    assert levels(batch.a) != [level - 16 for level in levels(batch.b)]


def test_a_batch_is_a_function_of_its_position_and_its_parts_make_it_up():
    loader = Loader(two(), UnpairedBatch, np.arange(32), flip=True, jitter=1)
    whole = loader.read(7, 8)
    assert len(whole) == 8
    for name in ("a", "b"):
        parts = [getattr(loader.read(7, 8, part=part, parts=4), name) for part in range(4)]
        assert [level for part in parts for level in levels(part)] == levels(getattr(whole, name))


def test_rows_that_are_looked_at_go_to_their_own_domain():
    seen = Loader(two(), UnpairedBatch, np.arange(20)).look(np.array([3, 31, 5]))
    assert (levels(seen.a), levels(seen.b)) == ([3, 5], [31])


def test_a_batch_must_fit_the_smaller_domain():
    loader = Loader(two(), UnpairedBatch, np.arange(32))
    assert loader.batches(12) == 1
    with pytest.raises(ConfigError, match="larger than the 12 training images"):
        loader.batches(13)


def test_data_without_two_domains_is_refused(opened):
    with pytest.raises(ConfigError, match=r"digits has 10 classes, not two domains\. Use --data unpaired:FOLDER"):
        Loader(opened(data="digits"), UnpairedBatch, np.arange(10))
