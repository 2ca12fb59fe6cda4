"""What leaves: images as files that say what made them, one alone, several in a picture, as JSON or as a zip."""

from __future__ import annotations

import base64
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from PIL import Image

from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.deploy.label import Disclosure, carried, labelled
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.replies import Images, OneImage
from saddlepoint.deploy.serve.schemas import Ask
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pictures import grid
from saddlepoint.report.motion import gif

RATE = 12
"""images a second of a GIF"""
_ENDINGS = {".npy": ".npz", ".txt": ".jsonl", ".csv": ".npz"}  # which can say who made it
PREVIEW = 128
"""pixels of the longer side of a preview"""


@final
@dataclass(frozen=True)
class Parcel:
    """An answer: its bytes, what they are, and what is said beside them."""

    content: bytes
    media_type: str
    headers: Mapping[str, str]


def pack(
    served: Served,
    ask: Ask,
    pictures: Sequence[Made],
    columns: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Parcel:
    """The images in the form that was asked for; every file carries its disclosure.

    columns: of several images in one picture; None for about as many as rows. facts: figures of the whole.
    """
    pictures = [_reduced(one) for one in pictures] if ask.preview else pictures
    headers = served.headers
    for name, value in (facts or {}).items():
        headers[f"X-{name.capitalize()}"] = str(value)
    if ask.answer == "image":
        single = pictures[0] if len(pictures) == 1 else _side_by_side(pictures, columns, ask)
        headers["X-Disclosure"] = ", ".join(carried(single.picture.size))
        return Parcel(file_of(served, ask, single), f"image/{ask.form}", headers)
    if ask.answer == "gif":  # 256 colours a picture hold no watermark
        headers["X-Disclosure"] = "metadata"
        whole = Disclosure(
            _of_all(pictures), served.full_name, served.model.version, {**ask.settings(), "images": len(pictures)}
        )
        return Parcel(gif((one.picture for one in pictures), RATE, whole.words), "image/gif", headers)
    headers["X-Disclosure"] = ", ".join(carried(pictures[0].picture.size))
    files = [file_of(served, ask, one) for one in pictures]
    values = [value_file(served, one) for one in pictures]
    entries = [described(one, file, ask, value) for one, file, value in zip(pictures, files, values)]
    answer = Images(model=served.full_name, version=served.model.version, images=entries, facts=dict(facts or {}))
    if ask.answer == "json":
        return Parcel(answer.model_dump_json().encode(), "application/json", headers)
    return Parcel(_zipped(answer, files, values, ask), "application/zip", headers)


def file_of(served: Served, ask: Ask, one: Made) -> bytes:
    """One image as a file with its disclosure."""
    disclosure = Disclosure(one.made, served.full_name, served.model.version, one.settings)
    return labelled(one.picture, disclosure, form=ask.form)


def value_file(served: Served, one: Made) -> tuple[bytes, str] | None:
    """What is no image as a file of its kind, with the ending; it says who made it. None of an image."""
    if one.value is None:
        return None
    kind, value = one.value
    words = Disclosure(one.made, served.full_name, served.model.version, one.settings).words
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"value{_ENDINGS.get(kind.endings[0], kind.endings[0])}"
        kind.write(value, path, {"made by": words})
        return path.read_bytes(), path.suffix


def described(one: Made, file: bytes, ask: Ask, value: tuple[bytes, str] | None = None) -> OneImage:
    """A file with what it depends on, for an answer in JSON. value: a file of its own kind beside the drawing."""
    return OneImage(
        image=base64.b64encode(file).decode(),
        media_type=f"image/{ask.form}",
        width=one.picture.width,
        height=one.picture.height,
        made=one.made,
        settings=one.settings,
        disclosure=list(carried(one.picture.size)),
        value=None if value is None else base64.b64encode(value[0]).decode(),
        value_ending=None if value is None else value[1],
    )


def _zipped(answer: Images, files: Sequence[bytes], values: Sequence[tuple[bytes, str] | None], ask: Ask) -> bytes:
    content = io.BytesIO()
    summary = answer.model_dump(exclude={"images": {"__all__": {"image", "value"}}})
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as opened:
        for index, file in enumerate(files):
            opened.writestr(f"{index:05d}.{'jpg' if ask.form == 'jpeg' else 'png'}", file)
        for index, value in enumerate(values):
            if value is not None:
                opened.writestr(f"{index:05d}{value[1]}", value[0])
        opened.writestr("answer.json", json.dumps(summary, indent=1))
    return content.getvalue()


def _side_by_side(pictures: Sequence[Made], columns: int | None, ask: Ask) -> Made:
    pixels = torch.from_numpy(np.stack([np.array(as_pixels(one.picture)) for one in pictures]))
    return Made(grid(pixels, columns, enlarge=1), _of_all(pictures), {**ask.settings(), "images": len(pictures)})


def _of_all(pictures: Sequence[Made]) -> Literal["generated", "modified"]:
    return "modified" if any(one.made == "modified" for one in pictures) else "generated"


def _reduced(one: Made) -> Made:
    small = one.picture.copy()
    small.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    return Made(small, one.made, one.settings, one.value)
