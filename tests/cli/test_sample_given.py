"""sample --given: conditions of a model by name, read by their kinds; the same from Python."""

import importlib
from pathlib import Path

import pytest
import torch

import saddlepoint
from saddlepoint.errors import CapabilityError, ConfigError, ShapeError


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = {"examples": 20, "batch": 10, "generator_width": 4, "critic_width": 4, "latent": 4}
    return saddlepoint.train("cgan", data="digits", out=tmp_path_factory.mktemp("cgan"), **small).folder


def sample(*arguments: object) -> int:
    code: int = importlib.import_module("saddlepoint.cli.sample").main([str(one) for one in arguments])
    return code


def test_a_given_label_makes_the_bytes_that_label_makes(digits: Path, tmp_path: Path) -> None:
    small = ("-n", 3, "--device", "cpu")
    assert sample(digits, *small, "--label", 3, "--out", tmp_path / "label.png") == 0
    assert sample(digits, *small, "--given", "label=3", "--out", tmp_path / "given.png") == 0
    assert (tmp_path / "label.png").read_bytes() == (tmp_path / "given.png").read_bytes()


def test_conditions_that_cannot_be_are_refused(digits: Path, tmp_path: Path) -> None:
    bad = [
        (("--given", "label"), ConfigError, "NAME=VALUE"),
        (("--given", "label=3", "--given", "label=4"), ConfigError, "twice"),
        (("--given", "label=3", "--label", "3"), ConfigError, "the same"),
        (("--given", "attributes=red"), CapabilityError, "takes no 'attributes': it takes label"),
        (("--given", "attributes=red", "--interpolate", "line"), ConfigError, "label alone"),
    ]
    for arguments, error, words in bad:
        with pytest.raises(error, match=words):
            sample(digits, "-n", 2, *arguments, "--out", tmp_path / "none.png", "--device", "cpu")
    assert not list(tmp_path.iterdir())


def test_python_takes_texts_and_tensors_for_all_or_for_each(digits: Path) -> None:
    model = saddlepoint.load(digits)
    named = model.sample(2, label=1)
    assert torch.equal(named, model.sample(2, given={"label": "1"}))
    assert torch.equal(named, model.sample(2, given={"label": torch.tensor([1, 1])}))
    with pytest.raises(ShapeError, match=r"label is \[3\]"):
        model.sample(2, given={"label": torch.zeros(3, dtype=torch.long)})
    for label in (torch.tensor(99), torch.tensor(-1), torch.tensor(0.5)):
        with pytest.raises(ConfigError, match="labels are"):
            model.sample(2, given={"label": label})
    with pytest.raises(ConfigError, match="no label 99"):
        model.sample(2, given={"label": "99"})
