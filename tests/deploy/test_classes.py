"""Classes by name and by number: on the command line, in file names, and in exported files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import conformance
import saddlepoint
from saddlepoint import cli
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.classes import as_stem, class_number
from saddlepoint.deploy.export import facts_of
from saddlepoint.deploy.metadata import read
from saddlepoint.deploy.parts import parts_of
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.label import Label
from saddlepoint.methods.base import Clock


def model(*classes: str) -> Model:
    method = conformance.small("cgan")
    spec = DataSpec.of((1, 8, 8), classes, 9)
    nets = method.networks(spec).eval().requires_grad_(False)
    return Model(method, nets, spec, {"method": "cgan"}, Clock(), Path())


def test_a_class_is_meant_by_its_name_first_and_by_its_number_otherwise() -> None:
    said: list[str] = []
    whole = model("shoe", "0", "hat")
    numbers = {text: class_number(whole, text, said.append) for text in ("shoe", "hat", "0", "2")}
    assert numbers == {"shoe": 0, "hat": 2, "0": 1, "2": 2}
    assert said == ["label 0 is the class that is called '0', which has number 1"]
    assert class_number(whole, None) is None
    assert torch.equal(whole.sample(2, label="hat"), whole.sample(2, label=2))
    assert whole.class_number(0) == 0
    with pytest.raises(CapabilityError, match=r"no class is called 'shoo'; did you mean 'shoe'\?"):
        class_number(whole, "shoo")
    with pytest.raises(CapabilityError, match="the classes are 0 to 2"):
        whole.class_number("7")


def test_exported_files_say_which_number_is_which_class() -> None:
    whole = model("shoe", "hat")
    (part,) = parts_of(whole)
    assert part.inputs["label"] == "[batch], whole numbers from 0 to 1: 0 shoe, 1 hat"
    assert json.loads(facts_of(whole, part)["classes"]) == ["shoe", "hat"]
    assert Label(tuple(map(str, range(10)))).layout == "[batch], whole numbers from 0 to 9"


def test_a_name_becomes_a_part_of_a_file_name_without_what_separates_folders() -> None:
    assert as_stem("sun / moon: 1..2") == "sun_moon_1..2"
    assert as_stem("///") == "_"


def test_the_command_takes_and_shows_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate(("hat", "left shoe")):
        (tmp_path / "data" / name).mkdir(parents=True)
        for index in range(12):
            array = np.full((8, 8), 40 + 150 * number + index, np.uint8)
            Image.fromarray(array).save(tmp_path / "data" / name / f"{index}.png")
    small = {"examples": 8, "batch": 8, "grid_size": 0, "resolution": 8}
    out, cache = tmp_path / "run", tmp_path / "cache"
    run = saddlepoint.train("cgan", str(tmp_path / "data"), out=out, cache=cache, **small).folder
    for words, name in ((("sample",), "sampled/seed-0-label-left_shoe.png"), (("edit", "field"), None)):
        for label in ("left shoe", "1"):
            with pytest.raises(SystemExit) as ended:
                cli.main([*words, str(run), "--label", label, *(["-n", "2"] if name else ["--side", "2"])])
            assert ended.value.code == 0
    with Image.open(run / "sampled/seed-0-label-left_shoe.png") as picture:
        disclosure = read(picture).disclosure
    assert disclosure is not None
    assert (disclosure.settings["label"], disclosure.settings["class"]) == (1, "left shoe")
    first, second = sorted((run / "sampled").glob("*.png"))
    assert first.read_bytes() == second.read_bytes()
