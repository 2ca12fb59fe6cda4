"""Weight files that a user names reach every network that needs some."""

from pathlib import Path

from saddlepoint.metrics.extractors.lpips import lpips_files
from saddlepoint.metrics.extractors.weight_files import named, of_any_name
from saddlepoint.nn.backbones import inception
from saddlepoint.nn.backbones.lpips import HEADS


def test_a_file_is_known_by_either_name_by_itself_or_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "alex.pth").touch()
    assert named(HEADS["alex"], [tmp_path / "alex.pth"]) == tmp_path / "alex.pth"
    assert named(HEADS["alex"], [tmp_path]) == tmp_path / "alex.pth"
    assert named(HEADS["vgg"], [tmp_path, tmp_path / "alex.pth"]) is None
    (tmp_path / HEADS["vgg"].name).touch()
    assert named(HEADS["vgg"], [tmp_path]) == tmp_path / HEADS["vgg"].name


def test_the_only_file_of_another_name_is_a_copy_of_inceptions(tmp_path: Path) -> None:
    own, heads = tmp_path / "mine.pth", tmp_path / "alex.pth"
    own.touch()
    heads.touch()
    assert of_any_name(inception.PUBLISHED, [own, heads], lpips_files()) == own
    assert of_any_name(inception.PUBLISHED, [heads], lpips_files()) is None
    assert of_any_name(inception.PUBLISHED, [], lpips_files()) is None
