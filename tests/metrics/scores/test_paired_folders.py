"""Two folders as pairs of images: by name, whatever the ending, and nothing is left out unsaid."""

from pathlib import Path

import pytest
from PIL import Image

from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.scores.paired_folders import pairs


def saved(folder: Path, *names: str, size: tuple[int, int] = (8, 8)) -> Path:
    folder.mkdir(exist_ok=True)
    for level, name in enumerate(names):
        Image.new("L", size, level).save(folder / name)
    return folder


def test_names_pair_whatever_their_endings(tmp_path: Path) -> None:
    real, fake = saved(tmp_path / "real", "a.png", "b.png"), saved(tmp_path / "fake", "A.bmp", "b.png")
    found = [(int(one.max()), int(two.max())) for one, two in pairs(real, fake)]
    assert found == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (("a.png",), ("a.png", "a.bmp"), r"fake/a.bmp differs in its ending alone from another file"),
        (("a.png", "b.png"), ("a.png",), r"real/b.png has no partner in .*fake"),
        (("a.png", "b.png"), ("a.bmp", "a.ppm", "b.png"), r"real/a.png differs in its ending alone"),
    ],
)
def test_what_has_no_partner_is_named_and_not_left_out(tmp_path: Path, ours, theirs, words) -> None:
    real, fake = saved(tmp_path / "real", *ours), saved(tmp_path / "fake", *theirs)
    with pytest.raises(DataError, match=words):
        list(pairs(real, fake))


def test_unequal_sizes_and_what_is_no_folder_are_refused(tmp_path: Path) -> None:
    real, fake = saved(tmp_path / "real", "a.png"), saved(tmp_path / "fake", "a.png", size=(8, 9))
    with pytest.raises(DataError, match="differ in size, so they cannot be compared as a pair"):
        list(pairs(real, fake))
    with pytest.raises(ConfigError, match="is no folder"):
        list(pairs(real, real / "a.png"))
