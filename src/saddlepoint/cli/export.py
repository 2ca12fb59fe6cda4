"""export: write a trained model for other programs: as one folder, as ONNX, or as a graph of PyTorch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from saddlepoint.checkpoint.bundle import load
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.export import export
from saddlepoint.deploy.parity import BATCHES, LIMIT
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import print_table


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a trained model for others, without what only training needs.

    bundle: a folder with weights, settings, provenance and a model card, which every command of saddle takes and which
    `Model.push_to_hub` sends to the Hugging Face hub. onnx, torch: each thing that the model can be asked as a graph
    that needs no code of ours, for a batch of any size, checked against the model on random inputs; where one differs,
    nothing is written.
    """

    run: tyro.conf.Positional[Path]
    """the folder of a run, of one of its checkpoints or of a saved model, or hub:OWNER/NAME"""
    to: Literal["bundle", "onnx", "torch"]
    """format to write; torch is a .pt2 file for torch.export.load"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """folder to write; by default under RUN/exported; a bundle gets a new one named by its version"""
    picture: Path | None = None
    """bundle: PNG for the model card; by default samples of the model, and none for a translator"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle export RUN --to bundle|onnx|torch`."""
    found = tyro.cli(Export, prog="saddle export", args=arguments)
    if found.picture is not None and found.to != "bundle":
        raise ConfigError("--picture is for the card of a bundle; leave it out.")
    model = load(found.run)
    own = model.home / "exported"
    default = own / f"{model.name}-{model.version}" if found.to == "bundle" else own
    target = Destination(found.out or default, named=found.out is not None, folders=True)
    if found.to == "bundle":
        with target as (folder,):
            model.save_pretrained(folder, picture=found.picture)
        print(target.path)
        return 0
    with target as (folder,):
        written = export(model, found.to, folder, say=lambda text: print(text, file=sys.stderr, flush=True))
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
    runs = "ONNX Runtime" if found.to == "onnx" else "PyTorch's graph"
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
