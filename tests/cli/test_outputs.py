"""Every verb: what is named and there is refused and unharmed, and a name that a verb chooses is made free."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import saddle
from PIL import Image

import saddlepoint

SMALL = {"latent": 8, "style": 8, "base": 64, "most": 16, "mapping_layers": 1, "images": 8, "batch": 8, "samples": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StyleGAN2 of digits, trained for one step."""
    root = tmp_path_factory.mktemp("styled")
    return saddlepoint.train("stylegan2", "digits", out=root / "run", cache=root / "cache", **SMALL).folder


FILES = [
    ("sample", "RUN", "--out", "OUT.png"),
    ("sample", "RUN", "--interpolate", "line", "--out", "OUT.gif"),
    *(("edit", part, "RUN", "--out", "OUT.png") for part in ("field", "mix", "truncate", "noise")),
    ("edit", "arithmetic", "RUN", "0:0 - 0:1", "--out", "OUT.png"),
    ("edit", "interpolate", "RUN", "0:0,0:1", "--out", "OUT.gif"),
    ("edit", "animate", "RUN", "--out", "OUT.mp4"),
    ("edit", "directions", "RUN", "--factorise", "--out", "OUT.safetensors"),
    ("edit", "encode", "RUN", "--out", "OUT.safetensors"),
    ("edit", "scatter", "RUN", "--out", "OUT.png"),
    ("evaluate", "RUN", "--out", "OUT.json"),
    ("recommend", "digits", "--json", "OUT.json"),
    ("data", "check", "digits", "--json", "OUT.json"),
    ("detect", "check", "RUN", "RUN", "--out", "OUT.csv"),
]
FOLDERS = [
    ("sample", "RUN", "--single", "--out", "OUT"),
    ("export", "RUN", "--to", "bundle", "--out", "OUT"),
    ("export", "RUN", "--to", "onnx", "--out", "OUT"),
    ("compress", "RUN", "--by", "int8", "--out", "OUT"),
    ("release", "RUN", "--out", "OUT"),
    ("detect", "learn", "RUN", "--out", "OUT"),
    ("study", "make", "rating", "--sets", "ours=none", "--out", "OUT"),
]


@pytest.mark.parametrize("words", FILES, ids=lambda words: "-".join(words[:2]))
def test_a_named_file_that_is_there_is_refused_before_any_work(run, tmp_path, capsys, words) -> None:
    path = tmp_path / f"earlier{Path(words[-1]).suffix}"
    path.write_text("earlier")
    said = saddle(capsys, *(run if word == "RUN" else word for word in words[:-1]), path, code=2)
    assert f"{path.name} is there already: choose another --" in said
    assert path.read_text() == "earlier"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("words", FOLDERS, ids=lambda words: "-".join(words[:3:2]))
def test_a_named_folder_that_holds_something_is_refused_before_any_work(run, tmp_path, capsys, words) -> None:
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "00000.png").write_text("earlier")
    said = saddle(capsys, *(run if word == "RUN" else word for word in words[:-1]), tmp_path / "earlier", code=2)
    assert "earlier is there already: choose another --out" in said
    assert [path.name for path in tmp_path.rglob("*")] == ["earlier", "00000.png"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("sample", "RUN", "-n", "1"), ("sampled/seed-0.png", "sampled/seed-0-2.png")),
        (("sample", "RUN", "-n", "1", "--single"), ("sampled/seed-0/00000.png", "sampled/seed-0-2/00000.png")),
        (("edit", "field", "RUN", "--side", "2"), ("edited/field-0_0-3.png", "edited/field-0_0-3-2.png")),
        (
            ("edit", "directions", "RUN", "--factorise", "--count", "1"),
            tuple(f"edited/directions-factors{end}" for end in (".png", ".safetensors", "-2.png", "-2.safetensors")),
        ),
        (("edit", "guide", "RUN", "0:1"), ("guided/0_1-to-paint-on.png", "guided/0_1-to-paint-on-2.png")),
    ],
    ids=lambda part: "-".join(part[:2]),
)
def test_the_same_call_twice_keeps_both_results(run, capsys, words, names) -> None:
    paths = [run / name for name in names]
    for _ in range(2):
        saddle(capsys, *(run if word == "RUN" else word for word in words))
    assert all(path.is_file() for path in paths)
    pictures = [path.read_bytes() for path in paths if path.suffix == ".png"]
    assert pictures[0] == pictures[1]


def test_a_second_evaluation_sets_the_figures_of_the_first_aside(tmp_path, capsys, monkeypatch) -> None:
    for name in ("real", "fake"):
        (tmp_path / name).mkdir()
        Image.linear_gradient("L").resize((16, 16)).save(tmp_path / name / "0.png")
    monkeypatch.chdir(tmp_path)
    saddle(capsys, "evaluate", "--real", "real", "--fake", "fake", "--metrics", "psnr")
    first = Path("evaluation.json").read_text()
    assert "evaluation-2.json" in saddle(capsys, "evaluate", "--real", "real", "--fake", "fake", "--metrics", "ssim")
    assert Path("evaluation-2.json").read_text() == first
    assert Path("evaluation.json").read_text() != first
