"""A detector: it finds a planted pattern and states its error, finds nothing where there is nothing, and is kept."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.runs import detector


def images(count: int, seed: int, pattern: int = 0) -> np.ndarray:
    """Smooth grey images, with a chequered pattern of so many levels."""
    draw = np.random.default_rng(seed)
    coarse = torch.from_numpy(draw.uniform(40, 210, (count, 1, 4, 4)))
    smooth = torch.nn.functional.interpolate(coarse, size=16, mode="bicubic").numpy()
    noisy = smooth + draw.normal(0, 6, smooth.shape) + pattern * (np.indices((16, 16)).sum(0) % 2 * 2 - 1)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def learned(pattern: int) -> tuple[detector.Detector, list[dict[str, float]]]:
    network = detector.fit(images(300, 0), images(300, 1, pattern), 16, 3_200, 0)
    judge = detector.Detector(network, 1, 16, 0.0)
    threshold = float(np.quantile(judge.scores(images(200, 2)), 0.95))
    return judge, detector.errors_of(judge, threshold, images(200, 3), images(200, 4, pattern))


def test_a_planted_pattern_is_found_and_the_error_is_stated_for_spoilt_images_too() -> None:
    _, rows = learned(14)
    assert [row["name"] for row in rows] == list(detector.WAYS)
    plain = rows[0]
    assert plain["area"] > 0.97
    assert plain["real_called_generated"] < 0.12
    assert plain["generated_missed"] < 0.3
    for row in rows:
        assert row["real_called_generated"] < row["real_called_generated_at_most"] <= 1
    assert rows[0]["area"] >= rows[3]["area"]  # halving takes the pattern away


def test_where_there_is_nothing_to_tell_apart_the_error_says_so() -> None:
    _, rows = learned(0)
    assert rows[0]["area"] == pytest.approx(0.5, abs=4 * rows[0]["area_error"] + 0.02)
    assert rows[0]["generated_missed"] > 0.8


def test_it_is_learnt_kept_and_used_by_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"examples": 32, "batch": 32, "grid_size": 0, "device": "cpu", "held_out": 0.1}
    run = saddlepoint.train("gan", "digits", out=tmp_path / "gan", **settings).folder
    main = importlib.import_module("saddlepoint.cli.detect").main
    out = tmp_path / "detector"
    assert main(["learn", str(run), "--shown", "640", "--out", str(out), "--device", "cpu"]) == 0
    facts = json.loads((out / detector.FACTS).read_text())
    assert facts["errors"][0]["images"] == 90
    assert main([]) == 0
    (tmp_path / "photos").mkdir()
    for number, size in enumerate([(8, 8), (30, 20), (5, 4)]):
        Image.new("RGB", size, (number * 60, 9, 9)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "photos" / "broken.png").write_bytes(b"x")
    table = tmp_path / "table.csv"
    assert main(["check", str(out), str(tmp_path / "photos"), "--out", str(table)]) == 0
    text = capsys.readouterr().out
    assert "of 3 images called generated" in text
    assert "left out:" in text
    assert table.read_text().count("\n") == 4
    for spoil in (b"{}", b'{"channels": 2}', b'{"channels": 1, "side": 9999, "threshold": 0}'):
        (out / detector.FACTS).write_bytes(spoil)
        with pytest.raises(DataError, match="learn it again"):
            detector.opened(out)
    with pytest.raises(DataError, match="is not the folder of a detector"):
        detector.opened(tmp_path)
    with pytest.raises(ConfigError, match="false-alarms"):
        detector.learn(saddlepoint.load(run), false_alarms=0.9)
