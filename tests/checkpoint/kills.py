"""Trains a small run, killing it again and again, and says whether what came out is the run that was never killed.

    python tests/checkpoint/kills.py 60        (prints what was done and found, as JSON)

One kill in two comes from outside at a random instant, the other from inside, at a chosen event of writing a checkpoint
or cutting a log: before or after a file is written, half way into it, before and after each sync, rename and removal.
The children are forks of one process that has imported everything, so that sixty kills take a minute.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from saddlepoint.checkpoint import files
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import Folder
from saddlepoint.runs import fit
from saddlepoint.runs.resume import resume
from saddlepoint.runs.train import train_plan

SETTINGS: dict[str, Any] = {
    "data": "digits",
    "batch": 16,
    "images": 16 * 60,
    "log_every": 3,
    "checkpoint_every": 16 * 5,
    "keep": 2,
    "grid_size": 0,
    "generator_width": 4,
    "critic_width": 4,
    "latent": 8,
    "flip": True,
    "device": "cpu",
    "threads": 1,
    "best": "critic/fake",
    "precision": "float32",
}
EVENTS_A_CHECKPOINT = 40


class Trap:
    """Kills this process at the nth event."""

    def __init__(self, at: int) -> None:
        self.left = at

    def event(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def trapped(*values: Any, **named: Any) -> Any:
            self.event()
            result = work(*values, **named)
            self.event()
            return result

        return trapped

    def halfway(self, work: Callable[..., Any], where: int) -> Callable[..., Any]:
        """A writer that is killed with half of its file on the disk; `where` is the path among its arguments."""

        def trapped(*values: Any, **named: Any) -> Any:
            result = work(*values, **named)
            self.left -= 1
            if self.left == 0:
                path = Path(values[where])
                os.truncate(path, path.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return trapped

    def set(self) -> None:
        files.save = self.around(self.halfway(files.save, 0))  # type: ignore[assignment]
        files.put_json = self.around(self.halfway(files.put_json, 0))  # type: ignore[assignment]
        files.sync = self.around(files.sync)  # type: ignore[assignment]
        files.shutil.rmtree = self.around(shutil.rmtree)  # type: ignore[attr-defined]
        Path.rename, Path.replace = self.around(Path.rename), self.around(Path.replace)  # type: ignore[method-assign]


def attempt(root: Path, cache: Path, trap: int | None = None) -> None:
    """Begin the run, or go on with it; never returns from a fork."""
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    fit.write_report = lambda folder: folder  # type: ignore[assignment]
    if trap is not None:
        Trap(trap).set()
    if (root / "run.json").exists():
        resume(root)
    else:
        train_plan(plans.make("dcgan", {**SETTINGS, "cache": str(cache)}), out=root, quiet=True)


def fork(work: Callable[[], None]) -> int:
    """A child that does the work and ends with 0, or with 1 and its error."""
    child = os.fork()
    if child:
        return child
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        work()
    except BaseException:
        import traceback

        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def finish(child: int) -> str:
    """ "done" or "killed"; raises when it failed by itself."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    if os.WEXITSTATUS(status):
        raise SystemExit("a run failed by itself")
    return "done"


def outcome(root: Path) -> tuple[list[dict[str, Any]], dict[str, str], Any]:
    """The log without times and rates, a fingerprint of each file of tensors, and which checkpoint was the best."""
    lines = [json.loads(line) for line in Folder(root).log.read_text().splitlines()]
    figures = [{name: v for name, v in line.items() if name not in ("seconds", "examples_per_s")} for line in lines]
    prints: dict[str, str] = {}
    for folder in files.listing(Folder(root).checkpoints):
        assert files.fault(folder) is None
        known = json.loads((folder / files.MANIFEST).read_text())["files"]
        prints |= {f"{folder.name}/{name}": known[name]["sha256"] for name in known if name.endswith(".safetensors")}
    last = files.latest(Folder(root).checkpoints)
    assert last is not None
    facts = json.loads((last / files.FACTS).read_text())
    return figures, prints, {**facts, "hooks": facts["hooks"]["Checkpoints"]}


def main(kills: int) -> None:
    torch.set_num_threads(1)
    for module in ("sklearn.datasets", "tensorboardX", "torch._dynamo"):  # so that no child has to
        importlib.import_module(module)
    # A folder of its own on the disk, deleted at the end.
    home = Path(tempfile.mkdtemp())
    draw, done, runs, by_hand, planted = random.Random(kills), 0, 0, 0, 0
    try:
        begun = time.monotonic()
        assert finish(fork(lambda: attempt(home / "whole", home / "cache"))) == "done"
        span = time.monotonic() - begun
        wanted = outcome(home / "whole")
        while done < kills:
            runs += 1
            root = home / f"killed-{runs}"
            for _ in range(draw.randint(2, 5)):
                inside = draw.random() < 0.5
                trap = draw.randint(1, 3 * EVENTS_A_CHECKPOINT) if inside else None
                child = fork(lambda root=root, trap=trap: attempt(root, home / "cache", trap))  # type: ignore[misc]
                if not inside:
                    time.sleep(draw.uniform(0.02, 0.8) * span)
                    os.kill(child, signal.SIGKILL)
                if finish(child) == "done":
                    break
                done, by_hand, planted = done + 1, by_hand + (not inside), planted + inside
            assert finish(fork(lambda root=root: attempt(root, home / "cache"))) == "done"  # type: ignore[misc]
            found = outcome(root)
            assert found[0] == wanted[0], f"run {runs}: the log differs"
            assert found[1] == wanted[1], f"run {runs}: the files differ"
            assert found[2] == wanted[2], f"run {runs}: the facts differ: {found[2]} {wanted[2]}"
            assert not list(Folder(root).checkpoints.glob(".*")), f"run {runs}: something was left behind"
    finally:
        shutil.rmtree(home)
    print(json.dumps({"kills": done, "from outside": by_hand, "planted": planted, "runs": runs, "equal": True}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
