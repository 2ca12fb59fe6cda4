"""Every picture that leaves says that a model made it: in its metadata, from 256x256 pixels up in its pixels too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from PIL import Image

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.deploy.metadata import Disclosure, Form, encoded
from saddlepoint.deploy.watermark import available, large_enough, mark
from saddlepoint.errors import ShapeError

__all__ = ["Disclosure", "Form", "carried", "disclosed", "labelled"]


def disclosed(model: Model, made: Literal["generated", "modified"], settings: Mapping[str, Any]) -> Disclosure:
    """The disclosure of a picture that this model made, or made of a given one. Settings that are None are left out."""
    return Disclosure(made, model.name, model.version, {n: value for n, value in settings.items() if value is not None})


def labelled(picture: Image.Image, disclosure: Disclosure, *, form: Form = "png", watermark: bool = True) -> bytes:
    """The picture as a file with its disclosure.

    watermark: also mark the pixels, where the picture is large enough and the library is there; `carried` says.
    Raises ShapeError for a picture that is neither grey nor colour, ConfigError for settings that cannot be written.
    """
    if picture.mode not in ("L", "RGB"):
        raise ShapeError(f"a labelled picture is grey (L) or colour (RGB); this one is {picture.mode}.")
    if watermark and "watermark" in carried(picture.size):
        picture = mark(picture)
    return encoded(picture, disclosure, form)


def carried(size: tuple[int, int], watermark: bool = True) -> tuple[str, ...]:
    """What `labelled` puts into a picture of this width and height: ("metadata",) or ("metadata", "watermark")."""
    return ("metadata", "watermark") if watermark and large_enough(size) and available() else ("metadata",)
