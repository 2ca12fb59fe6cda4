"""Few labels: which are told, and the two streams of a semi-supervised batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import ImageBatch, LabelledBatch, SemiBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import labelled_rows
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError


def made(rows: int = 60) -> Dataset:
    """Image i is of brightness i; its label is i modulo 3."""
    image = np.broadcast_to(np.arange(rows, dtype=np.uint8)[:, None, None, None], (rows, 1, 4, 4))
    return Dataset({"image": np.ascontiguousarray(image), "label": np.arange(rows) % 3}, "print", "made", tuple("abc"))


def shown(image: torch.Tensor) -> list[int]:
    return image.amax((1, 2, 3)).mul(127.5).add(127.5).round().int().tolist()


def semi(per_class: int | None = 2, **settings: object) -> Loader:
    return Loader(made(), SemiBatch, np.arange(60), labels_per_class=per_class, **settings)


def test_each_class_is_told_as_often_by_the_seed_alone() -> None:
    rows = np.arange(1, 60)
    few = labelled_rows(made(), rows, 4, seed=0)
    assert np.bincount(few % 3).tolist() == [4, 4, 4]
    assert set(few) <= set(rows)
    assert np.array_equal(few, labelled_rows(made(), rows, 4, seed=0))
    assert not np.array_equal(few, labelled_rows(made(), rows, 4, seed=1))
    assert np.array_equal(labelled_rows(made(), rows, None, seed=0), rows)


@pytest.mark.parametrize("per_class", [0, 21])
def test_more_labels_than_the_smallest_class_has_are_refused(per_class: int) -> None:
    with pytest.raises(ConfigError, match=f"labels_per_class cannot be {per_class}: a has 20 training images"):
        labelled_rows(made(), np.arange(60), per_class, seed=0)


def test_data_without_labels_is_refused() -> None:
    with pytest.raises(ConfigError, match="made has no labels to learn from"):
        Loader(Dataset({"image": np.zeros((4, 2), np.float32)}, "print", "made"), SemiBatch, np.arange(4))


def test_a_batch_shows_as_many_labelled_images_as_others_however_few_they_are() -> None:
    loader = semi(2)
    batch = loader.read(3, 12)
    assert isinstance(batch, SemiBatch)
    assert [len(field) for field in batch.tensors().values()] == [12, 12, 12]
    assert len(batch) == 12
    assert batch.label.tolist() == [row % 3 for row in shown(batch.labelled)]
    assert sorted(shown(batch.labelled)) == sorted([*labelled_rows(made(), np.arange(60), 2, seed=0)] * 2)


def test_the_unlabelled_stream_is_that_of_all_images() -> None:
    alone = Loader(made(), ImageBatch, np.arange(60))
    batches = [semi(2).read(position, 12) for position in range(5)]
    assert all(torch.equal(batch.unlabelled, alone.read(n, 12).image) for n, batch in enumerate(batches))
    assert sorted(row for batch in batches for row in shown(batch.unlabelled)) == list(range(60))


def test_parts_make_up_the_whole() -> None:
    loader = semi(2, flip=True)
    whole = loader.read(4, 12)
    parts = [loader.read(4, 12, part=part, parts=3).tensors() for part in range(3)]
    for name, field in whole.tensors().items():
        assert torch.equal(field, torch.cat([part[name] for part in parts]))


def test_a_look_shows_images_with_their_labels() -> None:
    look = semi(2).look(np.array([5, 7]))
    assert isinstance(look, LabelledBatch)
    assert (shown(look.image), look.label.tolist()) == ([5, 7], [2, 1])


def test_a_method_that_is_told_all_or_nothing_refuses_a_number_of_labels() -> None:
    with pytest.raises(ConfigError, match="trains on ImageBatch, not SemiBatch: leave out --labels-per-class"):
        Loader(made(), ImageBatch, np.arange(60), labels_per_class=2)
