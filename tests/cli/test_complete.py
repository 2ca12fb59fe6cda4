"""sample --given image=: the rest of an image whose other part is known, on the command line and from Python."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.mask import Mask


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saddlepoint.train("fvbn", data="digits", out=tmp_path_factory.mktemp("fvbn"), examples=64, batch=32).folder


def sample(*arguments: object) -> int:
    code: int = importlib.import_module("saddlepoint.cli.sample").main([str(one) for one in arguments])
    return code


def made(run: Path, out: Path, *given: str) -> np.ndarray:
    """Three images as bytes, [3, 8, 8]."""
    words = [word for entry in given for word in ("--given", entry)]
    assert sample(run, "-n", 3, "--device", "cpu", "--single", "--out", out, *words) == 0
    return np.stack([np.array(Image.open(path)) for path in sorted(out.glob("*.png"))])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(path)
    return path


def test_the_known_part_stays_and_the_rest_is_drawn(digits: Path, photo: Path, tmp_path: Path) -> None:
    free = made(digits, tmp_path / "free")
    upper = made(digits, tmp_path / "upper", f"image={photo}")
    assert (upper[:, :4] == 255).all()
    assert not (upper[:, 4:] == 255).all()
    left = made(digits, tmp_path / "left", f"image={photo}", "mask=left")
    assert (left[:, :, :4] == 255).all()
    assert not np.array_equal(free, left)


def test_transparent_pixels_are_unknown(digits: Path, tmp_path: Path) -> None:
    layers = np.full((8, 8, 4), 255, np.uint8)
    layers[:6, :, 3] = 0
    Image.fromarray(layers).save(tmp_path / "hole.png")
    assert (made(digits, tmp_path / "out", f"image={tmp_path / 'hole.png'}")[:, 6:] == 255).all()


def test_python_completes_with_tensors_and_words(digits: Path) -> None:
    model, image = saddlepoint.load(digits), torch.ones(1, 8, 8)
    images = model.sample(4, given={"image": image, "mask": "lower"})
    assert (images[:, :, 4:] == 1).all()
    assert torch.equal(images, model.sample(4, given={"image": image, "mask": Mask(8, 8).parse("lower")}))
    cold = model.sample(4, temperature=0)
    assert torch.equal(cold[:1].expand(4, -1, -1, -1), cold)


def test_what_cannot_be_completed_is_refused(digits: Path, photo: Path, tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "large.png")
    bad = [
        (("mask=upper",), CapabilityError, "give the image as well"),
        ((f"image={photo}", "mask=middle"), ConfigError, "is no mask: give upper, lower"),
        ((f"image={photo}", f"mask={tmp_path / 'large.png'}"), ConfigError, "9x9 pixels; give a mask of 8x8"),
        (("image=nowhere.png",), ConfigError, "cannot be read as a picture"),
    ]
    for given, error, words in bad:
        with pytest.raises(error, match=words):
            made(digits, tmp_path / "none", *given)
    with pytest.raises(ConfigError, match="must be 0 or more"):
        sample(digits, "--temperature", "-1")
