"""A model for programs without this library: each thing that it can be asked as a graph, checked against the method.

Nothing is written before all of it has passed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.export import ExportedProgram

from saddlepoint.checkpoint.model import Model
from saddlepoint.deploy.graph import onnx_of, program_of, pt2_of
from saddlepoint.deploy.parity import BATCHES, LIMIT, Runs, by_session, check, session_of
from saddlepoint.deploy.parts import Part, parts_of
from saddlepoint.errors import CapabilityError
from saddlepoint.storage.whole import replace
from saddlepoint.version import __version__

Form = Literal["onnx", "torch"]
ENDINGS: dict[Form, str] = {"onnx": ".onnx", "torch": ".pt2"}


@dataclass(frozen=True, eq=False)
class Exported:
    """One part as a file's content, with the largest difference to the method itself (see `parity`)."""

    part: Part
    content: bytes
    difference: float


def export(
    model: Model, form: Form, folder: Path, say: Callable[[str], object] = lambda text: None
) -> list[tuple[Path, Exported]]:
    """Write everything that the model can be asked, a file each, and say what the files are in export.json.

    say: is told of each part as its turn comes.
    Raises CapabilityError where a graph cannot be made or differs from the method; nothing is written then.
    """
    files = list(exported(model, form, say))
    paths = [folder / f"{one.part.name}{ENDINGS[form]}" for one in files]
    for path, one in zip(paths, files):
        replace(path, one.content)
    facts = {
        "model": model.name,
        "version": model.version,
        "limit": LIMIT,
        "batches": list(BATCHES),
        "files": {
            path.name: {
                "inputs": dict(one.part.inputs),
                "output": dict([one.part.output]),
                "difference": one.difference,
            }
            for path, one in zip(paths, files)
        },
    }
    replace(folder / "export.json", (json.dumps(facts, indent=1) + "\n").encode())
    return list(zip(paths, files))


def exported(
    model: Model,
    form: Form,
    say: Callable[[str], object] = lambda text: None,
    accepts: Callable[[Part], bool] = lambda part: True,
) -> Iterator[Exported]:
    """Each part that `accepts` takes as a file's content, checked. Raises CapabilityError as `export` does."""
    for part, program in graphs(model, say, accepts):
        if form == "onnx":
            content = onnx_of(part, program, facts_of(model, part))
            runs, what = by_session(part, session_of(content)), "ONNX"
        else:
            content = pt2_of(program)
            runs, what = _by_torch(content), "a PyTorch graph"
        yield Exported(part, content, check(part, runs, what))


def graphs(
    model: Model, say: Callable[[str], object] = lambda text: None, accepts: Callable[[Part], bool] = lambda part: True
) -> Iterator[tuple[Part, ExportedProgram]]:
    """Each part that `accepts` takes with its graph; truncation is an input where it can be, else fixed at 1."""
    fixed = parts_of(model, adjustable=False)
    for part, plain in zip(parts_of(model), fixed):
        if not accepts(part):
            continue
        say(f"{part.name}: tracing and checking, which takes seconds to a minute")
        try:
            yield part, program_of(part)
        except CapabilityError:
            if "truncation" not in part.inputs:
                raise
            yield plain, program_of(plain)


def facts_of(model: Model, part: Part) -> dict[str, str]:
    """The metadata of an ONNX file."""
    facts = {
        "saddlepoint": __version__,
        "model": model.name,
        "version": model.version,
        "does": part.name,
        "inputs": json.dumps(dict(part.inputs)),
        "output": json.dumps(dict([part.output])),
        "classes": json.dumps(list(model.spec.classes)),
        "noise": "constant",
    }
    if part.name == "generate" and "truncation" not in part.inputs:
        facts["truncation"] = "fixed at 1"
    return facts


def _by_torch(content: bytes) -> Runs:
    program = torch.export.load(io.BytesIO(content)).module()

    def runs(inputs: tuple[Tensor, ...]) -> Tensor:
        output: Tensor = program(*inputs)
        return output.cpu()

    return runs
