"""Checkpoint files: safetensors and JSON, no pickle; written so that a kill at any instant loses nothing.

The order that survives: log synced; a dot-named folder; the manifest last; files and folder synced; rename; parent
synced; old ones retired by rename. There is no pointer to the latest: it is the highest step whose manifest is right.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint import manifest as manifests
from saddlepoint.errors import CheckpointError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit, judged, reason
from saddlepoint.storage.tensors import Declared, heading, save, tensors
from saddlepoint.storage.whole import disk_errors, file, put_json, sync

MANIFEST = "manifest.json"
FACTS = "facts.json"
PARTS = ("nets", "average", "optim", "anchor")
"""first words of tensor names; each has a file of its own, so that sampling reads no moments"""
CONFIGURATION = "configuration"
"""the entry of the facts that says what the run was (see `facts.configuration_of`)"""
_WRITTEN = "parts"
"""the entry of the facts that says which parts there are, so that none can be lost unnoticed"""


def name_of(step: int) -> str:
    """The folder of a checkpoint; zero-padded, so that names sort as steps do."""
    return f"step-{step:08d}"


def step_of(folder: Path) -> int:
    """The step that a checkpoint folder is of."""
    return int(folder.name.removeprefix("step-"))


def listing(checkpoints: Path) -> list[Path]:
    """All checkpoint folders, oldest first; nothing about them is checked."""
    return sorted(path for path in checkpoints.glob("step-*") if path.name[5:].isdecimal())


def write(checkpoints: Path, step: int, values: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Path:
    """Write one checkpoint, whole or not at all. Returns its folder. Raises RunError when the disk will not take it."""
    final = checkpoints / name_of(step)
    passing = checkpoints / f".{final.name}.{os.getpid()}"
    with disk_errors(f"the checkpoint of step {step}"):
        try:
            checkpoints.mkdir(parents=True, exist_ok=True)
            passing.mkdir()
            written: list[str] = []
            for part in PARTS:
                own = {name: plain(value) for name, value in values.items() if name.split("/", 1)[0] == part}
                if own:
                    save(passing / file_of(part), own)
                    written.append(part)
            put_json(passing / FACTS, {**facts, _WRITTEN: written})
            files = {path.name: manifests.print_of(path) for path in sorted(passing.iterdir())}
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
        renamed = folder.with_name(f".gone-{folder.name}.{os.getpid()}")
        folder.rename(renamed)
        shutil.rmtree(renamed, ignore_errors=True)


def clean(checkpoints: Path) -> None:
    """Remove what an interrupted write left: folders whose names begin with a dot."""
    for path in checkpoints.glob(".*"):
        if path.name.startswith((".step-", ".gone-")):
            shutil.rmtree(path, ignore_errors=True)


def fault(folder: Path) -> str | None:
    """What is wrong with a checkpoint, in words; None when its manifest is right and none of its parts is missing."""
    wrong = manifests.fault(folder, MANIFEST, (FACTS, *map(file_of, PARTS)), (FACTS,))
    if wrong is not None:
        return wrong
    try:
        written = documents.table(folder / FACTS, within=folder).get(_WRITTEN)
        files = manifests.names(folder, MANIFEST)
    except (Unfit, OSError) as error:
        return reason(error)
    parts = written if isinstance(written, list) else []  # checkpoints from before it was kept do not say
    missing = [file_of(part) for part in PARTS if part in parts and file_of(part) not in files]
    return f"{missing[0]} is missing" if missing else None


def latest(checkpoints: Path, say: Callable[[str], object] = lambda text: None) -> Path | None:
    """The highest step whose manifest is right, or None; `say` is told of each damaged one that is passed over."""
    damaged: list[str] = []
    for folder in reversed(listing(checkpoints)):
        wrong = fault(folder)
        if wrong is None:
            for text in damaged:
                say(f"{text}; {folder.name} is used instead.")
            return folder
        damaged.append(f"the checkpoint {folder} is damaged: {wrong}")
    for text in damaged:
        say(f"{text}.")
    return None


def check(folder: Path) -> None:
    """Raises CheckpointError for a checkpoint that is damaged."""
    wrong = fault(folder)
    if wrong:
        raise CheckpointError(f"the checkpoint {folder} is damaged: {wrong}.")


def read(
    folder: Path, parts: Iterable[str] = PARTS, *, checked: bool = False
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (of the named parts) and facts of a checkpoint. Raises CheckpointError when it is damaged.

    checked: `check` or `latest` has just found it whole, which reads all its bytes.
    """
    if not checked:
        check(folder)
    with judged(f"the checkpoint {folder}", CheckpointError):
        weights: dict[str, Tensor] = {}
        for path in _paths(folder, parts):
            weights |= tensors(path, within=folder)
        facts = documents.table(folder / FACTS, within=folder)
        return weights, {name: value for name, value in facts.items() if name != _WRITTEN}


def declared(folder: Path, parts: Iterable[str]) -> dict[str, Declared]:
    """What the files of these parts declare, by name. Raises CheckpointError."""
    with judged(f"the checkpoint {folder}", CheckpointError):
        headings = [heading(path, within=folder).tensors for path in _paths(folder, parts)]
        return {name: entry for each in headings for name, entry in each.items()}


def _paths(folder: Path, parts: Iterable[str]) -> list[Path]:
    """The files of the parts that the manifest vouches for."""
    files = manifests.names(folder, MANIFEST)
    return [folder / file_of(part) for part in parts if file_of(part) in files]


def file_of(part: str) -> str:
    """The file of a part."""
    return f"{part}.safetensors"


def cut_log(log: Path, step: int) -> None:
    """Cut a log after `step`, and a torn last line, through a temporary file and a rename."""
    if not log.exists():
        return
    lines = []
    for line, row in documents.lines(log):
        if row is not None and isinstance(at := row.get("step"), int | float) and at <= step:
            lines.append(line.rstrip(b"\r\n") + b"\n")
    with file(log) as passing:
        passing.write_bytes(b"".join(lines))
        sync(passing)
    sync(log.parent)


def plain(value: Tensor) -> Tensor:
    """As safetensors wants it: on the CPU, contiguous, its memory shared with no other."""
    return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
