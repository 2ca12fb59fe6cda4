"""A served model as `GET /v1/models` describes it, and its card."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from saddlepoint.checkpoint import pretrained
from saddlepoint.deploy.serve.lifetime import Lifetime, today
from saddlepoint.deploy.serve.replies import KindEntry, ModelEntry, Shape, TaskEntry
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.latent.mixing import groups
from saddlepoint.methods.tasks import knows


def entry(served: Served, *, default: bool, card: bool) -> ModelEntry:
    """Its name, version, shape, and what it can be asked for."""
    model = served.model
    method: Any = model.method
    main = model.spec.main
    shape = Shape(channels=main.channels, height=main.height, width=main.width) if isinstance(main, Image) else None
    layers = groups(method.style_sides(model.nets)) if knows(method, "styles") else {}
    return ModelEntry(
        name=served.full_name,
        default=default,
        channel=served.channel,
        stage=served.lifetime.stage(today()),
        deprecated=served.lifetime.deprecated,
        sunset=served.lifetime.sunset,
        successor=served.successor if served.lifetime != Lifetime() else None,
        method=model.name,
        version=model.version,
        trained_images=model.clock.examples,
        different_images=model.spec.examples,
        shape=shape,
        tasks=list(served.tasks),
        abilities=[
            TaskEntry(name=task.name, does=task.does, takes=_kinds(task.takes), gives=_kinds(task.gives))
            for task in served.own.values()
        ],
        classes=list(served.classes),
        spaces=list(served.spaces),
        layers={name: list(chosen) for name, chosen in layers.items()},
        directions=[] if served.directions is None else list(served.directions.names),
        origins=dict(method.directions()) if knows(method, "translate") else {},
        takes_reference=served.takes_reference,
        fills=served.fills,
        card=card,
    )


def _kinds(kinds: Mapping[str, Kind]) -> dict[str, KindEntry]:
    return {
        name: KindEntry(
            kind=type(kind).__name__.lower(), what=str(kind), shape=list(kind.shape), in_words=kind.in_words
        )
        for name, kind in kinds.items()
    }


def card_of(served: Served) -> str | None:
    """The card of a saved model; None where it has none, or one that is no plain text beside its weights.

    A link may lead to where the hub's cache keeps the files of a model, and nowhere else: what the card shows is shown
    to every client.
    """
    with suppress(CheckpointError):
        card = pretrained.card_of(served.model.path)
        section = served.lifetime.section(served.full_name, served.successor)
        return card and (card.rstrip() + section if section else card)
    return None
