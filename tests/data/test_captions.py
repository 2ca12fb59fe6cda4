"""Captions beside images: all forms, images without one, and tables that cannot be read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from small_images import picture, saved

from saddlepoint.errors import DataError


def _captions(data) -> list[str]:
    kind = data.kinds["text"]
    return [kind.text(torch.from_numpy(row.astype(np.int64))) for row in np.asarray(data.fields["text"])]


@pytest.fixture
def three(folder):
    for seed, name in enumerate(("a.png", "sub/b.png", "c.png")):
        saved(folder / name, picture(seed, (8, 8)))
    return folder


@pytest.mark.parametrize("form", ["csv", "hub", "jsonl", "coco", "txt"])
def test_every_form_says_the_same_and_images_without_a_caption_are_named(opened, three, form):
    said = {"a.png": "a red bird, flying", "sub/b.png": "a blue bird"}
    if form == "csv":
        (three / "captions.csv").write_text('file,caption\na.png,"a red bird, flying"\nb.png,a blue bird\n')
    elif form == "hub":
        (three / "metadata.csv").write_text('file_name,text\na.png,"a red bird, flying"\nsub/b.png,a blue bird\n')
    elif form == "jsonl":
        lines = [json.dumps({"file_name": name, "text": [text, "another"]}) for name, text in said.items()]
        (three / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    elif form == "coco":
        content = {
            "images": [{"id": number, "file_name": name} for number, name in enumerate(said)],
            "annotations": [{"image_id": number, "caption": text} for number, text in enumerate(said.values())],
        }
        (three / "captions_train.json").write_text(json.dumps(content))
    else:
        for name, text in said.items():
            (three / name).with_suffix(".txt").write_text(text + "\n")
    data = opened(data=f"captions:{three}")
    assert _captions(data) == list(said.values())
    assert len(data) == 2
    assert ("c.png", "has no caption") in data.skipped
    assert any("2 captions of 6 words" in note for note in data.notes)
    if form == "jsonl":
        assert "2 further captions of the same images left out" in data.notes


def test_an_image_that_cannot_be_read_takes_its_caption_with_it(opened, three):
    (three / "a.png").write_bytes(b"no image")
    (three / "captions.csv").write_text("file,caption\na.png,first\nb.png,second\nc.png,third\ngone.png,fourth\n")
    data = opened(data=f"captions:{three}")
    assert _captions(data) == ["third", "second"]
    assert ("gone.png", "is named by captions.csv and not there") in data.skipped


def test_a_long_caption_is_cut_and_said_so(opened, three):
    (three / "a.txt").write_text("bird " * 100)
    data = opened(data=f"captions:{three}")
    assert data.kinds["text"].length == 65
    assert "1 caption cut after 64 words and signs" in data.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,words\na.png,bird\n", "no column 'caption'"),
        ("file,caption\na.png,a bird, flying\n", "put captions with commas into quotes"),
        ("file,caption\nz.png,a bird\n", "a caption for none of the images"),
    ],
)
def test_tables_that_say_nothing_are_refused(opened, three, content, message):
    (three / "captions.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        opened(data=f"captions:{three}")


def test_a_folder_without_captions_says_what_to_write(opened, three):
    with pytest.raises(DataError, match=r"put captions\.csv beside the images"):
        opened(data=f"captions:{three}")
    (three / "captions.jsonl").write_text('{"file_name": "a.png"}\n')
    with pytest.raises(DataError, match="lacks a text"):
        opened(data=f"captions:{three}")
