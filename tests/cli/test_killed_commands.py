"""export, compress and evaluate, killed at every event of writing: what they write is whole or not there at all."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import saddlepoint
from saddlepoint import cli
from saddlepoint.cli import compress as compressing
from saddlepoint.deploy import export as graphs
from saddlepoint.deploy.compress.judge import Verdict
from saddlepoint.deploy.export import Exported
from saddlepoint.deploy.parts import parts_of
from saddlepoint.runs import evaluate as evaluating
from saddlepoint.runs.evaluation import Evaluation
from saddlepoint.storage import whole

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed commands are forks")
MOST_EVENTS = 200
EACH = 4
"""of so many events one is tried: a command has ten to fifty"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings: dict[str, Any] = {"images": 32, "batch": 16, "grid_size": 0, "generator_width": 4, "critic_width": 4}
    return saddlepoint.train("dcgan", out=tmp_path_factory.mktemp("killed") / "run", **settings).folder


class Trap:
    """Kills this process at the nth event: before or after a call that touches the disk, or with half of a file."""

    def __init__(self, at: int) -> None:
        self.left = at

    def event(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any], *, writes: bool = False) -> Callable[..., Any]:
        def trapped(*values: Any, **named: Any) -> Any:
            self.event()
            result = work(*values, **named)
            self.left -= 1
            if self.left == 0:
                if writes:
                    path = Path(values[0])
                    os.truncate(path, path.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return trapped

    def set(self) -> None:
        for name in ("rename", "replace", "mkdir", "rmdir"):
            setattr(Path, name, self.around(getattr(Path, name)))
        for name in ("write_bytes", "write_text"):
            setattr(Path, name, self.around(getattr(Path, name), writes=True))
        os.link, whole.sync = self.around(os.link), self.around(whole.sync)  # type: ignore[assignment]


def killed_at(event: int, words: list[str]) -> bool:
    """Whether a fork that runs the command was killed at this event; else it has ended well by itself."""
    child = os.fork()
    if child == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        Trap(event).set()
        try:
            cli.main(words)
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        finally:
            os._exit(9)  # nothing of the tests goes on in the fork
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def bundle_is_whole(folder: Path) -> bool:
    return torch.isfinite(saddlepoint.load(folder).sample(1)).all().item() is True


def files_are_whole(folder: Path) -> bool:
    facts = json.loads((folder / "export.json").read_text())
    return [(folder / name).read_bytes() for name in facts["files"]] == [b"graph" * 100]


def smaller_model_is_whole(folder: Path) -> bool:
    return bundle_is_whole(folder) and json.loads((folder / "compressed.json").read_text())["by"] == "prune"


def figures_are_whole(path: Path) -> bool:
    return "scores" in json.loads(path.read_text())


def planted(model_of: Path, patch: pytest.MonkeyPatch) -> None:
    """What takes long is done beforehand: making graphs, looking for a smaller model, measuring."""
    model = saddlepoint.load(model_of)
    part = parts_of(model)[0]
    patch.setattr(graphs, "exported", lambda *values: iter([Exported(part, b"graph" * 100, 0.0)]))
    small = compressing.Candidate("half", Verdict(None, None, 0.0, True), 10, {}, model)
    patch.setattr(compressing, "compress", lambda *values: compressing.Outcome([{"name": "half"}], "", [small]))
    result = Evaluation("run", [], [], [])
    patch.setattr(evaluating._Trained, "evaluation", lambda self: result)


COMMANDS: dict[str, tuple[list[str], Callable[[Path], bool]]] = {
    "bundle": (["export", "{}", "--to", "bundle"], bundle_is_whole),
    "graphs": (["export", "{}", "--to", "onnx"], files_are_whole),
    "compress": (["compress", "{}", "--by", "prune"], smaller_model_is_whole),
    "evaluate": (["evaluate", "{}", "--metrics", "kid", "--extractor", "pixels", "-n", "2"], figures_are_whole),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_command_leaves_all_or_nothing_and_the_next_one_cleans_up(
    run: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(run, monkeypatch)
    words, is_whole = COMMANDS[command]
    words = [word.replace("{}", str(run)) for word in words]
    kills = 0
    for event in range(1, MOST_EVENTS, EACH):
        target = tmp_path / str(event) / "result"
        target.parent.mkdir()
        killed = killed_at(event, [*words, "--out", str(target)])
        kills += killed
        assert is_whole(target) if target.exists() else killed
        if not killed:
            break
        if not target.exists():
            assert not killed_at(MOST_EVENTS * 10, [*words, "--out", str(target)])
            assert is_whole(target)
            assert [path.name for path in target.parent.iterdir()] == ["result"]
    assert 2 <= kills < MOST_EVENTS // EACH - 1
