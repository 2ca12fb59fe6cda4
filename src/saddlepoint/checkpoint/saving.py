"""From a trained model to a folder for others: which of it is kept, with its figures, its picture and its card."""

from __future__ import annotations

import dataclasses
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint import config, kinds
from saddlepoint.checkpoint import hub, pretrained
from saddlepoint.checkpoint.card import card
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pictures import grid
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit, content, judged
from saddlepoint.text import printable

if TYPE_CHECKING:
    from saddlepoint.checkpoint.model import Model

_SHOWN = 16
"""images in the picture of a card"""
_MOST_PICTURE = 32 << 20
_EVALUATION = "evaluation.json"
"""what `saddle evaluate` leaves in the folder of a run"""


def configuration(model: Model) -> dict[str, Any]:
    """All that the networks are made from, as plain values."""
    return {
        "method": model.name,
        "options": config.to_json(model.method),
        "dataset": {
            "fields": {name: kinds.to_json(kind) for name, kind in model.spec.fields.items()},
            "about": str(model.spec.main),
            "shape": list(model.spec.shape),
            "classes": list(model.spec.classes),
            "images": model.spec.examples,
        },
        "clock": dataclasses.asdict(model.clock),
    }


def save(model: Model, folder: Path, picture: Path | None) -> None:
    """Write a model's folder. Raises RunError when something is there already, CheckpointError for a bad picture."""
    package = pretrained.package_of(model.name)
    described = {**configuration(model), "package": package, "version": model.version}
    shown = _picture(model) if picture is None else _given(picture)
    figures = _figures(model)
    facts = pretrained.without_paths(model.facts)
    text = card(model.tasks, described, facts, figures, pretrained.PICTURE if shown else None)
    extra = {pretrained.CARD: printable(text, lines=True).encode(), **({pretrained.PICTURE: shown} if shown else {})}
    pretrained.write(folder, described, model.facts, model.needed.state_dict(), figures, extra)


def push(model: Model, repo: str, private: bool) -> str:
    """Upload a model's folder, or that which it was read from, with its card as it is there. Returns the address."""
    if pretrained.is_packed(model.path):
        return hub.push(model.path, repo, private=private, card=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        save(model, folder, None)
        return hub.push(folder, repo, private=private, card=False)


def _figures(model: Model) -> dict[str, Any]:
    """What was measured of this very checkpoint; nothing where it was not."""
    known: dict[str, Any] = model.facts.get("figures", {})
    path = model.home / _EVALUATION
    if known or not path.exists():
        return known
    try:
        scores = documents.table(path)
    except (OSError, Unfit):
        return {}
    if scores.get("measured") != f"{model.name} after {model.clock.examples:,} images":
        return {}
    kept = ("measured", "scores", "for a paper", "warnings", "by group")
    return {name: scores[name] for name in kept if name in scores}


def _picture(model: Model) -> bytes | None:
    """The first images of seed 0 as a PNG; None for points and translations, which would show somebody's data."""
    if model.task("generate") is None or not isinstance(model.spec.main, Image):
        return None
    picture = io.BytesIO()
    grid(model.sample(_SHOWN, seed=0)).save(picture, "PNG")
    return picture.getvalue()


def _given(picture: Path) -> bytes:
    with judged(f"the picture {picture}", CheckpointError):
        data = content(picture, _MOST_PICTURE)
        if not data.startswith(b"\x89PNG"):
            raise Unfit("it is no PNG")
        return data
