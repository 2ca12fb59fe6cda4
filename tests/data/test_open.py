"""Words, paths and addresses: each opens what it names, and a slip is answered with the nearest right one."""

from __future__ import annotations

import numpy as np
import pytest
from small_images import saved

from saddlepoint.data.batches import LabelledBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import anchored, places
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import images
from saddlepoint.errors import ConfigError, DataError


def test_digits_need_no_download_and_keep_their_size(opened):
    data = opened(data="digits")
    assert (data.images.shape, data.images.dtype) == ((1797, 1, 8, 8), np.uint8)
    assert (data.images.min(), data.images.max()) == (0, 255)
    assert np.bincount(data.labels).min() > 170
    assert data.classes == tuple("0123456789")


def test_digits_are_enlarged_and_that_is_said(opened):
    data = opened(data="digits", resolution=16)
    assert data.images.shape == (1797, 1, 16, 16)
    assert data.notes == ("1,797 images had fewer pixels than asked: enlarged with a bicubic filter",)


@pytest.mark.parametrize(
    ("word", "axes", "classes"), [("line", 1, 4), ("ring8", 2, 8), ("grid25", 2, 25), ("swissroll", 2, 0)]
)
def test_point_worlds_are_float_points_with_their_modes_as_classes(opened, word, axes, classes):
    data = opened(data=f"world:{word}")
    assert (data.images.shape, data.images.dtype) == ((100_000, axes), np.float32)
    assert len(data.classes) == classes
    assert (data.labels is None) == (classes == 0)
    assert opened(data=f"world:{word}").fingerprint == data.fingerprint


def test_points_have_no_resolution(opened):
    with pytest.raises(ConfigError, match="has points, not images: leave out --resolution"):
        opened(data="world:ring8", resolution=32)


def test_shapes_are_labelled_images_at_the_asked_resolution(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 40)
    data = opened(data="world:shapes")
    assert (data.images.shape, data.classes[0]) == ((40, 3, 32, 32), "circle")
    assert opened(data="world:shapes", resolution=16, channels=1).images.shape == (40, 1, 16, 16)


def test_many_large_shapes_are_packed_to_the_same_pixels_as_few_in_memory(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 40)
    whole = opened(data="world:shapes", resolution=24)
    monkeypatch.setattr(images, "_SMALL", 1)
    packed = opened(data="world:shapes", resolution=24)
    assert isinstance(packed.images, np.memmap)
    assert packed.fingerprint == whole.fingerprint


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("fashon-mnist", "did you mean 'fashion-mnist'"),
        ("digit", "did you mean 'digits'"),
        ("world:rng8", "did you mean 'world:ring8'"),
        ("wrld:ring8", "did you mean 'world:ring8'"),
        ("/no/such/folder", r"no data set, file or folder is called '/no/such/folder'\. Give a folder"),
        ("", r"no data set, file or folder is called ''\. Give a folder"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_right_word(opened, word, words):
    with pytest.raises(ConfigError, match=words):
        opened(data=word)


def test_a_misspelt_folder_is_answered_with_its_neighbour(folder, opened):
    with pytest.raises(ConfigError, match="did you mean 'images'"):
        opened(data=str(folder.with_name("imges")))


def test_a_path_to_bring_goes_only_with_a_set_that_takes_one(folder, opened):
    with pytest.raises(ConfigError, match="--data-path goes with"):
        opened(data="digits", data_path=folder)


def test_a_folder_that_cannot_be_listed_is_refused_in_words(folder, opened, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "iterdir", closed)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        opened(data=str(folder))


def test_a_file_of_another_kind_is_refused(folder, opened):
    for name in ("words.txt", "one.png"):
        saved(folder / "one.png")
        (folder / "words.txt").write_text("words")
        with pytest.raises(DataError, match="is no folder, zip, IDX file or CIFAR-10 batch"):
            opened(data=str(folder / name))


def test_packed_images_go_through_the_loader(folder, opened):
    for name in ("cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png"):
        saved(folder / name)
    data = opened(data=str(folder), resolution=8)
    batch = Loader(data, LabelledBatch, np.arange(4)).read(0, 4)
    assert tuple(batch.image.shape) == (4, 3, 8, 8)
    assert -1 <= batch.image.min() <= batch.image.max() <= 1


@pytest.mark.parametrize("kind", ["unpaired", "paired", "halves", "volumes", "scene"])
def test_whole_paths_keep_what_a_word_means_in_any_folder(tmp_path, monkeypatch, kind):
    (tmp_path / "a,b").mkdir()
    (tmp_path / "c").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ["a,b", "c"] if kind in ("unpaired", "paired") else ["a,b"]
    anchored_word = anchored(DataSettings(data=f"{kind}:{','.join(words)}")).data
    monkeypatch.chdir("/")
    _, _, rest = anchored_word.partition(":")
    assert places(rest, anchored_word) == [str(tmp_path / word) for word in words]
