"""The well-known sets in the form that people have them, by --data-path, and ten broken forms of each kind of file."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from small_images import picture, saved

from saddlepoint.data.open import open_pictures
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.celeba import read_partition
from saddlepoint.data.sources.imagenet import read_annotations, read_words
from saddlepoint.data.sources.named import NAMED
from saddlepoint.errors import DataError, OfflineError

TABLE = "3\nSmiling Young\n000001.jpg -1  1\n000002.jpg  1  1\n000003.jpg  1 -1\n"
PARTS = "000001.jpg 0\n000002.jpg 0\n000003.jpg 2\n"
SYNSETS = ("n01440764", "n02012849", "n03126707")
WORDS = "n01440764\ttench, Tinca tinca\nn02012849\tcrane\nn03126707\tcrane\n"


def pictures(word: str, folder: Path):
    return open_pictures(DataSettings(data=word, data_path=folder))


def celeba(folder: Path, place: str = "img_align_celeba") -> Path:
    for number in (1, 2, 3):
        saved(folder / place / f"{number:06}.jpg", picture(number))
    (folder / "list_attr_celeba.txt").write_text(TABLE)
    (folder / "list_eval_partition.txt").write_text(PARTS)
    return folder


def test_celeba_gives_the_training_part_with_its_attributes(folder: Path, opened) -> None:
    data = opened(data="celeba", data_path=celeba(folder))
    assert data.attributes == ("Smiling", "Young")
    assert data.fields["attributes"].tolist() == [[0, 1], [1, 1]]
    assert any("not test (1)" in note for note in data.notes)


def test_celeba_is_read_from_its_zip_from_kaggle_and_without_tables(folder: Path) -> None:
    inside = celeba(folder) / "img_align_celeba"
    shutil.make_archive(str(inside), "zip", folder, "img_align_celeba")
    plain = pictures("celeba", folder)
    shutil.rmtree(inside)
    packed = pictures("celeba", folder)
    assert list(packed.names) == list(plain.names)
    assert packed.attributes.tolist() == plain.attributes.tolist()
    assert packed.picture(0, 12, False)[0].size == (12, 12)
    kaggle = celeba(folder.parent / "kaggle", "img_align_celeba/img_align_celeba")
    (kaggle / "list_eval_partition.txt").unlink()
    (kaggle / "list_eval_partition.csv").write_text("image_id,partition\n" + PARTS.replace(" ", ","))
    assert len(pictures("celeba", kaggle)) == 2
    for table in kaggle.glob("list_*"):
        table.unlink()
    alone = pictures("celeba", kaggle)
    assert (len(alone), alone.attributes) == (3, None)
    assert any("no list_attr_celeba.txt" in note for note in alone.notes)


def test_celeba_hq_has_its_attributes_and_no_masks(folder: Path) -> None:
    for number in range(3):
        saved(folder / "CelebA-HQ-img" / f"{number}.jpg")
        saved(folder / "CelebAMask-HQ-mask-anno" / "0" / f"{number:05}_hair.png")
    (folder / "CelebAMask-HQ-attribute-anno.txt").write_text("3\nSmiling Young\n0.jpg  1 1\n1.jpg  -1 1\n2.jpg 1 -1\n")
    found = pictures("celeba-hq", folder)
    assert found.attributes.tolist() == [[1, 1], [0, 1], [1, 0]]


def test_the_folders_of_ffhq_are_no_classes(folder: Path) -> None:
    for number in (0, 999, 1000):
        saved(folder / "thumbnails128x128" / f"{number // 1000 * 1000:05}" / f"{number:05}.png")
    assert (len(pictures("ffhq", folder)), pictures("ffhq", folder).labels) == (3, None)


def test_imagenet_takes_train_names_its_classes_and_tells_equal_words_apart(folder: Path) -> None:
    for synset in SYNSETS:
        saved(folder / "ILSVRC/Data/CLS-LOC/train" / synset / f"{synset}_1.JPEG", format="JPEG")
    saved(folder / "ILSVRC/Data/CLS-LOC/val" / "ILSVRC2012_val_00000001.JPEG", format="JPEG")
    (folder / "LOC_synset_mapping.txt").write_text(WORDS.replace("\t", " "))
    found = pictures("imagenet", folder)
    assert found.classes == ("tench", "crane (n02012849)", "crane (n03126707)")
    assert found.labels.tolist() == [0, 1, 2]


def test_tiny_imagenet_has_its_folders_within_and_val_by_its_table(folder: Path) -> None:
    home = folder / "tiny-imagenet-200"
    for synset in SYNSETS[:2]:
        saved(home / "train" / synset / "images" / f"{synset}_0.JPEG", format="JPEG")
    saved(home / "val" / "images" / "val_0.JPEG", format="JPEG")
    (home / "words.txt").write_text(WORDS)
    (home / "val" / "val_annotations.txt").write_text(f"val_0.JPEG\t{SYNSETS[1]}\t0\t32\t44\t62\n")
    assert pictures("tiny-imagenet", folder).classes == ("tench", "crane")
    shutil.rmtree(home / "train")
    only = pictures("tiny-imagenet", folder)
    assert (only.classes, "training on it" in only.notes[0]) == (("crane",), True)


def test_frey_and_toronto_faces(folder: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (7, 28, 20), dtype=np.uint8)
    savemat(folder / "frey_rawface.mat", {"ff": frames.reshape(7, -1).T})
    np.testing.assert_array_equal(pictures("frey", folder).whole()[:, 0], frames)
    faces = np.random.default_rng(1).integers(0, 256, (4, 48, 48), dtype=np.uint8)
    savemat(folder / "TFD_48x48.mat", {"images": faces, "folds": np.array([[0], [1], [2], [3]])})
    np.testing.assert_array_equal(pictures("tfd", folder).whole()[:, 0], faces[:2])


def test_pairs_domains_blur_and_noise(folder: Path, opened) -> None:
    saved(folder / "facades/train/1.jpg", picture(1, (24, 12)))
    pairs = opened(data="facades", data_path=folder / "facades")
    assert set(pairs.fields) == {"source", "target"}
    assert any("from the left half (photograph)" in note for note in pairs.notes)
    for side in "AB":
        saved(folder / "horse2zebra" / f"train{side}" / "1.jpg")
        saved(folder / "horse2zebra" / f"test{side}" / "2.jpg")
    domains = pictures("horse2zebra", folder / "horse2zebra")
    assert (domains.classes, len(domains)) == (("horse", "zebra"), 2)
    for part in ("train", "test"):
        for number, kind in enumerate(("blur", "blur_gamma", "sharp")):
            saved(folder / "GOPRO_Large" / part / "GOPR0372_07_00" / kind / "000047.png", picture(number))
    blurred = opened(data="gopro", data_path=folder / "GOPRO_Large")
    np.testing.assert_array_equal(blurred.fields["source"][0], np.asarray(picture(0)).transpose(2, 0, 1))
    np.testing.assert_array_equal(blurred.fields["target"][0], np.asarray(picture(2)).transpose(2, 0, 1))
    for kind in ("NOISY", "GT"):
        saved(folder / "SIDD" / "0001_001" / f"{kind}_SRGB_010.PNG", format="PNG")
    saved(folder / "SIDD" / "0002_001" / "NOISY_SRGB_010.PNG", format="PNG")
    noisy = pictures("sidd", folder / "SIDD")
    assert (len(noisy), len(noisy.skipped)) == (1, 1)


def encoded(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    picture(seed).save(stream, "WEBP", lossless=True)
    return stream.getvalue()


def database(folder: Path, values: dict[bytes, bytes]) -> Path:
    lmdb = pytest.importorskip("lmdb")
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=2**24) as base, base.begin(write=True) as writing:
        for key, value in values.items():
            writing.put(key, value)
    return folder


def test_lsun_is_read_from_its_databases_and_several_are_classes(folder: Path, opened) -> None:
    database(folder / "bedroom_train_lmdb", {b"a": encoded(1), b"b": b"no image"})
    one = opened(data="lsun", data_path=folder)
    np.testing.assert_array_equal(one.images[0], np.asarray(picture(1)).transpose(2, 0, 1))
    assert [name for name, _ in one.skipped] == ["bedroom_train_lmdb/b"]
    database(folder / "church_outdoor_train_lmdb", {b"c": encoded(2)})
    database(folder / "church_outdoor_val_lmdb", {b"d": encoded(2)})
    several = opened(data="lsun", data_path=folder)
    assert (several.classes, several.labels.tolist()) == (("bedroom", "church outdoor"), [0, 1])


def broken(content: bytes, way: int) -> bytes:
    """Ten ways for a database to arrive broken."""
    rng = np.random.default_rng(way)
    changed = bytearray(content)
    if way < 4:
        return content[: (0, 10, 4096, len(content) // 2)[way]]
    if way == 4:
        return bytes(rng.integers(0, 256, len(content), dtype=np.uint8))
    start, length = ((0, 64), (16, 8), (4096, 64), (20, 4), (8, 16))[way - 5]
    for page in (0, 4096):  # both of its heads
        changed[page + start % 4096 : page + start % 4096 + length] = rng.bytes(length)
    return bytes(changed)


@pytest.mark.parametrize("way", range(10))
def test_a_broken_database_is_refused_in_a_sentence(folder: Path, way: int) -> None:
    file = database(folder / "bedroom_train_lmdb", {str(n).encode(): encoded(n) for n in range(40)}) / "data.mdb"
    file.write_bytes(broken(file.read_bytes(), way))
    with pytest.raises(DataError, match=r"fetch it again"):
        pictures("lsun", folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("image_id,partition\n", "has no rows"),
        ("000001.jpg\n", "line 1 of parts is not FILE PART"),
        ("000001.jpg 0 1\n", "line 1"),
        ("000001.jpg 3\n", "line 1"),
        ("a 0\nb -1\n", "line 2"),
        ("a 0\nb train\n", "line 2"),
        ("a 0\na 1\n", "line 2 of parts contradicts"),
        ('a,0\n"b,1\n', "quotes"),
        ("a,0\nb;1\n", "line 2"),
    ],
)
def test_a_broken_table_of_parts_is_refused_with_the_line(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_partition(text, "parts")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("val_0.JPEG\n", "line 1 of val has no synset"),
        ("val_0.JPEG 12\n", "line 1"),
        ("val_0.JPEG n123\n", "line 1"),
        ("val_0.JPEG n014407641\n", "line 1"),
        ("val_0.JPEG N01440764\n", "line 1"),
        ("a n01440764\nb\n", "line 2"),
        ("a n01440764\na n02012849\n", "line 2 of val contradicts"),
        ("a n01440764\na.png n02012849\n", "contradicts"),
        ("n01440764 a\n", "line 1"),
    ],
)
def test_broken_annotations_are_refused_with_the_line(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_annotations(text, "val")


@pytest.mark.parametrize(
    "text",
    [
        *("tench", "n1 tench", "n01440764", "n01440764 ", "n01440764 ,", "n01440764\t, x"),
        *("\x00", "n01440764tench", "{}", "01440764 tench"),
    ],
)
def test_broken_words_are_refused_with_the_line(text: str) -> None:
    with pytest.raises(DataError, match=r"line 2 of words.txt is not SYNSET WORDS"):
        read_words(f"n01440764 tench\n{text}\n", "words.txt")


@pytest.mark.parametrize("word", ["frey", "tfd"])
def test_arrays_of_another_form_are_refused(folder: Path, word: str) -> None:
    file, name, side = {"frey": ("frey_rawface.mat", "ff", 560), "tfd": ("TFD_48x48.mat", "images", 48)}[word]
    wrong = [
        *(np.zeros((0, 0), np.uint8), np.zeros(3, np.uint8), np.zeros((side, side, side), np.float64)),
        *(np.zeros((5, 48, 47), np.uint8), np.zeros((559, 4), np.uint8), np.zeros((560, 4), np.int16)),
        *(np.array(["text"]), np.zeros((1, 1, 1, 1), np.uint8)),
    ]
    for value in wrong:
        savemat(folder / file, {name: value})
        with pytest.raises(DataError, match="does not hold"):
            pictures(word, folder)
    for content in (b"", b"junk"):
        (folder / file).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            pictures(word, folder)


@pytest.mark.parametrize("word", sorted(set(NAMED) - {"mnist", "fashion-mnist", "cifar10"}))
def test_each_set_names_its_files_where_they_are_not(folder: Path, tmp_path: Path, word: str) -> None:
    with pytest.raises(OfflineError, match="--data-path"):
        open_pictures(DataSettings(data=word))
    with pytest.raises(DataError, match=r"must hold|there\."):
        pictures(word, tmp_path / "nothing")
    with pytest.raises(DataError, match=r"must hold|put |holds no image"):
        pictures(word, folder)
