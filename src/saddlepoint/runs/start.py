"""Starts a run from the weights of a trained one instead of fresh networks."""

from __future__ import annotations

from pathlib import Path

from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.facts import read_facts, spec_of
from saddlepoint.checkpoint.model import find_checkpoint
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer, load_networks, under
from saddlepoint.errors import CheckpointError


def start_from(trainer: Trainer, start: Path) -> None:
    """Weights of a trained run into new networks. Raises CheckpointError naming what does not fit."""
    tensors, _ = files.read(find_checkpoint(start), ("nets", "average"))
    try:
        load_networks(trainer.nets, {**under("nets/", tensors), **under("average/", tensors)})
    except CheckpointError as error:
        shape = spec_of(read_facts(Folder(find_checkpoint(start).parent.parent))).shape
        there = f"{start} (made for images of {'x'.join(map(str, shape))})"
        raise CheckpointError(f"{there} cannot be the start of this run: {error}") from error
    trainer.average_anew()
