"""What is answered, as typed JSON: what the OpenAPI description shows of models, images, predictions and jobs."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from saddlepoint.deploy.serve.schemas import Typed


class Shape(Typed):
    """Of the images that the model was trained on."""

    channels: int
    height: int
    width: int


class KindEntry(Typed):
    """What a task takes or gives."""

    kind: str = Field(description="image, label, camera, volume, ...")
    what: str = Field(description="in words, with its size")
    shape: list[int] = Field(description="of one example")
    in_words: bool = Field(default=False, description="whether a request may give it in words, by `given`")


class TaskEntry(Typed):
    """One thing that a model can do. Those with a route here stand in `tasks` too."""

    name: str
    does: str = Field(description="in words")
    takes: dict[str, KindEntry]
    gives: dict[str, KindEntry]


class ModelEntry(Typed):
    """A served model and what it can be asked for."""

    name: str = Field(description="as requests name it")
    default: bool = Field(description="whether it is meant where a request names no model")
    channel: str
    stage: Literal["current", "deprecated", "ended"] = Field(description="how it stands today")
    deprecated: date | None = Field(description="from this day on (UTC) clients should leave it; header `Deprecation`")
    sunset: date | None = Field(description="its last day (UTC), after which it is refused with 410; header `Sunset`")
    successor: str | None = Field(description="what to take in its place, where it has days")
    method: str
    version: str = Field(description="changes with any weight or setting")
    trained_images: int = Field(description="examples seen in training, each as often as it was shown")
    different_images: int = Field(description="how many different ones there were; 0 where that is not known")
    shape: Shape | None = Field(description="of the images that it was trained on; null for what is no image")
    tasks: list[str] = Field(description="the routes that it answers")
    abilities: list[TaskEntry] = Field(description="all that it can do, also where no route asks for it")
    classes: list[str] = Field(description="label order; empty where no class can be chosen")
    spaces: list[str] = Field(description="latent spaces, from z to the one that fits most closely")
    layers: dict[str, list[int]] = Field(description="the layers of style mixing by group; empty without styles")
    directions: list[str] = Field(description="names for `edit`")
    origins: dict[str, str] = Field(description="directions of translation, the default one first")
    takes_reference: bool
    fills: bool = Field(description="whether a translation fills what is transparent in the image")
    card: bool = Field(description="whether it has a model card")


class ModelList(Typed):
    """All that is served."""

    models: list[ModelEntry]
    asks_consent: bool = Field(description="whether uploads with a face need `consent`")
    limits: dict[str, float] = Field(description="the bounds of every request")


class OneImage(Typed):
    """An image file and what it depends on."""

    image: str = Field(description="the file in base64")
    media_type: str
    width: int
    height: int
    made: Literal["generated", "modified"]
    settings: dict[str, Any]
    disclosure: list[str] = Field(description="what the file carries: metadata, watermark")
    value: str | None = Field(default=None, description="of what is no image: a file of its kind, in base64")
    value_ending: str | None = Field(default=None, description="of that file, such as .npz or .ply")


class Images(Typed):
    """Several images in one answer."""

    model: str
    version: str
    images: list[OneImage]
    facts: dict[str, Any] = Field(description="figures of the whole: error and time of a projection")


class ClassShare(Typed):
    """How likely one class is."""

    name: str
    probability: float


class Prediction(Typed):
    """One thing that a model says of an image: classes, a number or a picture."""

    name: str
    what: str = Field(description="what it is, in words")
    classes: list[ClassShare] | None = Field(default=None, description="the likeliest first, a hundred at most")
    value: float | None = None
    picture: OneImage | None = None


class Predictions(Typed):
    """All that a model says of an image."""

    model: str
    version: str
    predictions: list[Prediction]
    remarks: list[str] = Field(description="what was done to the upload before it was looked at")


State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted", "held", "rejected"]
"""held: it fell short of its gate and waits for review; rejected: a person has looked at it and said no"""


class Job(Typed):
    """Work that is done while nobody waits."""

    id: str
    task: str
    model: str
    version: str
    state: State
    progress: float = Field(ge=0, le=1)
    seconds: float = Field(description="for which it has run")
    seconds_left: float | None = Field(description="an estimate, while it runs")
    created: str
    finished: str | None
    preview: bool = Field(description="whether a small image can be had before the whole one")
    result: str | None = Field(description="where the result is, once it is done")
    bytes: int | None = None
    error: dict[str, Any] | None = Field(default=None, description="the problem, where it failed or was interrupted")


class Problem(BaseModel):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request: str = Field(description="its identity in the log")
    mend: str | None = None
    bound: dict[str, float] | None = None
    errors: list[dict[str, Any]] | None = None
