"""From rows to typed batches: a batch is a function of its position; parts make up the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec, DistanceBatch, ImageBatch, LabelledBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError, DataError, ShapeError


def labelled(rows: int = 40) -> Dataset:
    """Image i is of brightness i, dark on its left side; its label is i modulo 3."""
    image = np.zeros((rows, 1, 4, 4), np.uint8)
    image[..., 2:] = np.arange(rows, dtype=np.uint8)[:, None, None, None]
    return Dataset({"image": image, "label": np.arange(rows) % 3}, "print", "made", ("a", "b", "c"))


def brightness(image: torch.Tensor) -> list[int]:
    return image.amax((1, 2, 3)).mul(127.5).add(127.5).round().int().tolist()


def test_a_batch_is_a_function_of_its_position() -> None:
    loader = Loader(labelled(), ImageBatch, np.arange(40), seed=3, flip=True)
    later = loader.read(7, 8).image
    for position in (0, 3, 7):
        again = loader.read(position, 8).image
    assert torch.equal(again, later)
    assert again.is_contiguous(memory_format=torch.channels_last)
    assert again.dtype == torch.float32


@pytest.mark.parametrize("flip", [False, True])
def test_parts_make_up_the_whole(flip: bool) -> None:
    loader = Loader(labelled(), LabelledBatch, np.arange(40), flip=flip)
    whole = loader.read(2, 8)
    parts = [loader.read(2, 8, part=part, parts=4) for part in range(4)]
    assert torch.equal(whole.image, torch.cat([part.image for part in parts]))
    assert torch.equal(whole.label, torch.cat([part.label for part in parts]))


def test_labels_stay_with_their_images_and_only_chosen_rows_are_shown() -> None:
    rows = np.arange(1, 40, 2)
    loader = Loader(labelled(), LabelledBatch, rows)
    batch = loader.read(0, 20)
    shown = brightness(batch.image)
    assert sorted(shown) == rows.tolist()
    assert batch.label.tolist() == [row % 3 for row in shown]


def test_half_of_the_images_are_mirrored_and_others_in_another_epoch() -> None:
    loader = Loader(labelled(200), ImageBatch, np.arange(1, 200), flip=True)
    mirrored = []
    for epoch in range(2):
        image = loader.read(epoch, 199).image
        left = image[..., :2].amax((1, 2, 3)) > -1
        mirrored.append({bright for bright, turned in zip(brightness(image), left.tolist()) if turned})
    assert 70 < len(mirrored[0]) < 130
    assert mirrored[0] != mirrored[1]


def test_what_a_method_is_told_counts_the_training_rows() -> None:
    assert Loader(labelled(), ImageBatch, np.arange(30)).spec == DataSpec.of((1, 4, 4), ("a", "b", "c"), 30)


def test_points_are_shown_as_they_are() -> None:
    points = np.linspace(-9, 9, 12, dtype=np.float32).reshape(6, 2)
    image = Loader(Dataset({"image": points}, "print", "made"), ImageBatch, np.arange(6)).read(0, 6).image
    assert sorted(image[:, 0].tolist()) == points[:, 0].tolist()


def test_each_field_of_a_batch_is_cut_by_its_own_length() -> None:
    batch = LabelledBatch(torch.arange(8.0), torch.arange(4))
    assert [len(part) for part in batch.chunk(4)] == [2, 2, 2, 2]
    assert [part.label.tolist() for part in batch.chunk(4)] == [[0], [1], [2], [3]]
    with pytest.raises(ShapeError, match="label has 4 rows, which 8 equal parts do not divide"):
        batch.part(0, 8)


def test_a_shape_that_a_method_cannot_use_is_refused() -> None:
    assert DataSpec.of((3, 8, 8)).resolution == 8
    with pytest.raises(ConfigError, match=r"the data is 8x4\. Use --resolution 8"):
        _ = DataSpec.of((3, 4, 8)).resolution
    with pytest.raises(ConfigError, match="the data has points of 2 numbers"):
        _ = DataSpec.of((2,)).channels


def test_rows_are_held_out_once_and_for_all() -> None:
    data = labelled(100)
    train, held = data.split()
    assert len(held) == 5
    assert sorted([*train, *held]) == list(range(100))
    assert np.array_equal(held, data.split()[1])
    assert len(data.split(0.0)[1]) == 0
    assert len(data.split(0.25)[1]) == 25
    many = Dataset({"image": np.zeros((50_000, 1), np.float32)}, "print", "made")
    assert len(many.split()[1]) == 2000
    assert len(many.split(0.1)[1]) == 5000


@pytest.mark.parametrize("share", [-0.1, 1.0, 5.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="it is a share of the images, from 0 to less than 1"):
        labelled().split(share)


def test_fields_of_different_lengths_and_empty_sets_are_refused() -> None:
    with pytest.raises(DataError, match="differ in length"):
        Dataset({"image": np.zeros((3, 2)), "label": np.zeros(2)}, "print", "made")
    with pytest.raises(DataError, match="holds no usable image"):
        Dataset({"image": np.zeros((0, 1, 2, 2), np.uint8)}, "print", "made")


def test_balanced_parts_make_up_a_whole_in_which_every_class_is_as_frequent() -> None:
    data = labelled()
    rows = np.flatnonzero((data.fields["label"] != 2) | (np.arange(40) < 4))  # one image alone is of class 2
    loader = Loader(data, LabelledBatch, rows, balanced=True)
    whole = loader.read(3, 12)
    assert torch.bincount(whole.label).tolist() == [4, 4, 4]
    assert brightness(whole.image[whole.label == 2]) == [2] * 4
    parts = [loader.read(3, 12, part=part, parts=3) for part in range(3)]
    assert torch.equal(whole.image, torch.cat([part.image for part in parts]))


def test_data_without_labels_cannot_be_balanced() -> None:
    data = Dataset({"image": np.zeros((4, 1, 4, 4), np.uint8)}, "print", "made")
    with pytest.raises(ConfigError, match="no labels to balance"):
        Loader(data, ImageBatch, np.arange(4), balanced=True)


def test_an_index_is_the_place_of_an_example_among_those_that_are_trained_on() -> None:
    grids = np.tile(np.arange(10, dtype=np.float32)[:, None, None, None, None] / 10, (1, 1, 2, 2, 2))
    data = Dataset({"distances": grids}, "print", "made")
    rows = np.array([1, 3, 4, 8, 9])
    loader = Loader(data, DistanceBatch, rows)
    batch = loader.read(0, 5)
    assert isinstance(batch, DistanceBatch)
    assert rows[batch.index.numpy()].tolist() == (batch.distances[:, 0, 0, 0, 0] * 10).round().int().tolist()
    assert loader.look(np.array([2, 3])).tensors()["index"].tolist() == [-1, 1]
