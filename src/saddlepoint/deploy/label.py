"""Every picture that leaves says that a model made it: in its metadata, from 256x256 pixels up in its pixels too."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.deploy.metadata import Disclosure, Form, encoded
from saddlepoint.deploy.watermark import large_enough, mark
from saddlepoint.errors import ShapeError
from saddlepoint.kinds.kind import Kind
from saddlepoint.storage.whole import disk_errors, replace

__all__ = ["Disclosure", "Form", "carried", "disclosed", "labelled", "write", "write_example", "write_examples"]


def disclosed(model: Model, made: Literal["generated", "modified"], settings: Mapping[str, Any]) -> Disclosure:
    """The disclosure of a picture that this model made, or made of a given one. Settings that are None are left out."""
    return Disclosure(made, model.name, model.version, {n: value for n, value in settings.items() if value is not None})


def labelled(picture: Image.Image, disclosure: Disclosure, *, form: Form = "png", watermark: bool = True) -> bytes:
    """The picture as a file with its disclosure.

    watermark: also mark the pixels, where the picture is large enough; `carried` says.
    Raises ShapeError for a picture that is neither grey nor colour, ConfigError for settings that cannot be written.
    """
    if picture.mode not in ("L", "RGB"):
        raise ShapeError(f"a labelled picture is grey (L) or colour (RGB); this one is {picture.mode}.")
    if watermark and "watermark" in carried(picture.size):
        picture = mark(picture)
    return encoded(picture, disclosure, form)


def carried(size: tuple[int, int], watermark: bool = True) -> tuple[str, ...]:
    """What `labelled` puts into a picture of this width and height: ("metadata",) or ("metadata", "watermark")."""
    return ("metadata", "watermark") if watermark and large_enough(size) else ("metadata",)


_FORMS: dict[str, Form] = {".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
_MUTE = {".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"}


def write(picture: Image.Image, path: Path, disclosure: Disclosure, words: str = "") -> None:
    """Write a file of a command: metadata alone, so that its pixels are what the model made, to the byte.

    path: its ending says the form, PNG where that is none of the others; a TIFF or BMP says nothing. words: what the
    file says to people, where that is more than the disclosure's own sentence.
    Raises RunError when it cannot be written.
    """
    ending = path.suffix.lower()
    if ending in _MUTE:
        content = io.BytesIO()
        picture.save(content, _MUTE[ending])
        replace(path, content.getvalue())
    else:
        replace(path, encoded(picture, disclosure, _FORMS.get(ending, "png"), words))


def write_example(kind: Kind, value: Tensor, path: Path, disclosure: Disclosure, words: str = "") -> None:
    """Write one example of any kind in the form that the ending of `path` names, saying where it comes from.

    Examples that are pictures go through `write`; others say it in the way of their form: comments, an entry.
    Raises ConfigError for a form that the kind does not have, RunError when it cannot be written.
    """
    picture = None if path.suffix.lower() in (".npy", ".npz") else kind.raster(value)
    if picture is not None:
        write(picture, path, disclosure, words)
        return
    with disk_errors(str(path)):
        kind.write(value, path, _facts(disclosure, words))


def write_examples(kind: Kind, values: Tensor, path: Path, disclosure: Disclosure, words: str = "") -> None:
    """Write examples [n, ...] into one file of an ending among `kind.sheets`, as `write_example` writes one."""
    with disk_errors(str(path)):
        kind.write_sheet(values, path, _facts(disclosure, words))


def _facts(disclosure: Disclosure, words: str) -> dict[str, str]:
    """What a file that is no picture says of its origin."""
    facts = {"description": words or disclosure.words, "model": f"{disclosure.model} {disclosure.version}"}
    return {**facts, "settings": json.dumps(dict(disclosure.settings), default=str)}
