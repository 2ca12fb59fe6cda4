"""Training from Python: a person's own class, file or arrays train, resume and load; the rest is refused in words."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import saddlepoint
from saddlepoint import cli, methods
from saddlepoint.config import Count
from saddlepoint.errors import CheckpointError, ConfigError, MethodError, SaddlepointError
from saddlepoint.methods import DCGAN, own
from saddlepoint.methods.base import Clock, Draw, Networks, Update

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), np.uint8)
TINY: dict[str, Any] = {
    "images": 32, "batch": 16, "samples": 4, "threads": 1, "device": "cpu", "generator_width": 4, "critic_width": 4,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HalvedLoss(DCGAN):
    """DCGAN with half of its losses."""

    parts: Count = 2
    """what the losses are divided by"""

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update]:
        for update in super().train_step(nets, draw, clock):
            yield Update(update.group, {name: loss / self.parts for name, loss in update.losses.items()}, update.watch)


FILE = '''
    """A method of a person's own."""

    from __future__ import annotations

    from dataclasses import dataclass

    from saddlepoint.methods import DCGAN

    print("my_gan was run")


    @dataclass(frozen=True, kw_only=True)
    class Mine(DCGAN):
        """DCGAN under another name."""

        strength: float = 1.0
        """nothing"""
'''


@pytest.fixture(autouse=True)
def only_published_methods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(own, "_OWN", {})
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def my_gan(tmp_path: Path) -> Path:
    path = tmp_path / "my_gan.py"
    path.write_text(textwrap.dedent(FILE))
    return path


def test_an_instance_and_an_array_train_and_resume(tmp_path: Path) -> None:
    method = DCGAN(generator_width=4, critic_width=4, latent=7)
    settings = {name: TINY[name] for name in ("images", "batch", "samples", "threads", "device")}
    run = saddlepoint.train(method, IMAGES, out=tmp_path / "run", **settings)
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["method"], facts["options"]["latent"], facts["origin"]) == ("dcgan", 7, None)
    assert facts["data"]["data"].startswith("array:")
    assert saddlepoint.resume(run.folder, images=48).images == 48
    assert run.model().sample(2).shape == (2, 1, 8, 8)


def test_a_class_of_this_session_trains_under_its_name_and_loading_asks_for_it(tmp_path: Path) -> None:
    run = saddlepoint.train(HalvedLoss, (IMAGES, [0, 1] * 20), out=tmp_path / "run", parts=4, **TINY)
    facts = json.loads((run.folder / "run.json").read_text())
    assert (facts["method"], facts["options"]["parts"]) == ("halved_loss", 4)
    assert facts["origin"] == {"class": f"{__name__}:HalvedLoss"}
    assert saddlepoint.load(run.folder).name == "halved_loss"  # known in this session
    own._OWN.clear()
    with pytest.raises(CheckpointError, match=r"the class .*:HalvedLoss: from Python give it"):
        saddlepoint.load(run.folder)
    assert saddlepoint.load(run.folder, method=HalvedLoss).method == HalvedLoss(
        parts=4, generator_width=4, critic_width=4
    )


def test_a_file_trains_from_the_command_line_and_no_command_runs_it_unasked(
    my_gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--images", "16", "--batch", "16", "--samples", "4", "--generator-width", "4", "--critic-width", "4"]
    assert saddle("train", "./my_gan.py", "--strength", "0.5", *words, "--out", "run") == 0
    assert "my_gan was run" in capsys.readouterr().out
    own._OWN.clear()
    assert saddle("sample", "run", "-n", "4") == 2
    said = capsys.readouterr()
    assert "my_gan was run" not in said.out
    assert f"if you trust it, add --method-file {tmp_path / 'my_gan.py'}" in said.err
    assert saddle("sample", "run", "-n", "4", "--method-file", "my_gan.py") == 0
    assert saddle("resume", "run", "--images", "32", "--method-file=my_gan.py") == 0
    assert saddlepoint.load("run", method="my_gan.py").method.strength == 0.5  # type: ignore[attr-defined]


def test_a_file_that_has_changed_is_said(my_gan: Path, tmp_path: Path) -> None:
    run = saddlepoint.train(my_gan, IMAGES, out=tmp_path / "run", **TINY)
    my_gan.write_text(my_gan.read_text() + "\n# changed\n")
    with pytest.warns(UserWarning, match="is not as it was when my_gan was trained"):
        saddlepoint.load(run.folder, method=my_gan)


def test_hooks_are_called_before_the_log(tmp_path: Path) -> None:
    class Figure(saddlepoint.Hook):
        def step(self, run: Any, report: Any) -> None:
            if run.reporting:
                run.figures["mine"] = 3.0

    run = saddlepoint.train("dcgan", IMAGES, hooks=[Figure()], out=tmp_path / "run", **TINY)
    assert json.loads((run.folder / "log.jsonl").read_text().splitlines()[-1])["mine"] == 3.0


def test_a_run_is_resumed_from_any_folder_and_where_its_data_lies_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    for index, image in enumerate(IMAGES):
        Image.fromarray(image[0]).save(tmp_path / "photos" / f"{index:02d}.png")
    monkeypatch.chdir(tmp_path)
    saddlepoint.train("dcgan", "photos", out="run", **TINY)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert saddlepoint.resume(tmp_path / "run", images=48).images == 48
    (tmp_path / "photos").rename(tmp_path / "moved")
    with pytest.raises(CheckpointError, match=r"cannot be opened: .* saddle resume .* --data PATH"):
        saddlepoint.resume(tmp_path / "run", images=64)
    assert saddlepoint.resume(tmp_path / "run", images=64, data="../moved").images == 64
    assert saddlepoint.resume(tmp_path / "run", images=80).images == 80  # and from then on
    (tmp_path / "moved" / "03.png").unlink()
    with pytest.raises(CheckpointError, match="are not those that"):
        saddlepoint.resume(tmp_path / "run", images=96)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: saddlepoint.train(torch.nn.Linear(2, 2)), "a method cannot be Linear"),
        (lambda: saddlepoint.train(torch.nn.Linear), "a method cannot be <class"),
        (lambda: saddlepoint.train(None), "a method cannot be None"),
        (lambda: saddlepoint.train("dcgn"), "did you mean 'dcgan'"),
        (lambda: saddlepoint.train("no_such.py"), "no_such.py cannot be read"),
        (lambda: saddlepoint.train("dcgan", 3), "data cannot be of type int"),
        (lambda: saddlepoint.train("dcgan", callbacks=[]), "no setting is called 'callbacks'"),
        (
            lambda: saddlepoint.train("dcgan", hooks=[3], images=1, batch=1),
            "hooks must be instances of saddlepoint.Hook",
        ),
        (lambda: saddlepoint.train("dcgan", out=3), "out cannot be 3: it must be a path"),
        (lambda: saddlepoint.train("dcgan", cache=3), "cache cannot be 3: it must be a path"),
        (lambda: saddlepoint.train("dcgan", preset="x"), "has no preset 'x'"),
        (lambda: saddlepoint.train(DCGAN(), preset="paper"), "leave out preset"),
        (lambda: saddlepoint.train("dcgan", latent="many"), "latent cannot be 'many'"),
        (lambda: saddlepoint.resume("no run"), "is not the folder of a run"),
        (lambda: saddlepoint.load("no run"), "there is no no run"),
    ],
)
def test_what_cannot_be_done_is_a_saddlepoint_error_in_words(call: Any, words: str) -> None:
    with pytest.raises(SaddlepointError, match=words):
        call()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "must hold one Method class; it holds 0"),
        ("1 / 0", r"cannot be run: ZeroDivisionError: division by zero, line 1\."),
        ("def", "cannot be run: SyntaxError"),
    ],
)
def test_a_file_that_holds_no_method_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(MethodError, match=words):
        methods.named(tmp_path / "mine.py")
    (tmp_path / "dcgan.py").write_text(text)
    with pytest.raises(ConfigError, match="which there is already"):
        methods.named(tmp_path / "dcgan.py")


def test_a_file_that_lies_here_is_proposed_for_an_unknown_name(my_gan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(my_gan.parent)
    with pytest.raises(ConfigError, match=r"write \./my_gan\.py"):
        saddlepoint.train("my_gan")


def saddle(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code
