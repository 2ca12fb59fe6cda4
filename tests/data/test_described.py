"""Descriptions beside the images win over the layout: read, said, counted against the files, and refused by line."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import pytest
from small_images import picture, saved

from saddlepoint.errors import DataError, MissingExtra


def nvidias(path, labels, *, top=""):
    """A zip as NVIDIA's dataset tool writes it: images in chunks of two."""
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(6):
            stream = io.BytesIO()
            picture(index).save(stream, "PNG")
            archive.writestr(f"{top}{index // 2:05d}/img{index:08d}.png", stream.getvalue())
        archive.writestr(f"{top}dataset.json", json.dumps({"labels": labels}))
    return path


def rows(*classes):
    return [[f"{index // 2:05d}/img{index:08d}.png", label] for index, label in enumerate(classes)]


@pytest.mark.parametrize("top", ["", "set/"])
def test_nvidias_labels_are_read_from_a_zip(tmp_path, opened, top):
    data = opened(data=str(nvidias(tmp_path / "a.zip", rows(2, 10, 0, 2, 10, 0), top=top)))
    assert data.classes == ("0", "2", "10")
    assert data.labels.tolist() == [1, 2, 0, 1, 2, 0]
    assert any(note == f"classes of 6 images read from {top}dataset.json" for note in data.notes)
    assert not any("other file" in note for note in data.notes)


def test_null_labels_and_vectors_are_no_classes_and_neither_are_the_chunks(tmp_path, opened):
    for name, labels in (("null", None), ("cameras", rows(*[[0.5] * 25] * 6)), ("empty", [])):
        data = opened(data=str(nvidias(tmp_path / f"{name}.zip", labels)))
        assert (len(data), data.labels) == (6, None)
        assert any("dataset.json" in note for note in data.notes)


def test_nvidias_labels_are_counted_against_the_files(folder, opened):
    for index in range(3):
        saved(folder / f"{index}.png", picture(index))
    (folder / "dataset.json").write_text(json.dumps({"labels": [["0.png", 1], ["1.png", 0], ["gone.png", 5]]}))
    data = opened(data=str(folder))
    assert (data.classes, data.labels.tolist()) == (("0", "1"), [1, 0])
    assert data.skipped == (("2.png", "has no row in dataset.json"),)
    assert "1 row of dataset.json names no file, such as gone.png" in data.notes
    assert "1 image without a row in dataset.json" in data.notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"labels":\n[["a.png", 1],\n}', "line 3 of dataset.json is not JSON"),
        ("", "line 1 of dataset.json is not JSON"),
        ("[1, 2]", 'has no entry "labels"'),
        ('{"name": "mine"}', 'has no entry "labels"'),
        ('{"labels": {"a.png": 1}}', "is no list"),
        ('{"labels": [["a.png", 1], ["a.png"]]}', "row 2 of dataset.json is not of the form"),
        ('{"labels": [["a.png", "cat"]]}', "row 1 of dataset.json gives the class 'cat'"),
        ('{"labels": [["a.png", -1]]}', "gives the class -1"),
        ('{"labels": [["a.png", true]]}', "gives the class True"),
        ('{"labels": [["a.png", 1], ["a.png", 2]]}', "row 2 of dataset.json gives a.png another class"),
        ('{"labels": [["other.png", 1]]}', "has a row for none of the images, such as a.png"),
        ('{"labels": ' + "[" * 100_000, "nests more than"),
        ('{"labels": [["a.png", ' + "9" * 5000 + "]]}", "is not JSON"),
    ],
)
def test_a_dataset_json_that_cannot_be_read_is_refused_by_line_and_mend(folder, opened, text, words):
    saved(folder / "a.png")
    (folder / "dataset.json").write_text(text)
    with pytest.raises(DataError, match=words):
        opened(data=str(folder))


def metadata(folder, text, name="metadata.csv", images=4):
    for index in range(images):
        saved(folder / f"im{index}.png", picture(index))
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder)


TABLE = "file_name,label\n" + "".join(f"im{index}.png,{'cat' if index % 2 else 'dog'}\n" for index in range(4))


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        TABLE.encode("utf-16-le"),
        TABLE.replace("\n", "\r\n").encode(),
        "".join(f'"{line.replace(",", chr(34) + "," + chr(34))}"\n' for line in TABLE.split()).encode(),
        TABLE.replace("label", "class").replace("im", "./im").encode(),
    ],
)
def test_metadata_is_read_however_it_was_exported(folder, opened, content):
    data = opened(data=metadata(folder, content))
    assert (data.classes, data.labels.tolist()) == (("cat", "dog"), [1, 0, 1, 0])
    assert any(note.startswith("4 rows read from metadata.csv: file_name, ") for note in data.notes)


def test_metadata_in_lines_of_json_has_classes_as_words_or_numbers(folder, opened):
    lines = "\n".join(
        json.dumps({"file_name": f"im{i}.png", "label": [10, 9, 9, 10][i], "text": "a"}) for i in range(4)
    )
    data = opened(data=metadata(folder, lines, "metadata.jsonl"))
    assert (data.classes, data.labels.tolist()) == (("9", "10"), [1, 0, 0, 1])
    assert "columns of metadata.jsonl that are not used: text" in data.notes


def test_metadata_wins_over_folders_and_counts_from_its_own(folder, opened):
    for name in ("x/1.png", "x/2.png", "y/1.png"):
        saved(folder / name)
    (folder / "metadata.csv").write_text("file_name,label\nx/1.png,a\nx/2.png,b\ny/1.png,a\n")
    assert opened(data=str(folder)).classes == ("a", "b")
    (folder / "metadata.csv").unlink()
    (folder / "x" / "metadata.csv").write_text("file_name,label\n1.png,c\n2.png,d\n")
    (folder / "y" / "metadata.csv").write_text("file_name,label\n1.png,c\n")
    data = opened(data=str(folder))
    assert (data.classes, data.labels.tolist()) == (("c", "d"), [0, 1, 0])


def test_the_metadata_of_the_training_part_is_read_alone(folder, opened):
    for part in ("train", "test"):
        saved(folder / part / "0.jpg")
        (folder / part / "metadata.jsonl").write_text(json.dumps({"file_name": "0.jpg", "label": part}))
    data = opened(data=str(folder))
    assert (data.classes, len(data)) == (("train",), 1)


def test_a_column_of_parts_chooses_the_rows_to_train_on(folder, opened):
    table = "file_name,label,split\nim0.png,a,train\nim1.png,b,train\nim2.png,a,test\nim3.png,b,validation\n"
    data = opened(data=metadata(folder, table))
    assert (len(data), data.classes) == (2, ("a", "b"))
    assert "the part for training was taken, by metadata.csv, not test (1), validation (1)" in data.notes
    with pytest.raises(DataError, match="has no part to train on"):
        opened(data=metadata(folder, table.replace("train", "test")))


def test_metadata_is_counted_against_the_files(folder, opened):
    data = opened(data=metadata(folder, "file_name,label\nim0.png,a\nim1.png,b\nim2.png,\ngone.png,a\n../im3.png,a\n"))
    assert len(data) == 2
    assert data.skipped == (("im2.png", "has no class in metadata.csv"), ("im3.png", "has no row in metadata.csv"))
    assert "2 rows of metadata.csv name no file, such as gone.png" in data.notes


def test_metadata_without_classes_leaves_the_folders_their_say(folder, opened):
    for name in ("cat/1.png", "dog/1.png"):
        saved(folder / name)
    (folder / "metadata.csv").write_text("file_name,text\ncat/1.png,a cat\n")
    data = opened(data=str(folder))
    assert data.classes == ("cat", "dog")
    assert "columns of metadata.csv that are not used: text" in data.notes
    assert "1 image without a row in metadata.csv" in data.notes


def test_numbers_that_pandas_wrote_beside_empty_cells_are_whole(folder, opened):
    data = opened(data=metadata(folder, "file_name,label\nim0.png,1.0\nim1.png,\nim2.png,0.0\nim3.png,0.0\n"))
    assert data.classes == ("0", "1")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("metadata.csv", "", "metadata.csv is empty"),
        ("metadata.csv", "name,label\nim0.png,a\n", "line 1 of metadata.csv has no column file_name"),
        ("metadata.csv", "file_name,label\nim0.png,a\nim1.png\n", "line 3 of metadata.csv has 1 cell for 2 columns"),
        ("metadata.csv", 'file_name,label\n"im0.png,a\nim1.png,b\n', "line 2 of metadata.csv cannot be read"),
        (
            "metadata.csv",
            "file_name,label\nim0.png,a\nim0.png,b\n",
            "line 3 of metadata.csv gives im0.png another class",
        ),
        ("metadata.csv", "file_name,label,label\nim0.png,a,b\n", "has the column 'label' twice"),
        ("metadata.csv", "file_name,label\n,a\n", "line 2 of metadata.csv names no file"),
        ("metadata.csv", b"file_name,label\nim0.png,\xff\xfe\n", "line 2 of metadata.csv is not UTF-8"),
        ("metadata.csv", "file_name,label\nother.png,a\n", "has a row for none of the images"),
        ("metadata.jsonl", '{"file_name": "im0.png"}\n{"file_name": \n', "line 2 of metadata.jsonl is not JSON"),
        ("metadata.jsonl", '["im0.png"]\n', "line 1 of metadata.jsonl is no object"),
        ("metadata.jsonl", '{"file_name": "im0.png", "label": [1, 2]}\n', "line 1 of metadata.jsonl gives the class"),
        ("metadata.jsonl", '{"label": 1}\n', "line 1 of metadata.jsonl has no column file_name"),
        ("metadata.jsonl", '{"file_name": 5}\n', "line 1 of metadata.jsonl names no file"),
        ("metadata.jsonl", "[" * 100_000, "line 1 of metadata.jsonl is not JSON"),
    ],
)
def test_metadata_that_cannot_be_read_is_refused_by_line(folder, opened, name, text, words):
    with pytest.raises(DataError, match=words):
        opened(data=metadata(folder, text, name))


def test_two_descriptions_of_the_classes_are_refused(folder, opened):
    path = metadata(folder, TABLE)
    (folder / "dataset.json").write_text('{"labels": [["im0.png", 1]]}')
    with pytest.raises(DataError, match=r"is described twice, by .*metadata.csv.* and dataset.json|described twice"):
        opened(data=path)
    (folder / "dataset.json").unlink()
    (folder / "metadata.jsonl").write_text('{"file_name": "im0.png"}')
    with pytest.raises(DataError, match=r"holds both metadata.csv and metadata.jsonl"):
        opened(data=path)


def test_parquet_needs_its_reader_and_says_so(folder, opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"metadata.parquet is read by pyarrow"):
        opened(data=metadata(folder, b"PAR1", "metadata.parquet"))


def test_parquet_is_read_where_its_reader_is(folder, opened):
    parquet = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    stream = io.BytesIO()
    parquet.write_table(pa.table({"file_name": ["im0.png", "im1.png"], "label": [3, 1]}), stream)
    data = opened(data=metadata(folder, stream.getvalue(), "metadata.parquet", images=2))
    assert (data.classes, data.labels.tolist()) == (("1", "3"), [1, 0])
    with pytest.raises(DataError, match=r"metadata.parquet cannot be read"):
        opened(data=metadata(folder, b"PAR1 and no more", "metadata.parquet", images=2))


def test_another_description_is_other_data(folder, opened):
    first = opened(data=metadata(folder, TABLE))
    again = opened(data=metadata(folder, TABLE.replace("cat", "cow")))
    assert again.classes == ("cow", "dog")
    assert first.classes == ("cat", "dog")


def ffhq(folder, *, thumbnails=False):
    entries = {}
    for index in range(4):
        chunk = f"{index // 2 * 1000:05d}/{index:05d}.png"
        forms = {"image": f"images1024x1024/{chunk}", "thumbnail": f"thumbnails128x128/{chunk}"}
        for form, path in forms.items():
            if not thumbnails or form == "thumbnail":
                saved(folder / path, picture(index))
        entries[str(index)] = {
            "category": "training" if index < 3 else "validation",
            **{form: {"file_path": path} for form, path in forms.items()},
        }
    (folder / "ffhq-dataset-v2.json").write_text(json.dumps(entries, indent=1))
    return entries


@pytest.mark.parametrize("thumbnails", [False, True])
def test_ffhqs_description_chooses_its_training_photographs(folder, opened, thumbnails):
    ffhq(folder, thumbnails=thumbnails)
    data = opened(data=str(folder))
    assert (len(data), data.labels) == (3, None)
    assert any(note.startswith("4 photographs described by ffhq-dataset-v2.json") for note in data.notes)
    assert any("not validation (1)" in note for note in data.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "line 1 of ffhq-dataset-v2.json is not JSON"),
        ('{"0": {"category": "training"}}', "entry 0 of ffhq-dataset-v2.json has no"),
        ('{"0": {"image": \n', "line 2 of ffhq-dataset-v2.json is not JSON"),
        ('{"0" 1}', "is not JSON"),
        ('{"0": {"image": {"file_path": "a.png"}} "1": 2}', "is not JSON"),
        ('{"0": ' + "[" * 100_000, "nests more than 64 deep"),
        ('{"0": ' + "[" * 80 + "]" * 80 + "}", "nests more than 64 deep"),
        ('{"0": {"image": {"file_path": ' + "9" * 5000 + "}}}", "is not JSON"),
    ],
)
def test_a_damaged_description_of_ffhq_is_refused(folder, opened, text, words):
    ffhq(folder)
    (folder / "ffhq-dataset-v2.json").write_text(text)
    with pytest.raises(DataError, match=words):
        opened(data=str(folder))


def test_an_attribute_table_in_a_zip_is_read_as_in_a_folder(tmp_path, opened):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for index in range(2):
            stream = io.BytesIO()
            picture(index).save(stream, "PNG")
            archive.writestr(f"faces/{index}.png", stream.getvalue())
        archive.writestr("faces/attributes.csv", 'file;red\n"0.png";1\n"1.png";0\n')
    data = opened(data=str(tmp_path / "a.zip"))
    assert (data.attributes, data.fields["attributes"].tolist()) == (("red",), [[1], [0]])
