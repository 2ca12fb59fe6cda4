"""predict: boxes come as a list in JSON, as a cell in CSV, and drawn over each image."""

import csv
import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image

import saddlepoint
from saddlepoint.cli import predict
from saddlepoint.data.world.objects import rendered
from saddlepoint.kinds.boxes import Boxes


def test_boxes_are_listed_and_drawn(tmp_path: Path) -> None:
    small: Any = {"queries": 4, "layers": 1, "heads": 2, "width": 8, "hidden": 12, "trunk_width": 4, "halvings": 2}
    run = saddlepoint.train("detr", data="world:objects", out=tmp_path / "run", examples=8, batch=8, **small).folder
    folder = tmp_path / "images"
    folder.mkdir()
    for number, pixels in enumerate(rendered(5000, 32)[0][:2]):
        Image.fromarray(pixels.transpose(1, 2, 0)).save(folder / f"{number}.png")
    for ending in ("json", "csv"):
        assert predict.main([str(run), str(folder), "--out", str(tmp_path / f"found.{ending}"), "--device", "cpu"]) == 0
    rows = json.loads((tmp_path / "found.json").read_text())
    assert [row["image"] for row in rows] == ["0.png", "1.png"]
    assert isinstance(rows[0]["boxes"], list)
    with (tmp_path / "found.csv").open() as file:
        assert [row["count"] for row in csv.DictReader(file)] == [str(len(row["boxes"])) for row in rows]
    assert (tmp_path / "found-files" / "1-boxes.png").is_file()


def test_a_box_is_drawn_where_it_lies() -> None:
    kind = Boxes(1, ("cat",))
    picture = kind.over(Image.new("RGB", (64, 64), "white"), torch.tensor([[0, 1, 0.5, 0.5, 0.5, 0.25]]))
    assert picture.size == (256, 256)
    assert picture.getpixel((64, 128)) != (255, 255, 255)
    assert picture.getpixel((32, 128)) == (255, 255, 255)
