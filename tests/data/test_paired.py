"""Pairs: side by side or in two folders, both in one shape, and what is done to one is done to the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_images import picture, saved

from saddlepoint.data.batches import ImageBatch, MaskedBatch, PairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError, DataError


def grey(level: int, size: tuple[int, int] = (8, 8)) -> Image.Image:
    return Image.new("L", size, level)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    made = Image.new("L", (left.width + right.width, left.height))
    made.paste(left)
    made.paste(right, (left.width, 0))
    return made


def test_the_left_half_is_the_source_and_swap_turns_that_round(folder, opened):
    for index in range(3):
        saved(folder / f"{index}.png", beside(grey(10 + index), grey(200 + index)))
    data, turned = (opened(data=f"paired:{folder}", swap=swap) for swap in (False, True))
    assert data.fields["source"].shape == data.fields["target"].shape == (3, 1, 8, 8)
    assert data.fields["source"][:, 0, 0, 0].tolist() == [10, 11, 12]
    assert data.fields["target"][:, 0, 7, 7].tolist() == [200, 201, 202]
    np.testing.assert_array_equal(turned.fields["source"], data.fields["target"])
    assert any("left half" in note for note in data.notes)


def test_each_half_is_made_square_by_itself(folder, opened):
    saved(folder / "wide.png", beside(grey(0, (12, 8)), grey(255, (12, 8))))
    data = opened(data=f"paired:{folder}", resolution=4)
    assert data.fields["source"].max() == 0
    assert data.fields["target"].min() == 255


def test_two_folders_are_matched_by_name_whatever_the_ending(folder, opened):
    saved(folder / "a/one.png", grey(1))
    saved(folder / "a/two.png", grey(2))
    saved(folder / "b/one.bmp", grey(101))
    saved(folder / "b/two.png", grey(102))
    saved(folder / "b/three.png", grey(103))
    data = opened(data=f"paired:{folder}/a,{folder}/b")
    assert data.fields["source"][:, 0, 0, 0].tolist() == [1, 2]
    assert data.fields["target"][:, 0, 0, 0].tolist() == [101, 102]
    assert data.skipped == (("three.png", f"has no partner in {folder}/a"),)


def test_a_damaged_image_takes_its_partner_with_it(folder, opened):
    for name in ("good", "bad"):
        saved(folder / f"a/{name}.png", grey(1))
        saved(folder / f"b/{name}.png", grey(2))
    whole = (folder / "b/bad.png").read_bytes()
    (folder / "b/bad.png").write_bytes(whole[: len(whole) // 2])
    data = opened(data=f"paired:{folder}/a,{folder}/b")
    assert len(data) == 1
    assert dict(data.skipped).keys() == {"bad.png"}


def test_the_two_of_a_pair_may_differ_in_size_where_a_resolution_is_said(folder, opened):
    saved(folder / "a/one.png", grey(1, (16, 16)))
    saved(folder / "b/one.png", grey(2, (9, 8)))
    word = f"paired:{folder}/a,{folder}/b"
    with pytest.raises(DataError, match=r"differ in size \(16x16, 9x8\): use --resolution N"):
        opened(data=word)
    data = opened(data=word, resolution=8)
    assert [data.fields[name].shape for name in ("source", "target")] == [(1, 1, 8, 8)] * 2
    assert [int(data.fields[name].max()) for name in ("source", "target")] == [1, 2]


def test_files_that_differ_in_their_ending_alone_pair_by_whole_name_or_are_named(folder, opened):
    for name in ("1.png", "2.png", "3.png"):
        saved(folder / "a" / name, grey(int(name[0])))
    for level, name in enumerate(("1.bmp", "1.png", "2.bmp", "3.bmp", "3.ppm")):
        saved(folder / "b" / name, grey(100 + level))
    data = opened(data=f"paired:{folder}/a,{folder}/b")
    assert data.fields["source"][:, 0, 0, 0].tolist() == [1, 2]
    assert data.fields["target"][:, 0, 0, 0].tolist() == [101, 102]
    assert {name for name, _ in data.skipped} == {"1.bmp", "3.png", "3.bmp", "3.ppm"}
    assert all("is its partner is not clear" in reason for _, reason in data.skipped)


def test_capitals_accents_and_the_folder_around_all_do_not_part_a_pair(folder, opened):
    saved(folder / "a/left/IMG1.PNG", grey(1))
    saved(folder / "a/left/caf\u00e9.png", grey(2))
    saved(folder / "b/right/img1.png", grey(101))
    saved(folder / "b/right/cafe\u0301.png", grey(102))
    data = opened(data=f"paired:{folder}/a,{folder}/b")
    assert data.fields["source"][:, 0, 0, 0].tolist() == [1, 2]
    assert data.fields["target"][:, 0, 0, 0].tolist() == [101, 102]
    assert data.skipped == ()


def test_a_picture_too_narrow_for_two_is_left_out_and_an_odd_column_is_said(folder, opened):
    saved(folder / "pair.png", grey(1, (17, 8)))
    saved(folder / "thin.png", grey(1, (1, 8)))
    data = opened(data=f"paired:{folder}", resolution=8)
    assert len(data) == 1
    assert data.skipped == (("thin.png", "is 1x8: too narrow to be cut into 2"),)
    assert "1 image had an odd width: the last column of pixels was left out" in data.notes


def test_squares_are_no_pairs_until_that_is_asked_for(folder, opened):
    saved(folder / "one.png", beside(grey(1, (8, 16)), grey(2, (8, 16))))
    with pytest.raises(DataError, match=r"is 16x16, where two images side by side .* paired:FOLDER,FOLDER .* halves:"):
        opened(data=f"paired:{folder}")
    data = opened(data=f"halves:{folder}")
    assert [data.fields[name].shape for name in ("source", "target")] == [(1, 1, 8, 8)] * 2
    saved(folder / "two.png", beside(grey(3), grey(4)))
    mixed = opened(data=f"paired:{folder}", resolution=8)
    assert (len(mixed), mixed.skipped[0][0]) == (1, "one.png")


def test_whatever_goes_wrong_with_one_image_leaves_the_others(folder, opened, monkeypatch):
    for name in ("a", "b", "c"):
        saved(folder / f"{name}.png", beside(grey(1), grey(2)))
    from saddlepoint.data import pack

    really, calls = pack.fitted_to, iter(range(99))

    def broken(image, side, fit):
        if next(calls) == 0:
            raise ZeroDivisionError("division by zero")
        return really(image, side, fit)

    monkeypatch.setattr(pack, "fitted_to", broken)
    monkeypatch.setattr(pack.os, "cpu_count", lambda: 1)
    data = opened(data=f"paired:{folder}")
    assert (len(data), data.skipped) == (2, (("a.png", "could not be worked on: division by zero"),))


def test_a_large_jpeg_and_its_partner_keep_fitting(folder, opened):
    saved(folder / "a/one.jpg", picture(size=(200, 100)))
    saved(folder / "b/one.png", grey(9, (200, 100)))
    data = opened(data=f"paired:{folder}/a,{folder}/b", resolution=8)
    assert data.fields["source"].shape == (1, 3, 8, 8)
    assert data.fields["target"].max() == 9


def test_flips_and_jitter_are_the_same_on_both_of_a_pair():
    image = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    data = Dataset({"source": image, "target": image}, "print", "made")
    plain, changed = (Loader(data, PairedBatch, np.arange(40), flip=on, jitter=3 * on) for on in (False, True))
    batch = changed.read(1, 16)
    assert torch.equal(batch.source, batch.target)
    assert batch.source.shape == (16, 1, 8, 8)
    assert not torch.equal(batch.source, plain.read(1, 16).source)
    assert torch.equal(changed.look(np.arange(5), augmented=False).source, plain.look(np.arange(5)).source)
    whole, parts = changed.read(2, 8), [changed.read(2, 8, part=part, parts=4) for part in range(4)]
    assert torch.equal(whole.source, torch.cat([part.source for part in parts]))


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ("paired:{0}/a,{0}/c", DataError, "no image of .*a has the name of one of .*c"),
        ("paired:{0}/a,{0}/a,{0}/a", ConfigError, "must name two folders"),
        ("unpaired:{0}/a", ConfigError, "unpaired:FOLDER,FOLDER"),
        ("paired:{0}/nothing", ConfigError, "no data set, file or folder is called"),
    ],
)
def test_what_makes_no_pairs_is_refused(folder, opened, words, error, text):
    saved(folder / "a/one.png")
    saved(folder / "c/other.png")
    with pytest.raises(error, match=text):
        opened(data=words.format(folder))


def test_data_of_another_kind_is_refused_with_the_way_to_have_it(folder, opened):
    saved(folder / "one.png", beside(grey(0), grey(1)))
    with pytest.raises(ConfigError, match=r"trains on PairedBatch; digits has no source\. Use --data paired:FOLDER"):
        Loader(opened(data="digits"), PairedBatch, np.arange(10))
    with pytest.raises(ConfigError, match=r"has no image\. Give a folder of images"):
        Loader(opened(data=f"paired:{folder}"), ImageBatch, np.arange(1))
    with pytest.raises(ConfigError, match="has no pairs: leave out --swap"):
        opened(data="digits", swap=True)


def test_a_folder_with_a_comma_in_its_name_is_one_folder(tmp_path: Path, opened):
    saved(tmp_path / "a,b/one.png", beside(grey(0), grey(1)))
    saved(tmp_path / "c/one.png", grey(2))
    assert len(opened(data=f"paired:{tmp_path}/a,b")) == 1
    for word in (f"{tmp_path}/a,b,{tmp_path}/c", f'"{tmp_path}/a,b","{tmp_path}/c"', f'"{tmp_path}/a,b",{tmp_path}/c'):
        assert opened(data=f"unpaired:{word}", resolution=8).classes == ("a,b", "c")
    with pytest.raises(ConfigError, match="the quotes of"):
        opened(data=f'unpaired:"{tmp_path}/a,b,{tmp_path}/c')


def test_commas_that_can_be_read_in_two_ways_need_quotes(tmp_path: Path, opened, monkeypatch):
    for name in ("a", "a,b", "b,c", "c"):
        saved(tmp_path / name / "one.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="can be read in several ways: put the folders into quotes"):
        opened(data="unpaired:a,b,c")
    assert opened(data='unpaired:a,"b,c"').classes == ("a", "b,c")


def test_images_and_masks_of_the_same_names_are_read_together(folder, opened):
    for index in range(3):
        saved(folder / f"photos/{index}.jpg", picture(index, (16, 12)))
        mask = np.zeros((12, 16), np.uint8)
        mask[:, : 4 * index] = 255
        saved(folder / f"masks/{index}.png", Image.fromarray(mask))
    data = opened(data=f"masked:{folder}/photos,{folder}/masks")
    assert (data.fields["image"].shape, data.fields["mask"].shape) == ((3, 3, 12, 12), (3, 1, 12, 12))
    assert data.fields["mask"].mean((1, 2, 3)).tolist() == pytest.approx([0, 2 / 12, 6 / 12])
    batch = Loader(data, MaskedBatch, np.arange(3)).read(0, 3)
    assert batch.mask.unique().tolist() == [0, 1]
    with pytest.raises(ConfigError, match="masked:FOLDER,FOLDER, of images and of masks"):
        opened(data=f"masked:{folder}/photos")
