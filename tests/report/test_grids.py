"""Grids of images and plots of points."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.errors import RunError, ShapeError
from saddlepoint.kinds.pictures import GAP, channels_shown, grid
from saddlepoint.report.grids import CAPTION, limits_of, plot, save_png


def test_small_images_are_enlarged_to_whole_pixels_a_person_can_see() -> None:
    images = torch.full((4, 1, 8, 8), -1.0)
    images[1, 0, 0, 0] = 1.0
    picture = grid(images)
    assert picture.mode == "L"
    assert picture.size == (2 * (64 + GAP) + GAP,) * 2
    tile = np.asarray(picture)[GAP : GAP + 64, 64 + 2 * GAP : 128 + 2 * GAP]
    assert (tile[:8, :8] == 255).all()
    assert tile.sum() == 64 * 255  # one pixel became eight by eight, the rest is black


def test_large_images_keep_their_size_and_rows_fill_from_the_left() -> None:
    picture = grid(torch.zeros(5, 3, 80, 70), columns=3)
    assert picture.mode == "RGB"
    assert picture.size == (3 * (70 + GAP) + GAP, 2 * (80 + GAP) + GAP)
    assert picture.getpixel((2 * (70 + GAP) + GAP, 80 + 2 * GAP)) != picture.getpixel((GAP, 80 + 2 * GAP))


def test_floats_and_bytes_of_the_same_image_give_the_same_picture() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert grid(levels).tobytes() == grid(levels / 127.5 - 1).tobytes()


def test_values_beyond_the_range_are_cut_and_those_not_finite_are_black() -> None:
    values = torch.tensor([3.0, -3.0, torch.nan, torch.inf]).view(4, 1, 1, 1)
    shown = np.asarray(grid(values, columns=4, enlarge=1))[GAP, GAP :: 1 + GAP]
    assert shown.tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB"), (7, "RGB")])
def test_any_number_of_channels_is_shown_and_the_choice_is_said(channels: int, mode: str) -> None:
    assert grid(torch.zeros(1, channels, 4, 4)).mode == mode
    assert bool(channels_shown(channels)) == (channels not in (1, 3))


@pytest.mark.parametrize("shape", [(3, 8, 8), (0, 1, 8, 8), (4, 2)])
def test_what_is_no_batch_of_images_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="N, C, H, W"):
        grid(torch.zeros(shape))


def test_a_png_carries_its_caption_and_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "samples" / "step-1.png"
    save_png(grid(torch.zeros(1, 1, 4, 4)), path, "Größe: 4 px.")
    with Image.open(path) as picture:
        assert picture.info[CAPTION] == "Größe: 4 px."
    assert [file.name for file in path.parent.iterdir()] == ["step-1.png"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "samples").write_text("a file, not a folder")
    with pytest.raises(RunError, match=r"step-1\.png could not be written"):
        save_png(grid(torch.zeros(1, 1, 4, 4)), tmp_path / "samples" / "step-1.png")


def _orange(picture: Image.Image) -> np.ndarray:
    """Pixels of the plot, below its legend, where the fakes' colour stands out."""
    pixels = np.asarray(picture).astype(int)[40:]
    return pixels[..., 0] - pixels[..., 2] > 60


def test_points_stand_in_the_same_place_whatever_the_fakes_do() -> None:
    real = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    limits = limits_of(real)
    assert limits == (-1.5, 1.5)
    alone = _orange(plot(real, torch.tensor([[0.5, 0.5]]), limits))
    beside = _orange(plot(real, torch.tensor([[0.5, 0.5], [50.0, 0.0], [torch.nan, 0.0]]), limits))
    assert alone.any()
    assert (alone == beside).all()
    rows, columns = np.nonzero(alone)
    assert columns.mean() > 240 > rows.mean() + 40  # to the right of the middle and above it


def test_a_collapsed_generator_shows_as_one_high_bar() -> None:
    real = torch.linspace(-1, 1, 1000)[:, None]
    columns = np.nonzero(_orange(plot(real, torch.zeros(1000, 1), limits_of(real))))[1]
    assert columns.max() - columns.min() < 15


def test_points_of_unlike_dimension_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\[N, 1\] or \[N, 2\]"):
        plot(torch.zeros(4, 2), torch.zeros(4, 1), (-1, 1))
