"""The routes of the service, under /v1, with what they take and answer for the OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile
from pydantic import WithJsonSchema

from saddlepoint.deploy.serve import schemas
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal
from saddlepoint.deploy.serve.schemas import (
    AnyAsk,
    EditAsk,
    InterpolateAsk,
    Job,
    MixAsk,
    ModelEntry,
    ModelList,
    ProjectSettings,
    SampleAsk,
    TranslateSettings,
)

_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_WORDS = {
    400: "what was sent cannot be read at all",
    401: "the service asks for a key",
    404: "no such model or job",
    408: "the time bound",
    409: "not done yet",
    410: "cancelled, failed or interrupted: there is no result",
    413: "the bound on bytes",
    415: "the upload is no image of a known kind",
    422: "the request is not valid, or over the bound on pixels, images or steps",
    429: "the bound on rate, queue or jobs; `Retry-After` says when to come again",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[str, Any] = {"image/png": _BINARY, "image/jpeg": _BINARY}
_IMAGES = {
    "description": "the image, or all of them as `answer` asks; `X-Disclosure` says what each file carries",
    "content": {
        **_FILES,
        "application/json": {"schema": {"$ref": "#/components/schemas/Images"}},
        "application/zip": _BINARY,
    },
}


def _answers(*codes: int, ok: dict[str, Any] | None = None, status: int = 200) -> dict[int | str, dict[str, Any]]:
    problems: dict[int | str, dict[str, Any]] = {
        code: {"description": _WORDS[code], **_PROBLEM} for code in sorted({400, 401, 408, 413, 422, 429, *codes})
    }
    return {status: ok, **problems} if ok else problems


router = APIRouter(prefix="/v1")
ModelName = Annotated[schemas.Name, Path(description="NAME or NAME@CHANNEL")]
JobName = Annotated[schemas.JobId, Path(description="the identity that POST /v1/jobs gave")]
Image = Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})]


class ProjectForm(ProjectSettings):
    """A projection whose client waits."""

    image: Image


class TranslateForm(TranslateSettings):
    """A translation whose client waits."""

    image: Image
    reference: Image | None = None


def _sent(parcel: Parcel) -> Response:
    return Response(parcel.content, media_type=parcel.media_type, headers=dict(parcel.headers))


@router.get("/models", tags=["models"], responses=_answers())
async def models(request: Request) -> ModelList:
    """All models that are served, what each can be asked for, and the bounds of every request."""
    entries: list[ModelEntry] = request.app.state.entries
    return ModelList(models=entries, limits=request.app.state.limits)


@router.get("/models/{name}", tags=["models"], responses=_answers(404))
async def model(request: Request, name: ModelName) -> ModelEntry:
    """One of them."""
    served = request.app.state.bench.shelf.find(name)
    entry: ModelEntry = next(one for one in request.app.state.entries if one.name == served.full_name)
    return entry


@router.get(
    "/models/{name}/card",
    tags=["models"],
    response_class=Response,
    responses=_answers(
        404, ok={"description": "Markdown", "content": {"text/markdown": {"schema": {"type": "string"}}}}
    ),
)
async def card(request: Request, name: ModelName) -> Response:
    """Its model card: data, settings, figures, limits."""
    file = request.app.state.bench.shelf.find(name).model.path / "README.md"
    if not file.is_file():
        raise Refusal(404, "no-card", "this model is served from a run, which has no card.", "save it as a bundle")
    return Response(file.read_text(encoding="utf-8"), media_type="text/markdown")


@router.post("/sample", tags=["images"], response_class=Response, responses=_answers(404, ok=_IMAGES))
async def sample(request: Request, ask: SampleAsk) -> Response:
    """New images by seed, class and truncation."""
    return _sent(await request.app.state.bench.answer(ask, "sample"))


@router.post("/interpolate", tags=["images"], response_class=Response, responses=_answers(404, ok=_IMAGES))
async def interpolate(request: Request, ask: InterpolateAsk) -> Response:
    """A way from image to image."""
    return _sent(await request.app.state.bench.answer(ask, "interpolate"))


@router.post("/mix", tags=["images"], response_class=Response, responses=_answers(404, ok=_IMAGES))
async def mix(request: Request, ask: MixAsk) -> Response:
    """A table of style mixtures: each row's image with the named layers of each column's."""
    return _sent(await request.app.state.bench.answer(ask, "mix"))


@router.post("/edit", tags=["images"], response_class=Response, responses=_answers(404, ok=_IMAGES))
async def edit(request: Request, ask: EditAsk) -> Response:
    """Images moved along a direction that the model is served with."""
    return _sent(await request.app.state.bench.answer(ask, "edit"))


@router.post("/project", tags=["images"], response_class=Response, responses=_answers(404, 415, ok=_IMAGES))
async def project(request: Request, ask: Annotated[ProjectForm, Form(media_type="multipart/form-data")]) -> Response:
    """A given image sought in the model's latent space; as a job its code can be edited after (`job:ID`)."""
    return _sent(await request.app.state.bench.answer(ask, "project", await ask.image.read()))


@router.post("/translate", tags=["images"], response_class=Response, responses=_answers(404, 415, ok=_IMAGES))
async def translate(
    request: Request, ask: Annotated[TranslateForm, Form(media_type="multipart/form-data")]
) -> Response:
    """A given image as the model translates it, of any size within the bound on pixels."""
    reference = None if ask.reference is None else await ask.reference.read()
    return _sent(await request.app.state.bench.answer(ask, "translate", await ask.image.read(), reference))


@router.post("/jobs", tags=["jobs"], status_code=202, responses=_answers(404))
async def begin(request: Request, response: Response, ask: AnyAsk) -> Job:
    """Any of the above as a job: nobody waits, and there may be more of it. Images are sent in base64."""
    job: Job = await request.app.state.jobs.begin(ask, request.state.request)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("/jobs/{job}", tags=["jobs"], responses=_answers(404))
async def seen(request: Request, job: JobName) -> Job:
    """How far a job is."""
    found: Job = request.app.state.jobs.seen(job)
    return found


@router.get(
    "/jobs/{job}/preview",
    tags=["jobs"],
    response_class=Response,
    responses=_answers(404, ok={"description": "a small image", "content": _FILES}),
)
async def preview(request: Request, job: JobName) -> Response:
    """A small image of what the job will make, as soon as there is one."""
    content: bytes = request.app.state.jobs.preview(job)
    return Response(content, media_type="image/png" if content.startswith(b"\x89PNG") else "image/jpeg")


@router.get("/jobs/{job}/result", tags=["jobs"], response_class=Response, responses=_answers(404, 409, 410, ok=_IMAGES))
async def result(request: Request, job: JobName) -> Response:
    """What the job has made."""
    return _sent(request.app.state.jobs.result(job))


@router.delete("/jobs/{job}", tags=["jobs"], responses=_answers(404))
async def cancel(request: Request, job: JobName) -> Job:
    """Cancel a job that waits or runs; forget one that has ended, with its result."""
    gone: Job = await request.app.state.jobs.cancel(job)
    return gone
