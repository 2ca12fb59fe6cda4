"""Images that are read and written in rows: the same pixels as of whole ones, and no half file anywhere."""

from __future__ import annotations

import builtins
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.large import LargeImage
from saddlepoint.deploy.large import translate_large
from saddlepoint.deploy.metadata import Disclosure, read
from saddlepoint.errors import ConfigError, MissingExtra, RunError

pytest.importorskip("pyvips")
DISCLOSURE = Disclosure("modified", "tester", "1", {"seed": 3})


def made(path: Path, mode: str = "RGB", size: tuple[int, int] = (70, 50), **settings: object) -> np.ndarray:
    """A noise image in a file, and its pixels."""
    depth = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], depth), np.uint8)
    Image.fromarray(pixels.squeeze(2) if depth == 1 else pixels, mode if depth in (2, 4) else None).save(
        path, **settings
    )
    return pixels


def unchanged(windows: Tensor) -> Tensor:
    return windows


def written(given: Path, target: Path, channels: int = 3, overlap: int | None = None) -> None:
    translate_large(LargeImage(given, channels), target, unchanged, 16, overlap, DISCLOSURE)


@pytest.mark.parametrize("ending", [".png", ".tif", ".TIFF"])
@pytest.mark.parametrize("overlap", [None, 0, 12])
def test_a_work_that_changes_nothing_gives_the_file_back_to_the_byte(tmp_path, ending, overlap) -> None:
    pixels, target = made(tmp_path / "in.png"), tmp_path / f"sub/out{ending}"
    written(tmp_path / "in.png", target, overlap=overlap)
    with Image.open(target) as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)
        assert read(picture).source_type.endswith("compositeWithTrainedAlgorithmicMedia")  # type: ignore[union-attr]
        assert ending != ".png" or read(picture).disclosure == DISCLOSURE
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_grey_image_stays_grey_and_a_jpeg_is_written_too(tmp_path) -> None:
    pixels = made(tmp_path / "in.png", "L")
    written(tmp_path / "in.png", tmp_path / "out.jpg", 1)
    with Image.open(tmp_path / "out.jpg") as picture:
        assert (picture.mode, picture.size) == ("L", (70, 50))
        assert np.abs(np.asarray(picture).astype(int) - pixels[:, :, 0]).mean() < 8


def test_each_row_of_pixels_is_read_once_and_in_order(tmp_path, monkeypatch) -> None:
    made(tmp_path / "in.png")
    asked: list[tuple[int, int]] = []
    rows = LargeImage.rows
    monkeypatch.setattr(
        LargeImage, "rows", lambda self, first, count: asked.append((first, count)) or rows(self, first, count)
    )
    written(tmp_path / "in.png", tmp_path / "out.png", overlap=4)
    assert asked[0] == (0, 16)
    assert sum(count for _, count in asked) == 50
    assert all(first == before + count for (before, count), (first, _) in pairwise(asked))


def test_what_a_file_may_be_is_brought_to_eight_bits_upright_without_alpha(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter
    pixels = made(tmp_path / "turned.tif", exif=exif)
    image = LargeImage(tmp_path / "turned.tif", 3)
    assert (image.width, image.height) == (50, 70)
    np.testing.assert_array_equal(image.rows(0, 70), np.rot90(pixels, -1).transpose(2, 0, 1))
    pixels = made(tmp_path / "clear.png", "RGBA")
    pixels[:, :, 3] = 0
    Image.fromarray(pixels, "RGBA").save(tmp_path / "clear.png")
    assert LargeImage(tmp_path / "clear.png", 3).rows(0, 50).min() == 255
    deep = np.arange(70 * 50, dtype=np.uint16).reshape(50, 70) * 18
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.abs(LargeImage(tmp_path / "deep.png", 1).rows(0, 50)[0] - deep / 257.0).max() < 1.01


def test_what_cannot_be_read_or_written_is_said_and_no_half_file_stays(tmp_path) -> None:
    (tmp_path / "no.png").write_bytes(b"no image")
    with pytest.raises(UnusableImage, match="could not be decoded"):
        LargeImage(tmp_path / "no.png", 3)
    made(tmp_path / "in.gif", "L")
    with pytest.raises(UnusableImage, match=r"could not be decoded|not read where it is large"):
        LargeImage(tmp_path / "in.gif", 3)
    made(tmp_path / "in.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "in.png").read_bytes()[:5000])
    for target, error, words in (
        ("out.png", UnusableImage, "could not be decoded"),
        ("out.webp", ConfigError, r"an image of 70x50 is written as \.png, \.tif or \.jpg"),
    ):
        with pytest.raises(error, match=words):
            written(tmp_path / "cut.png", tmp_path / "out" / target)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="could not be written"):
        written(tmp_path / "in.png", tmp_path / "file" / "out.png")
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_without_pyvips_the_mend_is_named(tmp_path, monkeypatch) -> None:
    def refuse(name: str, *rest: object) -> object:
        if name == "pyvips":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtra, match=r"pip install 'saddlepoint\[large\]'"):
        LargeImage(tmp_path / "in.png", 3)


def test_an_image_that_becomes_larger_is_written_in_rows_at_its_new_size(tmp_path) -> None:
    pixels = made(tmp_path / "in.png")

    def twice(windows: Tensor) -> Tensor:
        return windows.repeat_interleave(2, 2).repeat_interleave(2, 3)

    translate_large(LargeImage(tmp_path / "in.png", 3), tmp_path / "out.png", twice, 16, None, DISCLOSURE)
    with Image.open(tmp_path / "out.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels.repeat(2, 0).repeat(2, 1))
