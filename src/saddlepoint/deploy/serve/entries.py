"""A served model as `GET /v1/models` describes it."""

from __future__ import annotations

from saddlepoint.deploy.serve.schemas import ModelEntry, Shape
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.latent.mixing import groups
from saddlepoint.methods.abilities import Styles, Translates


def entry(served: Served, *, default: bool) -> ModelEntry:
    """Its name, version, shape, and what it can be asked for."""
    model, method = served.model, served.model.method
    channels, height, width = model.spec.shape
    layers = groups(method.style_sides(model.nets)) if isinstance(method, Styles) else {}
    return ModelEntry(
        name=served.full_name,
        default=default,
        channel=served.channel,
        method=model.name,
        version=model.version,
        trained_images=model.clock.examples,
        shape=Shape(channels=channels, height=height, width=width),
        tasks=list(served.tasks),
        classes=list(served.classes),
        spaces=list(served.spaces),
        layers={name: list(chosen) for name, chosen in layers.items()},
        directions=[] if served.directions is None else list(served.directions.names),
        origins=dict(method.directions()) if isinstance(method, Translates) else {},
        takes_reference=served.takes_reference,
        card=(model.path / "README.md").is_file(),
    )
