"""Boxes beside images: both forms, each way of resizing, and rows that cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.data.sources.boxes import boxes_fitted
from saddlepoint.errors import DataError

HEAD = "file,class,left,top,width,height\n"


def test_a_table_and_a_description_of_coco_say_the_same(opened, folder, tmp_path):
    for seed, name in enumerate(("a.png", "sub/b.png", "c.png")):
        saved(folder / name, picture(seed, (8, 8)))
    (folder / "boxes.csv").write_text(HEAD + "a.png,dog,0,0,4,8\na.png,cat,4,2,4,4\nb.png,cat,-2,6,4,4\n")
    data = opened(data=f"boxes:{folder}")
    assert data.kinds["boxes"].names == ("cat", "dog")
    assert data.fields["boxes"].shape == (3, 2, 6)
    assert data.fields["boxes"][0].tolist() == [[1, 1, 0.25, 0.5, 0.5, 1], [0, 1, 0.75, 0.5, 0.5, 0.5]]
    assert (data.fields["boxes"][1, :, 0] == -1).all()  # c.png
    assert data.fields["boxes"][2, 0].tolist() == [0, 1, 0.125, 0.875, 0.25, 0.25]
    assert {"3 boxes of 2 classes from boxes.csv", "1 box cut at the edge of the image"} <= set(data.notes)
    boxes = [[1, 7, [0, 0, 4, 8]], [1, 3, [4, 2, 4, 4]], [2, 3, [-2, 6, 4, 4]]]
    content = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [{"image_id": i, "category_id": c, "bbox": b} for i, c, b in boxes],
    }
    (folder / "boxes.csv").unlink()
    (folder / "instances.json").write_text(json.dumps(content))
    np.testing.assert_array_equal(opened(data=f"boxes:{folder}").fields["boxes"], data.fields["boxes"])


@pytest.mark.parametrize(
    ("fit", "expected"),
    [("stretch", [0.5, 0.5, 0.25, 1.0]), ("crop", [0.5, 0.5, 0.5, 1.0]), ("pad", [0.5, 0.45, 0.25, 0.5])],
)
def test_boxes_follow_their_image(fit, expected):
    boxes = np.array([[[0, 1, 20, 10, 10, 20], [0, 1, 2, 10, 4, 4], [-1, 0, 40, 20, 0, 0]]], np.float32)
    fitted = boxes_fitted(boxes, (10, 10), fit)
    assert fitted[0, 0, 2:].tolist() == pytest.approx(expected)
    assert (fitted[0, 1, 0] == -1) == (fit == "crop")  # it lies in what is cut off


def test_boxes_outside_and_rows_that_are_none_are_named(opened, folder):
    saved(folder / "a.png", picture(0, (8, 8)))
    (folder / "boxes.csv").write_text(HEAD + "a.png,dog,20,0,4,8\na.png,dog,0,0,4,4\ngone.png,dog,0,0,1,1\n")
    data = opened(data=f"boxes:{folder}")
    assert ("boxes.csv, line 2", "has a box outside its image, which is 8x8, or without an area") in data.skipped
    assert ("gone.png", "is named by boxes.csv and not there") in data.skipped
    (folder / "boxes.csv").write_text(HEAD + "a.png,dog,0,zero,4,8\n")
    with pytest.raises(DataError, match="line 2: left, top, width and height must be four numbers"):
        opened(data=f"boxes:{folder}")
    (folder / "boxes.csv").write_text("file,class,left,top,right,bottom\na.png,dog,0,0,4,8\n")
    with pytest.raises(DataError, match="has no column 'width'"):
        opened(data=f"boxes:{folder}")
    (folder / "boxes.csv").unlink()
    with pytest.raises(DataError, match=r"put boxes\.csv beside the images"):
        opened(data=f"boxes:{folder}")
