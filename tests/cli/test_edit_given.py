"""saddle edit project, rephotograph, encode and guide: from files to files, and what is refused."""

from pathlib import Path

import pytest
from PIL import Image
from safetensors import safe_open

import saddlepoint
from saddlepoint.cli.edit import encode, guide, project, rephotograph
from saddlepoint.deploy.metadata import read
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.latent.codes import load_code


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a tiny generator of digits."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    small = {"generator_width": 4, "critic_width": 4, "latent": 8, "images": 64, "batch": 32}
    return saddlepoint.train("dcgan", data="digits", out=folder, **small).folder  # type: ignore[arg-type]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures of other sizes and kinds than the run's images."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.linear_gradient("L").save(folder / "ramp.png")
    Image.new("RGB", (40, 30), (200, 30, 90)).save(folder / "flat.jpg")
    return folder


def painted(path: Path, colour: tuple[int, ...] = (255, 255, 255, 255)) -> Path:
    picture = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    picture.paste(colour, (0, 0, 40, 40))
    picture.save(path)
    return path


def facts(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as opened:
        return dict(opened.metadata())


def test_images_are_found_by_optimisation_and_then_by_hybrid(
    run: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.main([str(run), str(photos), "--steps", "3", "--candidates", "8"]) == 0
    out = capsys.readouterr().out
    assert "by optimisation in z, 3 steps" in out
    assert "perceptual: Laplacian pyramid" in out
    folder = run / "projected"
    names = {"before-after.png", "flat.png", "flat.safetensors", "ramp.png", "ramp.safetensors"}
    assert {path.name for path in folder.iterdir()} == names
    assert load_code(folder / "ramp.safetensors").values.shape == (1, 8)
    assert facts(folder / "ramp.safetensors")["image"] == "ramp.png"
    for name in ("ramp.png", "before-after.png"):
        with Image.open(folder / name) as picture:
            said = read(picture).disclosure
        assert said is not None
        assert said.made == "modified"

    assert encode.main([str(run), "--images", "64", "--width", "8"]) == 0
    assert "code error" in capsys.readouterr().out
    assert {path.name for path in (run / "encoders").iterdir()} == {"z.png", "z.safetensors"}
    assert project.main([str(run), str(photos / "ramp.png"), "--steps", "2"]) == 0
    assert "by hybrid in z, 2 steps" in capsys.readouterr().out
    assert project.main([str(run), str(photos / "ramp.png"), "--by", "encoder"]) == 0
    assert "by encoder in z, " in capsys.readouterr().out


def test_an_encoder_of_another_space_or_name_is_refused(run: Path, tmp_path: Path, photos: Path) -> None:
    with pytest.raises(DataError, match=r"there is no encoder .*; train it: saddle edit encode"):
        project.main([str(run), str(photos), "--by", "encoder", "--encoder", str(tmp_path / "none.safetensors")])
    with pytest.raises(ConfigError, match=r"must end with \.safetensors"):
        encode.main([str(run), "--out", "encoder.pt"])
    with pytest.raises(CapabilityError, match="no space w"):
        encode.main([str(run), "--space", "w"])


def test_images_that_cannot_be_used_are_refused_by_name(run: Path, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name, text in (
        ("text.png", "text.png: not an image"),
        ("none.png", "there is no .*none.png"),
        ("empty", "holds no image"),
    ):
        with pytest.raises(DataError, match=text):
            project.main([str(run), str(tmp_path / name)])
    with pytest.raises(DataError, match="name one or more images"):
        project.main([str(run)])
    with pytest.raises(DataError, match="written over images in"):
        project.main([str(run), str(photos), "--out", str(photos)])
    (tmp_path / "flat.png").write_bytes((photos / "ramp.png").read_bytes())
    with pytest.raises(DataError, match="same name"):
        project.main([str(run), str(photos / "flat.jpg"), str(tmp_path / "flat.png")])


def test_without_paint_the_image_to_paint_on_is_written(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guide.main([str(run), "1:5"]) == 0
    path = run / "guided" / "1_5-to-paint-on.png"
    assert str(path) in capsys.readouterr().out
    with Image.open(path) as picture:
        assert picture.size == (512, 512)


def test_an_image_is_edited_by_painting_and_edited_again(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paint = [str(painted(tmp_path / "paint.png")), "--steps", "4", "--out", str(tmp_path / "out")]
    assert guide.main([str(run), "1:5", "--brush", *paint]) == 0
    assert "where it was painted: error" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"1_5.png", "1_5-strip.png", "1_5.safetensors"}
    code = str(tmp_path / "out" / "1_5.safetensors")
    assert guide.main([str(run), code, "--paste", *paint, "--mask", str(tmp_path / "paint.png")]) == 0
    with Image.open(tmp_path / "out" / "1_5.png") as picture:
        assert picture.size == (8, 8)


def test_paint_that_asks_for_nothing_and_several_starts_are_refused(run: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "opaque.png")
    with pytest.raises(DataError, match=r"opaque\.png: this picture has no transparent part"):
        guide.main([str(run), "1", "--brush", str(tmp_path / "opaque.png")])
    with pytest.raises(DataError, match=r"there is no .*none\.png"):
        guide.main([str(run), "1", "--brush", str(tmp_path / "none.png")])
    with pytest.raises(ConfigError, match="several images; name one"):
        guide.main([str(run), "1:0-3", "--brush", str(painted(tmp_path / "paint.png"))])


def test_old_photographs_are_taken_anew(run: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run), str(photos), "--steps", "3", "--candidates", "8", "--film", "blue"]
    assert rephotograph.main(words) == 0
    out = capsys.readouterr().out
    assert "blue film, 3 steps" in out
    folder = run / "rephotographed"
    names = {"before-after.png", "flat.png", "flat.safetensors", "ramp.png", "ramp.safetensors"}
    assert {path.name for path in folder.iterdir()} == names
    assert facts(folder / "ramp.safetensors")["film"] == "blue"
    with Image.open(folder / "ramp.png") as picture:
        said = read(picture).disclosure
    assert said is not None
    assert said.settings["edit"] == "rephotograph"
    with pytest.raises(ConfigError, match="blur is 0 to 16"):
        rephotograph.main([str(run), str(photos), "--blur", "40"])
