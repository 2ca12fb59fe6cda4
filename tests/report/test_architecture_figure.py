"""The figure of a run's networks on its page."""

import json
from pathlib import Path

import torch
from torch import nn

from saddlepoint.report.architecture import HEIGHT, WIDTH, described, figures
from saddlepoint.report.page import write_report


def test_each_layer_with_parameters_is_a_bar_as_high_as_it_is_large(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 4), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    rows = described(network)
    assert rows[0] == ["0", "Conv2d", "8x1x4x4 8", 136]
    assert [row[1] for row in rows] == ["Conv2d", "BatchNorm2d", "Linear"]
    entry = {"generator": {"parameters": 170, "class": "Sequential", "layers": json.loads(json.dumps(rows))}}
    (drawn,) = figures({**entry, "critic": {"parameters": 3}})
    assert [layer.colour for layer in drawn.layers] == [1, 3, 2]
    assert drawn.layers[0].height == HEIGHT > drawn.layers[1].height
    assert drawn.layers[-1].x + drawn.layers[-1].width <= WIDTH
    (tmp_path / "run.json").write_text(json.dumps({"method": "dcgan", "networks": entry}))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert page.count("<rect") == 3
    assert "0: Conv2d 8x1x4x4 8, 136 parameters" in page


def test_a_run_of_an_earlier_release_has_no_figure(tmp_path: Path) -> None:
    assert figures({"generator": {"parameters": 3}}) == []
    assert described(torch.nn.ReLU()) == []
