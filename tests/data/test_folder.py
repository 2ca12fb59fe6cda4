"""A folder of images: what is found, what are the classes, what is skipped and what is refused."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image
from small_images import picture, saved

from saddlepoint.errors import ConfigError, DataError


def test_a_folder_is_read_in_order_of_its_names(folder, opened):
    made = [saved(folder / name, picture(seed)) for seed, name in enumerate(["b.png", "a.png", "C.PNG"])]
    data = opened(data=str(folder))
    assert (data.images.shape, data.images.dtype) == ((3, 3, 12, 12), np.uint8)
    for row, path in enumerate(sorted(made)):
        np.testing.assert_array_equal(data.images[row], np.asarray(Image.open(path)).transpose(2, 0, 1))
    assert data.labels is None
    assert (data.classes, data.notes, data.skipped) == ((), (), ())


def test_sub_folders_are_classes_however_deep_the_images_lie(folder, opened):
    for name in ("cat/1.png", "cat/old/2.png", "dog/3.png"):
        saved(folder / name)
    data = opened(data=str(folder))
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist() == [0, 0, 1]
    assert data.labels.dtype == np.int64


def test_a_folder_that_holds_everything_is_stepped_into(folder, opened):
    for name in ("all/cat/1.png", "all/dog/2.png"):
        saved(folder / name)
    data = opened(data=str(folder))
    assert data.classes == ("cat", "dog")
    assert data.notes == ("all images lie in all: its sub-folders are the classes, if it has any",)


def test_one_sub_folder_alone_is_no_class(folder, opened):
    saved(folder / "pictures" / "1.png")
    assert opened(data=str(folder)).labels is None


def test_loose_images_beside_class_folders_are_refused(folder, opened):
    for name in ("1.png", "cat/2.png", "dog/3.png"):
        saved(folder / name)
    with pytest.raises(
        DataError, match=r"mixes 1 loose image with class folders \(cat and dog\): move the loose images"
    ):
        opened(data=str(folder))


def test_hidden_files_and_what_systems_and_tools_keep_are_passed_over(folder, opened):
    for name in ("cat/a.png", "dog/b.png", "dog/._b.png", ".git/d.png", ".ipynb_checkpoints/e.png", "cat/@eaDir/f.png"):
        saved(folder / name)
    for name in ("@eaDir", "$RECYCLE.BIN", "__MACOSX", "System Volume Information", "lost+found"):
        saved(folder / name / "g.png")
    (folder / "Thumbs.db").write_bytes(b"thumbs")
    data = opened(data=str(folder))
    assert (len(data), data.classes) == (2, ("cat", "dog"))
    passed = "6 folders of a system or a tool not entered ($RECYCLE.BIN, @eaDir, System Volume Information, __MACOSX)"
    assert data.notes == (passed,)


def test_other_files_are_counted_in_a_note(folder, opened):
    saved(folder / "a.png")
    for name in ("labels.csv", "README", "more.csv"):
        (folder / name).write_text("words")
    counted, tables = opened(data=str(folder)).notes
    assert counted == "3 other files left out (.csv, no ending)"
    assert tables.startswith("labels.csv, more.csv are not read: a description of the images is called metadata.csv")


def test_a_truncated_jpeg_and_a_text_called_png_are_skipped_and_named(folder, opened):
    saved(folder / "good.png")
    whole = saved(folder / "cut.jpg", picture(size=(64, 64))).read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "words.png").write_text("not pixels")
    data = opened(data=str(folder), resolution=12)
    assert len(data) == 1
    reasons = dict(data.skipped)
    assert set(reasons) == {"cut.jpg", "words.png"}
    assert "truncated" in reasons["cut.jpg"]
    assert reasons["words.png"] == "not an image of a known kind"


def test_a_class_whose_every_image_is_damaged_is_left_out_and_said(folder, opened):
    for name in ("ant/1.png", "cat/2.png"):
        saved(folder / name)
    (folder / "bee").mkdir()
    (folder / "bee" / "3.png").write_text("not pixels")
    data = opened(data=str(folder))
    assert data.classes == ("ant", "cat")
    assert data.labels.tolist() == [0, 1]
    assert "no usable image of bee: left out" in data.notes


def test_a_folder_where_nothing_is_usable_is_refused_with_a_reason(folder, opened):
    (folder / "a.png").write_text("not pixels")
    with pytest.raises(DataError, match=r"no image of .* is usable: 1 file left out, such as a.png: not an image"):
        opened(data=str(folder))


def test_a_folder_whose_every_image_is_out_of_reach_is_refused_with_a_reason(folder, opened):
    (folder / "a.png").symlink_to(folder / "nowhere.png")
    with pytest.raises(DataError, match=r"a.png: cannot be read: No such file or directory"):
        opened(data=str(folder))


def test_an_empty_folder_is_refused(folder, opened):
    with pytest.raises(DataError, match="holds no image"):
        opened(data=str(folder))


def test_a_broken_link_is_skipped_and_named(folder, opened):
    saved(folder / "a.png")
    (folder / "b.png").symlink_to(folder / "nowhere.png")
    assert opened(data=str(folder)).skipped == (("b.png", "cannot be read: No such file or directory"),)


def test_a_file_without_permission_is_skipped_and_named(folder, opened, monkeypatch):
    saved(folder / "a.png")
    secret = saved(folder / "b.png")
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(secret) and really(path, mode))
    assert opened(data=str(folder)).skipped == (("b.png", "cannot be read: permission denied"),)


def test_a_linked_folder_is_not_entered_and_that_is_said(folder, opened):
    saved(folder / "a.png")
    (folder / "around").symlink_to(folder, target_is_directory=True)
    data = opened(data=str(folder))
    assert len(data) == 1
    assert data.notes == ("1 linked folder not entered",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_called_like_an_image_does_not_stop_the_reading(folder, opened):
    saved(folder / "a.png")
    os.mkfifo(folder / "b.png")
    assert len(opened(data=str(folder))) == 1


def test_images_that_differ_in_size_need_a_resolution(folder, opened):
    saved(folder / "a.png", picture(size=(12, 12)))
    saved(folder / "b.png", picture(size=(16, 12)))
    with pytest.raises(DataError, match=r"differ in size \(12x12, 16x12\): use --resolution N"):
        opened(data=str(folder))
    assert opened(data=str(folder), resolution=8).images.shape == (2, 3, 8, 8)


def test_images_of_one_unequal_size_become_squares_without_a_resolution(folder, opened):
    saved(folder / "a.png", picture(size=(16, 12)))
    assert opened(data=str(folder)).images.shape == (1, 3, 12, 12)
    assert opened(data=str(folder), resize="pad").images.shape == (1, 3, 16, 16)


def test_grey_images_stay_grey_unless_one_has_colours(folder, opened):
    saved(folder / "a.png", picture(mode="L"))
    assert opened(data=str(folder)).images.shape[1] == 1
    saved(folder / "b.png", picture())
    data = opened(data=str(folder))
    assert data.images.shape[1] == 3
    assert data.notes == ("1 image had grey only: repeated in three channels",)
    grey = opened(data=str(folder), channels=1)
    assert grey.images.shape[1] == 1
    assert grey.notes == ("1 image had colours: turned to grey (ITU-R 601 luma)",)


def test_a_picture_of_one_pixel_is_enlarged(folder, opened):
    saved(folder / "a.png", Image.new("RGB", (1, 1), (9, 8, 7)))
    data = opened(data=str(folder), resolution=4)
    assert (data.images[0] == np.array([9, 8, 7])[:, None, None]).all()


def test_a_resolution_under_one_is_refused(folder, opened):
    saved(folder / "a.png")
    with pytest.raises(ConfigError, match="from 1 to 999,999 pixels"):
        opened(data=str(folder), resolution=0)


def test_odd_file_names_are_read(folder, opened):
    for name in ("a b.png", "ü'\".png", "-- x.png"):
        saved(folder / name)
    assert len(opened(data=str(folder))) == 3
