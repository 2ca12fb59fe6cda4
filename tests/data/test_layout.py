"""What folders mean: parts of a set, domains of a translation, numbered chunks, and classes in a person's order."""

from __future__ import annotations

import os

import pytest
from PIL import Image
from small_images import picture, saved

from saddlepoint.data.sources.layout import part_of
from saddlepoint.data.sources.names import in_order, of_system, plain_path, under
from saddlepoint.errors import DataError


@pytest.mark.parametrize(
    ("train", "others"),
    [
        ("train", ("test",)),
        ("training", ("testing", "validation")),
        ("Train", ("Val", "Test")),
        ("train2017", ("val2017",)),
        ("train_images", ("test_images",)),
        ("images_train", ("images_valid",)),
        ("trainset", ("testset",)),
        ("TRAIN", ("eval", "holdout")),
    ],
)
def test_the_training_part_is_taken_and_that_is_said(folder, opened, train, others):
    for number in range(3):
        saved(folder / train / "cat" / f"{number}.png", picture(number))
        saved(folder / train / "dog" / f"{number}.png", picture(number))
    for other in others:
        saved(folder / other / "cat" / "9.png")
    data = opened(data=str(folder))
    assert (len(data), data.classes) == (6, ("cat", "dog"))
    (note,) = (note for note in data.notes if "parts of a set" in note)
    assert note.startswith(f"the folders are parts of a set: {train} with 6 images was taken, not ")
    assert all(f"{other} (1)" in note for other in others)


def test_a_part_without_classes_has_none(folder, opened):
    saved(folder / "set/train/1.png")
    saved(folder / "set/test/2.png")
    saved(folder / "preview.png")
    data = opened(data=str(folder / "set"))
    assert (len(data), data.labels) == (1, None)


def test_images_beside_the_parts_are_left_out_and_counted(folder, opened):
    for name in ("train/1.png", "test/2.png", "preview.png"):
        saved(folder / name)
    data = opened(data=str(folder))
    assert len(data) == 1
    assert any("not test (1), 1 image beside them" in note for note in data.notes)


def test_a_test_folder_beside_classes_is_no_class(folder, opened):
    for name in ("cat/1.png", "dog/2.png", "test/3.png", "val/4.png"):
        saved(folder / name)
    data = opened(data=str(folder))
    assert data.classes == ("cat", "dog")
    assert "test and val with 2 images left out: by name for testing, no class" in data.notes


def test_trains_are_a_class_where_no_other_part_is(folder, opened):
    for name in ("bus/1.png", "train/2.png", "car/3.png"):
        saved(folder / name)
    assert opened(data=str(folder)).classes == ("bus", "car", "train")


@pytest.mark.parametrize("names", [("test",), ("test", "val"), ("testing", "validation"), ("testA", "testB")])
def test_where_only_tests_are_nothing_is_trained_on_them(folder, opened, names):
    for name in names:
        saved(folder / name / "1.png")
    with pytest.raises(DataError, match=r"holds no part to train on: .* kept for testing\. Give the folder that holds"):
        opened(data=str(folder))


def test_two_domains_are_no_classes_and_are_read_as_domains(folder, opened):
    for number, name in enumerate(("trainA", "trainB", "testA", "testB")):
        for index in range(2):
            saved(folder / "maps" / name / f"{index}.png", picture(number))
    with pytest.raises(DataError, match="two domains of images, trainA and trainB, not classes: use --data unpaired:"):
        opened(data=str(folder))
    data = opened(data=f"unpaired:{folder}")
    assert (data.classes, data.labels.tolist()) == (("trainA", "trainB"), [0, 0, 1, 1])
    assert opened(data=f"paired:{folder}").fields["source"].shape == (2, 3, 12, 12)


def test_a_folder_of_two_folders_is_two_domains_where_that_is_asked_for(folder, opened):
    for name in ("horse/1.png", "zebra/2.png"):
        saved(folder / name)
    assert opened(data=f"unpaired:{folder}").classes == ("horse", "zebra")


@pytest.mark.parametrize(
    "names",
    [
        ("00000/img00000000.png", "00001/img00001000.png"),
        ("00000/a.png", "01000/a.png", "02000/a.png"),
        ("part-1/a.png", "part-2/a.png"),
        ("chunk0/a.png", "chunk1/a.png"),
        ("000/000.png", "000/001.png", "001/002.png", "002/003.png"),
    ],
)
def test_numbered_chunks_are_no_classes_and_that_is_said(folder, opened, names):
    for name in names:
        saved(folder / name)
    data = opened(data=str(folder))
    assert (len(data), data.labels) == (len(names), None)
    assert any("are numbered chunks and no classes; if they are, say so in metadata.csv" in n for n in data.notes)


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("0/a.png", "1/a.png", "10/a.png", "2/a.png"), ("0", "1", "2", "10")),
        (("000/1.png", "001/1.png", "002/1.png"), ("000", "001", "002")),
        (("-1/a.png", "0.5/a.png", "-10/a.png"), ("-10", "-1", "0.5")),
        (("a2/x.png", "a10/x.png", "B1/x.png"), ("B1", "a2", "a10")),
        (("001.crow/a.png", "002.owl/a.png"), ("001.crow", "002.owl")),
    ],
)
def test_classes_stand_in_natural_order(folder, opened, names, classes):
    for name in names:
        saved(folder / name)
    data = opened(data=str(folder))
    assert data.classes == classes


def test_the_order_of_classes_holds_for_long_and_odd_numbers():
    assert in_order({"10", "9", "1" * 5000}) == ["9", "10", "1" * 5000]
    assert in_order({"a" + "1" * 5000, "a2", "a02"}) == ["a02", "a2", "a" + "1" * 5000]


def test_a_folder_without_images_is_named(folder, opened):
    saved(folder / "cat/1.png")
    saved(folder / "dog/1.png")
    (folder / "bee").mkdir()
    (folder / "ant" / "deeper").mkdir(parents=True)
    assert "no image in ant and bee: no class" in opened(data=str(folder)).notes


def test_names_that_are_no_utf_8_or_hold_control_characters_are_escaped(folder, opened):
    saved(folder / "plain/1.png")
    odd = os.path.join(os.fsencode(folder), b"\xffcls\x1b")
    os.makedirs(odd)
    for seed in range(2):
        picture(seed).save(os.fsdecode(odd) + f"/{seed}.png")
    with open(odd + b"/\xfe\x07.png", "wb") as file:
        file.write(b"no image")
    data = opened(data=str(folder))
    assert set(data.classes) == {"plain", "\\xffcls\\x1b"}
    assert [name for name, _ in data.skipped] == ["\\xffcls\\x1b/\\xfe\\x07.png"]
    assert str(data.notes + data.classes + data.skipped).isprintable()
    assert opened(data=str(folder)).classes == data.classes  # from the cache


def test_accents_written_in_two_ways_are_one_class_and_capitals_are_noted(folder, opened):
    for name in ("caf\u00e9/1.png", "cafe\u0301/2.png", "Tea/3.png", "tea/4.png"):
        saved(folder / name)
    data = opened(data=str(folder))
    assert data.classes == ("Tea", "caf\u00e9", "tea")
    assert data.labels.tolist().count(1) == 2
    assert "Tea and tea are separate classes" in data.notes
    assert any("some look the same" in note for note in data.notes)


def test_ffhqs_own_tree_has_no_classes_and_one_photograph_counts_once(folder, opened):
    for index in range(4):
        chunk = f"{index // 2 * 1000:05d}"
        saved(folder / f"images1024x1024/{chunk}/{index:05d}.png", picture(index))
        saved(folder / f"thumbnails128x128/{chunk}/{index:05d}.png", picture(index))
    data = opened(data=str(folder))
    assert (len(data), data.labels) == (4, None)
    assert any("in several sizes: images1024x1024 was taken" in note for note in data.notes)


@pytest.mark.parametrize("name", ["@eaDir/a", "x/$RECYCLE.BIN/a", "Thumbs.db", ".AppleDouble/a", "._a.png", "~$a.png"])
def test_what_belongs_to_a_system_is_known_by_name(name):
    assert of_system(name)


@pytest.mark.parametrize("name", ["cat/a.png", "$5 bills/a.png", "@home/a.png", "train/a.png"])
def test_what_belongs_to_a_person_is_not(name):
    assert not of_system(name)


def test_the_parts_of_a_set_are_told_from_words_that_contain_them():
    assert [
        part_of(name) for name in ("trainer", "latest", "valley", "contest", "pretest", "devices", "train_cat")
    ] == [None] * 7


def test_paths_of_tables_stay_in_their_tree():
    assert [under("a", name) for name in ("b.png", "./b.png", "c\\b.png", "../b.png", "../../b.png")] == [
        "a/b.png",
        "a/b.png",
        "a/c/b.png",
        "b.png",
        "../b.png",
    ]
    assert plain_path("C:\\x\\y.png") == "x/y.png"


def test_numbered_classes_that_each_count_their_images_anew_are_classes(folder, opened):
    """The German traffic signs lie so: 00000/00000_00000.ppm, 00001/00000_00000.ppm."""
    for name in ("00000", "00001", "00002"):
        (folder / name).mkdir()
        for track in range(2):
            Image.new("RGB", (8, 8)).save(folder / name / f"00000_{track:05d}.ppm")
    assert opened(data=str(folder)).classes == ("00000", "00001", "00002")
