"""What is asked, as typed JSON: the names, ranges and sentences that the OpenAPI description shows."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, EncodedBytes, EncoderProtocol, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from saddlepoint.config import nearest
from saddlepoint.deploy.finish import MOST_BEND
from saddlepoint.deploy.serve import limits
from saddlepoint.deploy.serve.shelf import NAME

_JOB = r"[0-9a-f]{32}"


class _Base64(EncoderProtocol):
    """Base64 that holds nothing else, where pydantic's own leaves out what it does not know."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        return binascii.a2b_base64(data, strict_mode=True) if data else b""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return base64.b64encode(value)

    @classmethod
    def get_json_format(cls) -> str:
        return "base64"


File = Annotated[bytes, EncodedBytes(encoder=_Base64)]
Name = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
Place = Annotated[
    Annotated[int, Field(ge=0, lt=2**53)]
    | Annotated[str, StringConstraints(pattern=rf"^([0-9]{{1,15}}(:[0-9]{{1,4}})?|job:{_JOB})$")],
    Field(union_mode="left_to_right"),
]
"""an image: its seed; "SEED:ROW" for another than the first of a seed; "job:ID" for what a job projected"""
Places = Annotated[list[Place], Field(fail_fast=True)]
JobId = Annotated[str, StringConstraints(pattern=f"^{_JOB}$")]
Unit = Annotated[str, StringConstraints(min_length=1, max_length=limits.MOST_UNIT)]
Word = Annotated[str, StringConstraints(max_length=limits.MOST_LETTERS)]
Label = Annotated[int, Field(ge=0, lt=2**31)] | Word | None
"""a class, by its place or by its name"""
Strength = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Truncation = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]


Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Focal = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=1, le=limits.MOST_VIEW_SIDE)]
Row = Annotated[list[Number], Field(min_length=4, max_length=4, fail_fast=True)]


class Typed(BaseModel):
    """Nothing but what is named here."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        """Refuses unknown names in one sentence, before anything is looked at: pydantic has an error for each."""
        unknown = [str(name) for name in values if name not in cls.model_fields] if isinstance(values, dict) else []
        if unknown:
            others = f" (nor are {len(unknown) - 1} others)" if len(unknown) > 1 else ""
            near = nearest(unknown[0][:40], cls.model_fields).rstrip(".")
            text = f"{unknown[0][:40]!r} is not known here{others}{near}"
            raise PydanticCustomError("unknown", "{text}", {"text": text})
        return values


class OfModel(Typed):
    """What every request has."""

    model: Name | None = Field(
        default=None, description="NAME or NAME@CHANNEL; the first that is served where none is named"
    )
    unit: Unit | None = Field(
        default=None,
        description="a key of yours for the person or device, which always meets the same version of a model that is"
        " compared (A/B); kept as a keyed hash only",
    )

    def settings(self) -> dict[str, Any]:
        """What the answer depends on."""
        return {}


class Ask(OfModel):
    """What every request for images has."""

    form: Literal["png", "jpeg"] = Field(default="png", description="of the image files")
    answer: Literal["image", "json", "zip", "gif"] = Field(
        default="image",
        description="image: one file, several images side by side in it; json, zip: a file for each; gif: one after"
        " another in one file, whatever `form` says",
    )
    preview: bool = Field(default=False, description="a small image, quickly, instead of the whole one")

    def settings(self) -> dict[str, Any]:
        """What the images depend on, for their disclosure."""
        left_out = {"model", "unit", "consent", "form", "answer", "task", "image", "reference", "mask"}
        return self.model_dump(exclude=left_out if self.preview else {*left_out, "preview"}, exclude_none=True)


class SampleAsk(Ask):
    """New images, or other examples. Example n of a seed depends on the two alone, to rounding.

    What is no image is drawn for `image` and `gif`; `json` and `zip` bring a file of its own kind beside the drawing.
    """

    task: Literal["sample"] = "sample"
    seeds: Places = Field(
        default=[0], min_length=1, max_length=limits.MOST_PLACES, description="which images: 7, or 1:5"
    )
    n: int = Field(default=1, ge=1, le=limits.MOST_PLACES, description="how many of each seed")
    label: Label = Field(default=None, description="the class by name or place, where the model knows classes")
    given: dict[Word, Word] = Field(
        default={},
        max_length=limits.MOST_CONDITIONS,
        description="other conditions by name, in words, as the model's entry lists them: attributes, for example",
    )
    truncation: Truncation = Field(default=1.0, description="below 1: nearer to the average, less varied")

    def settings(self) -> dict[str, Any]:
        """What the examples depend on."""
        values = super().settings()
        return values if self.given else {name: value for name, value in values.items() if name != "given"}


class InterpolateAsk(Ask):
    """A way from image to image."""

    task: Literal["interpolate"] = "interpolate"
    seeds: Places = Field(
        default=[0, 1], min_length=2, max_length=limits.MOST_WAYPOINTS, description="the images on the way"
    )
    steps: int = Field(default=8, ge=1, le=limits.MOST_PLACES, description="from one to the next")
    along: Literal["line", "great-circle", "smooth"] | None = Field(
        default=None, description="by default a great circle in z and a line in w+"
    )
    space: Literal["z", "w", "w+"] | None = Field(
        default=None, description="latent space; by default w+ if the model has it"
    )
    closed: bool = Field(default=False, description="back to the first")
    label: Label = Field(default=None, description="the class of all, where the model knows classes")
    truncation: Truncation = 1.0


class MixAsk(Ask):
    """Each row's image with the named layers of each column's: a table, row by row."""

    task: Literal["mix"] = "mix"
    rows: Places = Field(default=[0], min_length=1, max_length=limits.MOST_SIDE)
    columns: Places = Field(default=[1], min_length=1, max_length=limits.MOST_SIDE)
    layers: Word = Field(default="coarse", description="coarse, middle, fine, coarse+middle, 0-3, 2+5")
    truncation: Truncation = 1.0


class EditAsk(Ask):
    """Images moved along a direction, a row for each image and a column for each strength."""

    task: Literal["edit"] = "edit"
    seeds: Places = Field(default=[0], min_length=1, max_length=limits.MOST_WAYPOINTS)
    direction: Word = Field(description="its name, as the model's entry lists it")
    strengths: list[Strength] = Field(
        default=[-2.0, 0.0, 2.0],
        min_length=1,
        max_length=limits.MOST_WAYPOINTS,
        fail_fast=True,
        description="in deviations",
    )
    layers: Word | None = Field(default=None, description="of styles: those that are moved; all by default")
    off: list[Word] = Field(
        default=[],
        max_length=limits.MOST_NEIGHBOURS,
        fail_fast=True,
        description="directions along which nothing is to move",
    )
    label: Label = None
    truncation: Truncation = 1.0


CONSENT: Any = Field(
    default=False, description="everybody who is shown agrees; asked for where the service looks for faces"
)


class ProjectSettings(Ask):
    """How the code of a given image is sought; the answer is the image that the model makes of it."""

    consent: bool = CONSENT

    space: Literal["z", "w", "w+"] | None = Field(
        default=None, description="latent space; by default w+ if the model has it"
    )
    steps: int = Field(default=100, ge=1, le=100_000)
    candidates: int = Field(
        default=128, ge=0, le=limits.MOST_CANDIDATES, description="random codes of which the nearest is the start"
    )
    label: Label = None
    seed: int = Field(default=0, ge=0, lt=2**53)


class TranslateSettings(Ask):
    """How a given image is translated. What is larger than the trained side is worked on in windows."""

    consent: bool = CONSENT

    origin: Word | None = Field(
        default=None, description="which kind the image is of, where the model knows more ways than one"
    )
    seed: int = Field(default=0, ge=0, lt=2**53, description="random seed for models that can give several answers")
    resize: bool = Field(default=False, description="bring the image to the trained side first")
    overlap: int | None = Field(
        default=None, ge=0, le=limits.MOST_OVERLAP, description="pixels that windows share; an eighth by default"
    )
    strength: Share = Field(default=1.0, description="share of the translation; the rest is the given image")
    lens: float = Field(
        default=0.0,
        ge=-MOST_BEND,
        le=MOST_BEND,
        allow_inf_nan=False,
        description="first straighten what a lens has bent: below 0 a barrel, above 0 a cushion",
    )
    even_light: bool = Field(default=False, description="first even out light that falls off across the image")
    white_balance: bool = Field(default=False, description="first even out a cast of the light (grey world)")
    keep_colour: bool = Field(
        default=False, description="give the result the mean and spread of the given image's colours"
    )
    sharpen: Share = Field(default=0.0, description="strength of an unsharp mask at the end")


class CompleteSettings(Ask):
    """How the rest of a given image is made: what is known of it stays, and the rest is drawn anew for each of `n`."""

    consent: bool = CONSENT

    half: Literal["upper", "lower", "left", "right"] = Field(
        default="upper", description="the part of the image that is known, where no mask says it"
    )
    n: int = Field(default=1, ge=1, le=limits.MOST_PLACES, description="how many different completions")
    seed: int = Field(default=0, ge=0, lt=2**53)
    label: Label = Field(default=None, description="the class by name or place, where the model knows classes")
    temperature: float = Field(
        default=1.0, gt=0, le=10, allow_inf_nan=False, description="below 1: nearer to what is likeliest"
    )


class CameraEntry(Typed):
    """A camera: its pose in OpenCV's axes (x right, y down, z ahead), its lens in pixels of its own picture."""

    camera_to_world: list[Row] = Field(
        min_length=4, max_length=4, fail_fast=True, description="4x4, a rotation and a place in units of the scene"
    )
    fx: Focal
    fy: Focal
    cx: Number
    cy: Number
    width: Side
    height: Side


Lift = Annotated[float, Field(ge=-80, le=80, description="degrees above the orbit's own height")]
Nearer = Annotated[float, Field(ge=0.25, le=4, description="how many times nearer to the centre of the scene")]
Output = Annotated[
    Literal["image", "depth", "opacity"],
    Field(
        description="what is drawn of each view; of depth near is bright, and `json` and `zip` bring its numbers too"
    ),
]
PHOTOGRAPHS = ("image", *(f"image_{number}" for number in range(2, limits.MOST_PHOTOGRAPHS + 1)))
"""the fields of the photographs that a scene is made of, in their order"""


class RenderAsk(Ask):
    """Views of a scene: from cameras once around it, at the size of the trained views, or from `cameras`."""

    task: Literal["render"] = "render"
    orbit: int = Field(default=8, ge=1, le=limits.MOST_PLACES, description="views once around the scene")
    views: list[Annotated[int, Field(ge=0, lt=limits.MOST_PLACES)]] | None = Field(
        default=None,
        min_length=1,
        max_length=limits.MOST_PLACES,
        fail_fast=True,
        description="numbers of the orbit's views, from 0; all of them by default",
    )
    lift: Lift = 0.0
    nearer: Nearer = 1.0
    cameras: list[CameraEntry] | None = Field(
        default=None,
        min_length=1,
        max_length=limits.MOST_CAMERAS,
        fail_fast=True,
        description="cameras in place of the orbit's, all of one size",
    )
    time: Share | None = Field(
        default=None,
        description="moment from 0 to 1 of a scene that moves; by default the views go from the first to the last",
    )
    output: Output = "image"

    def settings(self) -> dict[str, Any]:
        """What the views depend on; cameras by their number, since each view names its own."""
        left_out = {"output"} if self.output == "image" else set()
        left_out |= {name for name, usual in (("lift", 0), ("nearer", 1)) if getattr(self, name) == usual}
        cameras = {} if self.cameras is None else {"cameras": len(self.cameras)}
        left_out |= ({"orbit"} if cameras else set()) | ({"time"} if self.time is None else set())
        return {name: value for name, value in super().settings().items() if name not in left_out} | cameras


class ReconstructSettings(Ask):
    """Views, from cameras once around it, of the scene that a model makes of photographs of a thing.

    The photographs are taken as from equal turns once around the thing, the first of them from view 0.
    """

    consent: bool = CONSENT

    orbit: int = Field(default=8, ge=1, le=limits.MOST_PLACES, description="views once around the scene")
    view: int | None = Field(
        default=None, ge=0, lt=limits.MOST_PLACES, description="number of the orbit's only view that is wanted, from 0"
    )
    lift: Lift = 0.0
    nearer: Nearer = 1.0
    expression: Word | None = Field(
        default=None, description="what a face shall do, as numbers with commas between, where the model takes one"
    )
    output: Output = "image"

    @property
    def photographs(self) -> list[bytes]:
        """Those that were sent, in their order."""
        sent = (getattr(self, name, None) for name in PHOTOGRAPHS)
        return [content for content in sent if content is not None]

    def settings(self) -> dict[str, Any]:
        """What the views depend on beside the photographs, of which it says how many there were."""
        left_out = {*PHOTOGRAPHS, *({"output"} if self.output == "image" else ())}
        left_out |= {name for name, usual in (("lift", 0), ("nearer", 1)) if getattr(self, name) == usual}
        values = {name: value for name, value in super().settings().items() if name not in left_out}
        return {**values, "photographs": len(self.photographs)}


class PredictSettings(OfModel):
    """What the model is to say of a given image: everything that it predicts."""

    consent: bool = CONSENT


class ScoreSettings(OfModel):
    """How likely the model finds a given image."""

    consent: bool = CONSENT


class ProjectAsk(ProjectSettings):
    """A projection as a job."""

    task: Literal["project"] = "project"
    image: File = Field(description="the image file")


class TranslateAsk(TranslateSettings):
    """A translation as a job."""

    task: Literal["translate"] = "translate"
    image: File = Field(description="the image file")
    reference: File | None = Field(default=None, description="an image to take the manner from, where the model can")


class CompleteAsk(CompleteSettings):
    """Completions as a job."""

    task: Literal["complete"] = "complete"
    image: File = Field(description="the image file")
    mask: File | None = Field(default=None, description="an image of the same size, white where the other is known")

    @property
    def reference(self) -> bytes | None:
        """The second file."""
        return self.mask


class ReconstructAsk(ReconstructSettings):
    """Views of a scene of photographs as a job."""

    task: Literal["reconstruct"] = "reconstruct"
    image: File = Field(description="the photograph, or the first of them")
    image_2: File | None = None
    image_3: File | None = None
    image_4: File | None = None
    image_5: File | None = None
    image_6: File | None = None
    image_7: File | None = None
    image_8: File | None = None


AnyAsk = Annotated[
    SampleAsk
    | InterpolateAsk
    | MixAsk
    | EditAsk
    | RenderAsk
    | ProjectAsk
    | TranslateAsk
    | CompleteAsk
    | ReconstructAsk,
    Field(discriminator="task"),
]
