"""export: write a trained model for other programs: as one folder, as ONNX, or as a graph of PyTorch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.export import export
from saddlepoint.deploy.label import disclosed, write_example
from saddlepoint.deploy.parity import BATCHES, LIMIT
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.mesh_files import MESH_ENDINGS
from saddlepoint.methods.tasks import knows
from saddlepoint.report.tables import print_table

_SIDE = 64  # places along each axis of things whose data has none


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a trained model for others, without what only training needs.

    bundle: a folder with weights, settings, provenance and a model card, which every command of saddle takes and which
    `Model.push_to_hub` sends to the Hugging Face hub. onnx, torch: each thing that the model can be asked as a graph
    that needs no code of ours, for a batch of any size, checked against the model on random inputs; where one differs,
    nothing is written.
    """

    run: tyro.conf.Positional[Path]
    """the folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    to: Literal["bundle", "onnx", "torch", "file"]
    """format to write; torch is a .pt2 file for torch.export.load; file is what the model holds, such as a scene of
    splats for viewers, in the form that the ending of --out names (.ply, .splat, .spz), or a shape that it makes, as a
    mesh (.glb, .obj, .ply)"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """folder to write; by default under RUN/exported; a bundle gets a new one named by its version"""
    seed: int = 0
    """file: random seed of the shape, for a model that makes shapes from noise; `saddle sample --single` makes many"""
    side: Count | None = None
    """file: places (pixels, voxels, splats) along the longest axis at which a field is read; by default as many as the
    data, and 64 of a thing that is learnt from photographs"""
    picture: Path | None = None
    """bundle: PNG for the model card; by default samples of the model, and none for a translator"""


def _as_file(model: Model, options: Export) -> int:
    """What the model holds, or a shape that it makes, in a form of its kind."""
    task, kind = model.task("build"), model.spec.main
    settings: dict[str, object] = {}
    side = options.side
    if task is not None:
        (word, kind), *_ = task.gives.items()
        usual = kind.ending
    elif model.task("generate") is not None and {*MESH_ENDINGS} <= {*kind.endings}:
        settings["seed"], usual = options.seed, ".glb"
    elif model.task("generate") is not None and knows(model.method, "read-at-side"):
        settings["seed"] = options.seed
        side = side or _SIDE
        kind, _ = _at_side(model, 2, options.seed)
        usual = ".glb" if ".glb" in kind.endings else kind.ending
    elif model.task("rebuild") is not None:
        raise CapabilityError(
            f"{model.name} makes scenes of photographs: write one with `saddle render {options.run} --image PHOTO --out"
            " scene` and the ending of its form."
        )
    else:
        raise CapabilityError(
            f"{model.name} has nothing that can be saved as a file of its own: use --to bundle or onnx."
        )
    out = options.out or model.home / "exported" / f"{model.name}{usual}"
    if out.suffix.lower() not in kind.endings:
        raise kind.unknown_ending(out)
    if side is not None:
        kind, value = _at_side(model, side, options.seed)
        settings["side"] = side
    else:
        value = model.sample(1, seed=options.seed)[0] if task is None else model.do("build", {})[word][0]
    with (target := Destination(out, named=options.out is not None)) as (path,):
        write_example(kind, value, path, disclosed(model, "generated", {"file": out.suffix, **settings}))
    print(target.path)
    return 0


def _at_side(model: Model, side: int, seed: int) -> tuple[Kind, Tensor]:
    """What a model of fields holds, or makes of a seed, at `side` places along the longest axis."""
    method: Any = model.method
    if not knows(method, "read-at-side"):
        raise CapabilityError(f"{model.name} makes one size alone: leave out --side.")
    latents = method.latents(model.nets, 1, seed).to(model.device) if knows(method, "generate") else None
    with torch.no_grad():
        kind, values = method.at_side(model.nets, side, latents)
    return kind, values[0].float().cpu()


def main(arguments: list[str]) -> int:
    """The command line: `saddle export RUN --to bundle|onnx|torch|file`."""
    options = parsed(Export, "saddle export", arguments)
    if options.picture is not None and options.to != "bundle":
        raise ConfigError("--picture is for the card of a bundle; leave it out.")
    model = load(options.run)
    if options.to == "file":
        return _as_file(model, options)
    own = model.home / "exported"
    default = own / f"{model.name}-{model.version}" if options.to == "bundle" else own
    target = Destination(options.out or default, named=options.out is not None, folders=True)
    if options.to == "bundle":
        with target as (folder,):
            model.save_pretrained(folder, picture=options.picture)
        print(target.path)
        return 0
    with target as (folder,):
        written = export(model, options.to, folder, say=lambda text: print(text, file=sys.stderr, flush=True))
    rows = [
        {
            "name": path.name,
            "inputs": ", ".join(one.part.inputs),
            "output": one.part.output[0],
            "kB": round(len(one.content) / 1000),
            "largest difference": one.difference,
        }
        for path, one in written
    ]
    runs = "ONNX Runtime" if options.to == "onnx" else "PyTorch's graph"
    print_table(rows, title=f"{model.name} {model.version}, for a batch of any size")
    print(
        f"{runs} against the model itself on random inputs in batches of {', '.join(map(str, BATCHES))}: a difference"
        f" of up to {LIMIT:g} passes, where images span -1 to 1."
    )
    for _, one in written:
        if one.part.name == "generate":
            adjustable = "truncation" in one.part.inputs
            cut = "an input" if adjustable else "fixed at 1, since the method asks what it is"
            print(f"Truncation is {cut}. The noise of layers, if there is any, is the constant maps.")
    print(target.path)
    return 0
