"""Texts from files: how they are cut, that nothing is lost, and that bad files and rows are left out and named."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import TextBatch, TextPairBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.sources import texts
from saddlepoint.errors import ConfigError, DataError

TEXT = "the cat sat on the mat.\nthe dog — a “good” one — slept.\n" * 8


def read(data) -> list[str]:
    return [data.main.text(torch.from_numpy(np.asarray(row, np.int64))) for row in data.examples]


@pytest.mark.parametrize("way", ["characters", "words", "bpe"])
def test_documents_are_joined_and_cut_and_their_text_comes_back(folder, opened, way):
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (folder / "sub").mkdir()
    (folder / "sub/b.md").write_bytes(b"\xef\xbb\xbfsecond\r\nfile")
    data = opened(data=f"text:{folder}", tokens=way, window=8)
    numbers = torch.from_numpy(np.asarray(data.examples, np.int64).reshape(-1))
    assert data.main.text(numbers) == TEXT[: len(data.main.text(numbers))]
    assert len(data.main.text(numbers)) > len(TEXT) - 30
    assert any("cut into windows of 8" in note for note in data.notes)
    batch = Loader(data, TextBatch, np.arange(len(data))).read(0, 4)
    assert (batch.text.dtype, batch.text.shape) == (torch.int64, (4, 8))


def test_lines_and_rows_are_examples_of_their_own(folder, opened):
    (folder / "a.txt").write_text("one\n\ntwo\n", "utf-8")
    (folder / "b.jsonl").write_text('{"text": "three\\nlines"}\n', "utf-8")
    (folder / "c.csv").write_text('id;text\n1;"four; five"\n', "utf-8")
    assert sorted(read(opened(data=f"lines:{folder}"))) == ["four; five", "one", "three\nlines", "two"]


def test_pairs_have_a_tokenizer_for_each_side(folder, opened):
    (folder / "a.jsonl").write_text('{"source": "ab", "target": "12"}\n{"source": "b", "target": "3"}\n', "utf-8")
    (folder / "b.tsv").write_text("aa\t21\nb a\t4\n", "utf-8")
    data = opened(data=f"textpairs:{folder}")
    batch = Loader(data, TextPairBatch, np.arange(4)).look(np.arange(4)).tensors()
    pairs = {tuple(data.kinds[name].text(batch[name][row]) for name in batch) for row in range(4)}
    assert pairs == {("ab", "12"), ("b", "3"), ("aa", "21"), ("b a", "4")}
    assert "1" not in data.kinds["source"].pieces


def test_a_vocabulary_keeps_the_most_frequent_and_long_texts_are_left_out(folder, opened):
    (folder / "a.txt").write_text("aaaa bbb cc\nd\n" + "a" * 50 + "\n", "utf-8")
    data = opened(data=f"lines:{folder}", vocabulary=4, window=20)
    assert data.main.pieces[2:] == ("a", "b")
    assert data.skipped == (("1 text", "longer than 20 pieces"),)
    assert read(data)[0].startswith("aaaa�bbb")
    with pytest.raises(ConfigError, match="vocabulary of this model has no character 'z'"):
        data.main.parse("az")
    with pytest.raises(ConfigError, match="the text has 21 characters; this model takes 20"):
        data.main.parse("a" * 21)


def test_a_single_file_and_a_zip_are_read_in_place_and_packed_once(tmp_path, opened, monkeypatch):
    (tmp_path / "book.txt").write_text(TEXT, "utf-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../book.txt", TEXT)  # a name that leads out: it is read, and nothing is unpacked
    one, two = (opened(data=f"text:{tmp_path}/{name}", window=16) for name in ("book.txt", "a.zip"))
    assert (np.asarray(one.examples) == np.asarray(two.examples)).all()
    assert not (tmp_path.parent / "book.txt").exists()
    monkeypatch.setattr(texts, "read_text", None)
    again = opened(data=f"text:{tmp_path}/book.txt", window=16)
    assert again.fingerprint == one.fingerprint


BAD = {
    "empty.txt": (b"", "is empty"),
    "blank.txt": (b" \n\n ", "is empty"),
    "latin.txt": ("gar\u00e7on".encode("latin-1"), "is not UTF-8"),
    "cut.txt": ("naïve café ☕".encode()[:-1], "is not UTF-8"),
    "binary.txt": (b"text\0\0\0\0more and more and more and more", "zero bytes"),
    "image.txt": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not UTF-8"),
    "none.jsonl": (b'{"words": "a"}\n[1, 2]\n', "has no row that can be used; line 1: has no text called 'text'"),
    "deep.jsonl": (b"[" * 100_000 + b"\n", "has no row that can be used"),
    "columns.csv": (b"a,b\n1,2\n", "has no column called text"),
    "quotes.csv": (b'text\n"a\n', "cannot be read"),
    "head.csv": (b"text\n", "has no row"),
}


def test_bad_files_are_left_out_and_named_within_bounded_memory(folder, opened, monkeypatch):
    (folder / "good.txt").write_text(TEXT, "utf-8")
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(3 * 2**30)  # takes no room on the disk
    tracemalloc.start()
    data = opened(data=f"text:{folder}", window=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reasons = dict(data.skipped)
    assert reasons.pop("huge.txt") == "has 3,072 MB, more than 256"
    assert reasons.keys() == BAD.keys()
    for name, (_, words) in BAD.items():
        assert words in reasons[name], (name, reasons[name])
    assert "".join(read(data)).startswith(TEXT[:60])
    assert peak < 50 * 2**20


def test_bad_rows_are_left_out_and_named(folder, opened):
    rows = [json.dumps({"source": "a", "target": "1"})] * 3
    rows += ["{broken", '{"source": "a"}', '{"source": 3, "target": "x"}', '{"source": "", "target": "x"}', "[]", "NaN"]
    (folder / "a.jsonl").write_text("\n".join(rows), "utf-8")
    (folder / "b.csv").write_text("source,target\na,1\na\na,b,c\n,x\n", "utf-8")
    data = opened(data=f"textpairs:{folder}")
    assert len(data) == 4
    assert [name for name, _ in data.skipped] == [f"a.jsonl, line {n}" for n in range(4, 10)] + [
        f"b.csv, line {n}" for n in (3, 4, 5)
    ]
    assert all(words for _, words in data.skipped)


def test_what_cannot_be_text_is_refused_in_a_sentence(folder, opened):
    with pytest.raises(DataError, match="holds no file of a kind that is read"):
        opened(data=f"text:{folder}")
    (folder / "a.txt").write_bytes(b"\xff\xff")
    with pytest.raises(DataError, match=r"none of the 1 file of .* is usable; a.txt: line 1 of a.txt is not UTF-8"):
        opened(data=f"text:{folder}")
    for settings, words in (
        ({"data": f"text:{folder}/gone"}, "must name a file, a folder or a zip"),
        ({"data": f"text:{folder}", "resolution": 8}, "leave out --resolution"),
        ({"data": f"text:{folder}", "window": 100_000}, "texts have at most 65,536"),
        ({"data": f"series:{folder}", "tokens": "words"}, "leave out --tokens"),
        ({"data": f"text:{folder}", "data_path": Path("x")}, "--data-path goes with"),
    ):
        with pytest.raises(ConfigError, match=words):
            opened(**settings)


def test_a_pack_whose_byte_was_flipped_is_not_trained_on(folder, tmp_path, opened, monkeypatch):
    from saddlepoint.data import pack_rows

    (folder / "a.txt").write_text(TEXT, "utf-8")
    data = opened(data=f"text:{folder}", window=8)
    (path,) = (tmp_path / "cache").rglob("text.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    del data
    path.write_bytes(content)
    monkeypatch.setattr(pack_rows, "_checked", set())
    with pytest.raises(DataError, match="is damaged"):
        opened(data=f"text:{folder}", window=8)
