"""Starts a run from the weights of a trained one, all or those of named networks, instead of fresh networks."""

from __future__ import annotations

from pathlib import Path

from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.facts import read_facts, spec_of
from saddlepoint.checkpoint.find import find_checkpoint
from saddlepoint.config import nearest
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer, load_networks, under
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.tokens import Tokens


def start_from(trainer: Trainer, start: Path) -> None:
    """Copies weights of a trained run into new networks, averaged ones where the run averages.

    start: the run, or RUN:NAME,NAME for those networks alone; the others begin as they were made.
    Raises CheckpointError naming what does not fit, and for a network that one of the two does not have.
    """
    run, names = named_networks(start)
    checkpoint = find_checkpoint(run)
    parts = ("nets", "average", *(("optim",) if trainer.anchor else ()))
    tensors, _ = files.read(checkpoint, parts, checked=True)
    saved = {**under("nets/", tensors), **under("average/", tensors)}
    for name in names:
        _check_there(name, {key.partition(".")[0] for key in saved}, str(run))
        _check_there(name, {own for own, _ in trainer.nets.named_children()}, "this method")
    _check_pieces(trainer, start, checkpoint)
    try:
        if not names:
            load_networks(trainer.nets, saved)
        for name in names:
            load_networks(trainer.nets.get_submodule(name), under(f"{name}.", saved), f"{name}.")
    except CheckpointError as error:
        shape = spec_of(read_facts(Folder(checkpoint.parent.parent))).shape
        there = f"{start} (made for images of {'x'.join(map(str, shape))})"
        raise CheckpointError(f"{there} cannot be the start of this run: {error}") from error
    trainer.average_anew()
    if trainer.anchor:
        trainer.anchor.anew(trainer.groups, names, under("optim/", tensors))


def _check_pieces(trainer: Trainer, start: Path, checkpoint: Path) -> None:
    """Raises CheckpointError where texts are cut into other pieces than those that the weights stand for."""
    texts = {name: kind for name, kind in trainer.data.spec.fields.items() if isinstance(kind, Tokens)}
    if not texts:
        return
    before = spec_of(read_facts(Folder(checkpoint.parent.parent))).fields
    for name, kind in texts.items():
        other = before.get(name)
        if isinstance(other, Tokens) and (other.way, other.pieces, other.merges) != (
            kind.way,
            kind.pieces,
            kind.merges,
        ):
            raise CheckpointError(
                f"{start} knows {other.vocabulary:,} pieces of text ({other.way}), and these are {kind.vocabulary:,}"
                f" others ({kind.way}): its weights stand for its own. Leave out --from, or train both on data that"
                " holds both texts."
            )


def named_networks(start: Path) -> tuple[Path, tuple[str, ...]]:
    """RUN:NAME,NAME as the run and the names; a path that is there is a run as a whole, whatever its name."""
    text, mark, names = str(start).rpartition(":")
    if not mark or start.exists() or "/" in names or "\\" in names:
        return start, ()
    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not chosen:
        raise CheckpointError(f"{start} names no network: write RUN:NAME,NAME, or RUN for all of them.")
    return Path(text), chosen


def _check_there(name: str, networks: set[str], owner: str) -> None:
    if name not in networks:
        known = sorted(networks)
        raise CheckpointError(f"{owner} has no network {name!r}{nearest(name, known)} It has {', '.join(known)}.")
