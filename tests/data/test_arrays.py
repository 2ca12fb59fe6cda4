"""Data that Python hands over: every form that people have becomes the same data set, and comes back from the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data, open_pictures
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.arrays import dataset_of, keep
from saddlepoint.errors import ConfigError, DataError, SaddlepointError

BYTES = np.random.default_rng(0).integers(0, 256, (6, 3, 8, 8), np.uint8)
GREY = BYTES[:, :1]


class Items:
    """A set that is read by index, as torch's and torchvision's are."""

    classes = ("cat", "dog")

    def __init__(self, form: str) -> None:
        self.form = form

    def __len__(self) -> int:
        return len(BYTES)

    def __getitem__(self, index: int) -> Any:
        if index >= len(BYTES):
            raise IndexError
        image = BYTES[index]
        if self.form == "pillow":
            return Image.fromarray(image.transpose(1, 2, 0)), index % 2
        return torch.from_numpy(image / 255.0).float(), torch.tensor(index % 2)


@pytest.mark.parametrize(
    "data",
    [
        BYTES,
        torch.from_numpy(BYTES),
        BYTES.transpose(0, 2, 3, 1),
        BYTES / 255,
        torch.from_numpy(BYTES).float() / 127.5 - 1,
        BYTES.astype(np.int64),
        {"image": BYTES},
    ],
    ids=["bytes", "tensor", "channels last", "0 to 1", "-1 to 1", "int64", "mapping"],
)
def test_images_in_every_form_are_the_same_bytes(data: Any) -> None:
    dataset = dataset_of(data)
    assert dataset.images.dtype == np.uint8
    assert np.abs(dataset.images.astype(int) - BYTES).max() <= 1


def test_grey_images_need_no_axis_of_channels() -> None:
    assert np.array_equal(dataset_of(GREY[:, 0]).images, GREY)


@pytest.mark.parametrize("form", ["pillow", "tensor"])
def test_a_set_that_is_read_by_index_has_its_classes(form: str) -> None:
    dataset = dataset_of(Items(form))
    assert np.array_equal(dataset.images, BYTES)
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 1] * 3


def test_labels_are_numbered_by_class() -> None:
    dataset = dataset_of((BYTES, ["b", "a", "b", "b", "a", "c"]))
    assert dataset.classes == ("a", "b", "c")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [1, 0, 1, 1, 0, 2]


def test_points_and_other_fields_stay_as_they_are() -> None:
    assert dataset_of(np.zeros((5, 2))).main.word == "points"
    assert dataset_of({"cloud": np.zeros((5, 7, 3))}).main.word == "clouds"


def test_what_was_handed_over_is_opened_again_by_its_word(tmp_path: Path) -> None:
    dataset = dataset_of((BYTES, [0, 1, 0, 1, 0, 1]))
    word = keep(dataset, tmp_path)
    assert keep(dataset_of((BYTES.copy(), [0, 1, 0, 1, 0, 1])), tmp_path) == word
    opened = open_data(DataSettings(data=word, cache=tmp_path))
    assert np.array_equal(opened.images, BYTES)
    assert opened.classes == ("0", "1")
    smaller = open_data(DataSettings(data=word, cache=tmp_path, resolution=4, channels=1))
    assert smaller.images.shape == (6, 1, 4, 4)
    assert len(open_pictures(DataSettings(data=word, cache=tmp_path))) == 6
    assert keep(dataset_of(BYTES), tmp_path) != word


def test_a_data_set_of_our_own_keeps_its_kinds(tmp_path: Path) -> None:
    dataset = Dataset({"volume": np.zeros((3, 1, 4, 4, 4), np.uint8)}, "ab" * 16, "here")
    word = keep(dataset, tmp_path)
    assert open_data(DataSettings(data=word, cache=tmp_path)).kinds == dataset.kinds
    with pytest.raises(ConfigError, match="leave out --resolution"):
        open_data(DataSettings(data=word, cache=tmp_path, resolution=8))


def test_data_that_is_no_longer_kept_is_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hand it over again, as in saddlepoint.resume\(RUN, data=ARRAY\)"):
        open_data(DataSettings(data="array:0123456789abcdef", cache=tmp_path))
    with pytest.raises(ConfigError, match="is no name of data"):
        open_data(DataSettings(data="array:../../etc", cache=tmp_path))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (3, "data cannot be of type int"),
        (object(), "data cannot be of type object"),
        (np.full((2, 1, 4, 4), 300.0), "scale them"),
        (np.full((2, 1, 4, 4), np.nan), "not finite"),
        (np.zeros((2, 5, 4, 6), np.uint8), "no images of one or three channels"),
        (np.zeros((0, 3, 4, 4), np.uint8), "no images"),
        ((BYTES, [0, 1]), "as long as one another"),
        ((BYTES, np.zeros(6)), "labels must be one whole number"),
        ({}, "there are none"),
        ({"image": "cats"}, "cannot be of type str"),
        ([BYTES[0], "cat"], "not an image"),
        ([BYTES[0], GREY[0]], "bring all to one size"),
        ([], "no items"),
        ([(BYTES[0], 1), BYTES[1]], "some have none"),
    ],
)
def test_what_is_no_data_is_refused_in_words(data: Any, words: str) -> None:
    with pytest.raises((ConfigError, DataError), match=words):
        dataset_of(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (torch.zeros(4, 3, 8, 8, device="meta"), "a Tensor cannot be read as an array of numbers"),
        ({"image": np.zeros((2, 3, 8, 8), np.uint8), "label": [[1], [1, 2]]}, "a list cannot be read as an array"),
        (np.zeros((4, 3, 8, 8), complex), "images cannot be complex128"),
        (np.zeros((4, 3, 8, 8), object), "images cannot be object"),
        (np.full((4, 3, 8, 8), np.nan), "not finite"),
    ],
)
def test_what_holds_no_pixels_is_refused_in_a_sentence(data: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        open_data(data, cache=tmp_path)


def test_tensors_of_any_layout_and_precision_are_images(tmp_path: Path) -> None:
    images = torch.rand(4, 3, 8, 8)
    for data in (images.to_sparse(), images.bfloat16(), images.half(), images.requires_grad_()):
        assert open_data(data, cache=tmp_path).images.shape == (4, 3, 8, 8)


def test_a_cache_that_no_system_makes_is_refused_in_a_sentence() -> None:
    with pytest.raises(SaddlepointError, match=r"cannot be written|could not be written"):
        open_data(np.zeros((4, 3, 8, 8), np.uint8), cache="/proc/nowhere", resolution=4)
