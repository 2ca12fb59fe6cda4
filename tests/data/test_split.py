"""Which rows are held out: a share of every class and domain, none of which loses its only image."""

from __future__ import annotations

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.data.dataset import Dataset, stratified
from saddlepoint.keyed import numpy_generator


def of_classes(*sizes: int, labelled: bool = True) -> Dataset:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    fields = {"image": np.zeros((len(labels), 1), np.float32), **({"label": labels} if labelled else {})}
    return Dataset(fields, "print", "made", tuple(map(str, range(len(sizes)))) if labelled else ())


@pytest.mark.parametrize("sizes", [(1, 21), (1, 1, 1), (2, 400), (50, 50), (1, 2, 3, 994), (1000, 1)])
@pytest.mark.parametrize("share", [None, 0.0, 0.05, 0.5, 0.99])
def test_every_class_keeps_an_image_to_train_on(sizes, share):
    data = of_classes(*sizes)
    train, held = data.split(share)
    assert sorted([*train, *held]) == list(range(len(data)))
    assert (np.bincount(data.labels[train], minlength=len(sizes)) >= 1).all()
    assert len(held) <= int(len(data) * (0.05 if share is None else share))


def test_each_class_gives_its_share_and_the_sum_is_kept():
    data = of_classes(100, 300, 600)
    held = data.split(0.1)[1]
    assert np.bincount(data.labels[held]).tolist() == [10, 30, 60]
    held = of_classes(5, 5, 5, 5).split(0.3)[1]
    assert len(held) == 6
    many = of_classes(60_000, 60_000)
    assert np.bincount(many.labels[many.split()[1]]).tolist() == [1000, 1000]


def test_without_classes_the_rows_held_out_are_those_of_ever():
    data = of_classes(60, 40, labelled=False)
    order = numpy_generator("held-out", 100).permutation(100)
    train, held = data.split()
    assert held.tolist() == sorted(order[:5])
    assert train.tolist() == sorted(order[5:])


def test_the_rows_of_a_class_are_held_out_in_the_order_of_the_whole():
    order = np.array([5, 0, 3, 1, 4, 2])
    assert sorted(stratified(order, np.array([0, 0, 0, 1, 1, 1]), 2)) == [0, 5]


def test_a_domain_of_one_image_stays_in_training(folder, opened):
    saved(folder / "one/0.png")
    for index in range(21):
        saved(folder / f"many/{index}.png", picture(index))
    data = opened(data=f"unpaired:{folder}/one,{folder}/many")
    train, held = data.split()
    assert 0 in train
    assert len(held) == 1
