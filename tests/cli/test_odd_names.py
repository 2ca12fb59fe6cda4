"""Names that are no UTF-8, or that a terminal would obey: through training, report, sample, bundle and card."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint import cli

FOLDER, CLASS, FILE = b"data\xff\x1b[31m", b"\xfecls\x07", b"\xfd\n.png"


@pytest.fixture
def odd(tmp_path: Path) -> str:
    """A folder, a class and a damaged file with such names."""
    place = os.path.join(os.fsencode(tmp_path), FOLDER)
    rng = np.random.default_rng(0)
    for name in (CLASS, b"plain"):
        os.makedirs(os.path.join(place, name))
        for index in range(8):
            image = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            image.save(os.fsdecode(os.path.join(place, name)) + f"/{index}.png")
    with open(os.path.join(place, CLASS, FILE), "wb") as file:
        file.write(b"no image")
    return os.fsdecode(place)


def saddle(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return int(str(ended.value.code))


def test_no_odd_name_stops_or_reaches_anything_raw(
    odd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    small = ["--batch", "4", "--examples", "8", "--grid-size", "4"]
    assert saddle("train", "cgan", "--data", odd, *small, "--out", run) == 0
    assert saddle("report", run) == 0
    assert saddle("sample", run, "-n", "2", "--label", "1") == 0
    assert saddle("export", run, "--to", "bundle", "-o", bundle) == 0
    assert saddle("train", "cgan", "--data", odd + "/gone", *small, "--out", tmp_path / "other") == 2
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert set(facts["dataset"]["classes"]) == {"\\xfecls\\x07", "plain"}
    assert facts["dataset"]["skipped"][0][0] == "\\xfecls\\x07/\\xfd\\n.png"
    texts = [
        path for path in (*run.rglob("*"), *bundle.rglob("*")) if path.suffix in (".md", ".html", ".json", ".jsonl")
    ]
    shown = [*capsys.readouterr(), *(path.read_text(encoding="utf-8") for path in texts)]
    assert len(texts) > 4
    for text in shown:
        assert not any(character in text for character in "\x1b\x07\udcff\udcfe\udcfd")
