"""Checkpoint files: safetensors and JSON, no pickle; written so that a kill at any instant loses nothing.

The order that survives: log synced; a dot-named folder; the manifest last; files and folder synced; rename; parent
synced; old ones retired by rename. There is no pointer to the latest: it is the highest step whose manifest is right.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from saddlepoint.errors import CheckpointError
from saddlepoint.storage.tensors import save
from saddlepoint.storage.whole import disk_errors, file, put_json, sync

MANIFEST = "manifest.json"
FACTS = "facts.json"
PARTS = ("nets", "average", "optim")
"""first words of tensor names; each has a file of its own, so that sampling reads no moments"""


def name_of(step: int) -> str:
    """The folder of a checkpoint; zero-padded, so that names sort as steps do."""
    return f"step-{step:08d}"


def step_of(folder: Path) -> int:
    """The step that a checkpoint folder is of."""
    return int(folder.name.removeprefix("step-"))


def listing(checkpoints: Path) -> list[Path]:
    """All checkpoint folders, oldest first; nothing about them is checked."""
    return sorted(path for path in checkpoints.glob("step-*") if path.name[5:].isdigit())


def write(checkpoints: Path, step: int, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Path:
    """Write one checkpoint, whole or not at all. Returns its folder. Raises RunError when the disk will not take it."""
    final = checkpoints / name_of(step)
    passing = checkpoints / f".{final.name}.{os.getpid()}"
    with disk_errors(f"the checkpoint of step {step}"):
        try:
            checkpoints.mkdir(parents=True, exist_ok=True)
            passing.mkdir()
            for part in PARTS:
                own = {name: plain(value) for name, value in tensors.items() if name.split("/", 1)[0] == part}
                if own:
                    save(passing / f"{part}.safetensors", own)
            put_json(passing / FACTS, facts)
            files = {path.name: print_of(path) for path in sorted(passing.iterdir())}
            put_json(passing / MANIFEST, {"format": 1, "step": step, "files": files})
            for path in passing.iterdir():
                sync(path)
            sync(passing)
            if final.exists():
                retire([final])
            passing.rename(final)
            sync(checkpoints)
        except BaseException:
            shutil.rmtree(passing, ignore_errors=True)
            raise
    return final


def retire(folders: Iterable[Path]) -> None:
    """Delete checkpoints; each leaves its name in one rename first, so none is ever half there."""
    for folder in folders:
        gone = folder.with_name(f".gone-{folder.name}.{os.getpid()}")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def clean(checkpoints: Path) -> None:
    """Remove what an interrupted write left: folders whose names begin with a dot."""
    for path in checkpoints.glob(".*"):
        if path.name.startswith((".step-", ".gone-")):
            shutil.rmtree(path, ignore_errors=True)


def fault(folder: Path, manifest: str = MANIFEST) -> str | None:
    """What is wrong with a checkpoint, in words; None when its manifest is right."""
    try:
        files = json.loads((folder / manifest).read_text(encoding="utf-8"))["files"]
        for name, print_ in files.items():
            if print_of(folder / name) != print_:
                return f"{name} is not what was written"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"its manifest cannot be read ({error})"
    return None


def latest(checkpoints: Path, say: Callable[[str], object] = lambda text: None) -> Path | None:
    """The highest step whose manifest is right, or None; `say` is told of each damaged one that is passed over."""
    for folder in reversed(listing(checkpoints)):
        wrong = fault(folder)
        if wrong is None:
            return folder
        say(f"the checkpoint {folder} is damaged: {wrong}; using the one before it.")
    return None


def read(folder: Path, parts: Iterable[str] = PARTS) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (of the named parts) and facts of a checkpoint. Raises CheckpointError when it is damaged."""
    wrong = fault(folder)
    if wrong:
        raise CheckpointError(f"the checkpoint {folder} is damaged: {wrong}.")
    tensors: dict[str, Tensor] = {}
    for part in parts:
        path = folder / f"{part}.safetensors"
        if path.exists():
            with safe_open(path, framework="pt") as opened:
                tensors |= {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return tensors, json.loads((folder / FACTS).read_text(encoding="utf-8"))


def cut_log(log: Path, step: int) -> None:
    """Cut a log after `step`, and a torn last line, through a temporary file and a rename."""
    if not log.exists():
        return
    kept = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue
    with file(log) as passing:
        passing.write_text("".join(kept), encoding="utf-8")
        sync(passing)
    sync(log.parent)


def plain(value: Tensor) -> Tensor:
    """As safetensors wants it: on the CPU, contiguous, its memory shared with no other."""
    return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)


def print_of(path: Path) -> dict[str, Any]:
    """Size in bytes and sha256 of a file, as a manifest keeps them."""
    with path.open("rb") as opened:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}
