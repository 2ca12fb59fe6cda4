"""The routes of the service, under /v1, with what they take and answer for the OpenAPI description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import WithJsonSchema

from saddlepoint.deploy.serve import schemas
from saddlepoint.deploy.serve.bench import Done
from saddlepoint.deploy.serve.bodies import described, form_of, json_of
from saddlepoint.deploy.serve.limits import CHUNK
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal
from saddlepoint.deploy.serve.replies import Job, ModelEntry, ModelList
from saddlepoint.deploy.serve.schemas import (
    AnyAsk,
    CompleteSettings,
    EditAsk,
    InterpolateAsk,
    MixAsk,
    OfModel,
    PredictSettings,
    ProjectSettings,
    ReconstructSettings,
    RenderAsk,
    SampleAsk,
    ScoreSettings,
    TranslateSettings,
)
from saddlepoint.deploy.serve.store import Kept

UPLOADS = frozenset(
    {
        *("/v1/complete", "/v1/predict", "/v1/project", "/v1/reconstruct", "/v1/score", "/v1/translate", "/v1/jobs"),
        "/v1/operator/repaint",
    }
)
"""the paths to which images are sent; what is sent to the others is small"""
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_WORDS = {
    202: "the answer fell short of its gate and waits for review, as a job",
    400: "what was sent cannot be read at all",
    401: "the service asks for a key",
    403: "a page of another site sent it; or it would have to be kept, and this service keeps nothing",
    404: "no such model or job",
    408: "the time bound",
    409: "not done yet",
    410: "the model has ended; or the job was cancelled, failed or interrupted, so there is no result",
    413: "the bound on bytes",
    415: "the upload is no image of a known kind",
    422: "the request is not valid, or over the bound on pixels, images or steps",
    429: "the bound on rate, queue or jobs; `Retry-After` says when to come again",
    503: "the service is being stopped",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[str, Any] = {"image/png": _BINARY, "image/jpeg": _BINARY}
_IMAGES = {
    "description": "the image, or all of them as `answer` asks; `X-Disclosure` says what each file carries",
    "content": {
        **_FILES,
        "image/gif": _BINARY,
        "application/json": {"schema": {"$ref": "#/components/schemas/Images"}},
        "application/zip": _BINARY,
    },
}


_PREDICTIONS = {
    "description": "all that the model says of the image",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Predictions"}}},
}


def answers(*codes: int, ok: dict[str, Any] | None = None, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The answers of a route for the description: its refusals, and `ok` where that is no JSON of one kind."""
    problems: dict[int | str, dict[str, Any]] = {
        code: {"description": _WORDS[code], **_PROBLEM} for code in sorted({401, 422, 429, *codes})
    }
    held: dict[int | str, dict[str, Any]] = {202: {"description": _WORDS[202], "model": Job}} if 202 in codes else {}
    return {status: ok, **problems, **held} if ok else problems


router = APIRouter(prefix="/v1")
ModelName = Annotated[schemas.Name, Path(description="NAME or NAME@CHANNEL")]
JobName = Annotated[schemas.JobId, Path(description="the identity that POST /v1/jobs gave")]
Image = Annotated[bytes, WithJsonSchema(_BINARY["schema"])]
SENT = (400, 403, 404, 408, 410, 413, 503)
"""what may be wrong with what has a body"""


class ProjectForm(ProjectSettings):
    """A projection whose client waits."""

    image: Image


class TranslateForm(TranslateSettings):
    """A translation whose client waits."""

    image: Image
    reference: Image | None = None


class CompleteForm(CompleteSettings):
    """Completions whose client waits."""

    image: Image
    mask: Image | None = None


class ReconstructForm(ReconstructSettings):
    """Views of a scene of photographs, whose client waits."""

    image: Image
    image_2: Image | None = None
    image_3: Image | None = None
    image_4: Image | None = None
    image_5: Image | None = None
    image_6: Image | None = None
    image_7: Image | None = None
    image_8: Image | None = None


class ScoreForm(ScoreSettings):
    """An image whose likelihood is asked for."""

    image: Image


class PredictForm(PredictSettings):
    """An image that a model is asked about."""

    image: Image


async def _answered(request: Request, ask: OfModel, task: str, *images: bytes | None) -> Response:
    """The answer to a client that waits, by the version that its unit is to meet."""
    state = request.app.state
    ask, experiment = await state.records.routed(ask, state.bench.shelf, request.state.request)
    done: Done = await state.bench.answer(ask, task, *images)
    words = {"X-Experiment": experiment} if experiment else {}
    if done.shortfalls:
        job: Job = await state.jobs.hold(ask, task, done, request.state.request)
        words |= state.bench.shelf.named(job.model).headers | {"Location": f"/v1/jobs/{job.id}"}
        return Response(job.model_dump_json(), 202, words, "application/json")
    parcel = done.parcel
    headers = dict(parcel.headers) | words
    return Response(parcel.content, media_type=parcel.media_type, headers=headers)


async def _streamed(result: Kept) -> Response:
    """A file as an answer, a piece at a time. Raises Refusal (410)."""
    try:
        opened = await asyncio.to_thread(result.path.open, "rb")
    except OSError as error:
        raise Refusal(410, "gone", "the result of this job is no longer there.", "send it again") from error
    headers = {**result.headers, "Content-Length": str(result.path.stat().st_size)}
    return StreamingResponse(_pieces(opened), media_type=result.media_type, headers=headers)


async def _pieces(opened: BinaryIO) -> AsyncIterator[bytes]:
    with opened:
        while piece := await asyncio.to_thread(opened.read, CHUNK):
            yield piece


@router.get("/models", tags=["models"], responses=answers())
async def models(request: Request) -> ModelList:
    """All models that are served, what each can be asked for, and the bounds of every request."""
    return ModelList(
        models=_entries(request),
        asks_consent=request.app.state.bench.asks_consent,
        limits=request.app.state.limits,
    )


@router.get("/models/{name}", tags=["models"], responses=answers(404))
async def model(request: Request, response: Response, name: ModelName) -> ModelEntry:
    """One of them."""
    served = request.app.state.bench.shelf.named(name)
    response.headers.update(served.headers)
    return next(one for one in _entries(request) if one.name == served.full_name)


def _entries(request: Request) -> list[ModelEntry]:
    """The entries as they stand today."""
    shelf, entries = request.app.state.bench.shelf, request.app.state.entries
    return [
        entry.model_copy(update={"stage": served.lifetime.stage(shelf.day())})
        for entry, served in zip(entries, shelf.served)
    ]


@router.get(
    "/models/{name}/card",
    tags=["models"],
    response_class=Response,
    responses=answers(
        404, ok={"description": "Markdown", "content": {"text/markdown": {"schema": {"type": "string"}}}}
    ),
)
async def card(request: Request, name: ModelName) -> Response:
    """Its model card: data, settings, figures, limits."""
    served = request.app.state.bench.shelf.named(name)
    text: str | None = request.app.state.cards[served.full_name]
    if text is None:
        raise Refusal(404, "no-card", "this model is served without a card.", "save it as a bundle")
    return Response(text, media_type="text/markdown", headers=served.headers)


@router.post(
    "/sample",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, ok=_IMAGES),
    openapi_extra=described(SampleAsk),
)
async def sample(request: Request, ask: Annotated[SampleAsk, Depends(json_of(SampleAsk))]) -> Response:
    """New images by seed, class and truncation."""
    return await _answered(request, ask, "sample")


@router.post(
    "/interpolate",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, ok=_IMAGES),
    openapi_extra=described(InterpolateAsk),
)
async def interpolate(request: Request, ask: Annotated[InterpolateAsk, Depends(json_of(InterpolateAsk))]) -> Response:
    """A way from image to image."""
    return await _answered(request, ask, "interpolate")


@router.post(
    "/mix",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, ok=_IMAGES),
    openapi_extra=described(MixAsk),
)
async def mix(request: Request, ask: Annotated[MixAsk, Depends(json_of(MixAsk))]) -> Response:
    """A table of style mixtures: each row's image with the named layers of each column's."""
    return await _answered(request, ask, "mix")


@router.post(
    "/edit",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, ok=_IMAGES),
    openapi_extra=described(EditAsk),
)
async def edit(request: Request, ask: Annotated[EditAsk, Depends(json_of(EditAsk))]) -> Response:
    """Images moved along a direction that the model is served with."""
    return await _answered(request, ask, "edit")


@router.post(
    "/project",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, 415, ok=_IMAGES),
    openapi_extra=described(ProjectForm),
)
async def project(request: Request, ask: Annotated[ProjectForm, Depends(form_of(ProjectForm))]) -> Response:
    """A given image sought in the model's latent space; as a job its code can be edited after (`job:ID`)."""
    return await _answered(request, ask, "project", ask.image)


@router.post(
    "/translate",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, 415, ok=_IMAGES),
    openapi_extra=described(TranslateForm),
)
async def translate(request: Request, ask: Annotated[TranslateForm, Depends(form_of(TranslateForm))]) -> Response:
    """A given image as the model translates it, of any size within the bound on pixels."""
    return await _answered(request, ask, "translate", ask.image, ask.reference)


@router.post(
    "/complete",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, 415, ok=_IMAGES),
    openapi_extra=described(CompleteForm),
)
async def complete(request: Request, ask: Annotated[CompleteForm, Depends(form_of(CompleteForm))]) -> Response:
    """The rest of a given image, of which a mask says what is known, drawn anew as many times as is asked."""
    return await _answered(request, ask, "complete", ask.image, ask.mask)


@router.post(
    "/render",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, ok=_IMAGES),
    openapi_extra=described(RenderAsk),
)
async def render(request: Request, ask: Annotated[RenderAsk, Depends(json_of(RenderAsk))]) -> Response:
    """Views of a scene from cameras once around it."""
    return await _answered(request, ask, "render")


@router.post(
    "/reconstruct",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 202, 415, ok=_IMAGES),
    openapi_extra=described(ReconstructForm),
)
async def reconstruct(request: Request, ask: Annotated[ReconstructForm, Depends(form_of(ReconstructForm))]) -> Response:
    """Views from all around of the scene that the model makes of one photograph or a few."""
    return await _answered(request, ask, "reconstruct", ask.image)


@router.post(
    "/predict",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 415, ok=_PREDICTIONS),
    openapi_extra=described(PredictForm),
)
async def predict(request: Request, ask: Annotated[PredictForm, Depends(form_of(PredictForm))]) -> Response:
    """What the model says of a given image: classes with their probabilities, numbers, pictures in base64."""
    return await _answered(request, ask, "predict", ask.image)


@router.post(
    "/score",
    tags=["images"],
    response_class=Response,
    responses=answers(*SENT, 415, ok=_PREDICTIONS),
    openapi_extra=described(ScoreForm),
)
async def score(request: Request, ask: Annotated[ScoreForm, Depends(form_of(ScoreForm))]) -> Response:
    """How likely the model finds a given image, and how strange beside what a compressor makes of it."""
    return await _answered(request, ask, "score", ask.image)


@router.post("/jobs", tags=["jobs"], status_code=202, responses=answers(*SENT), openapi_extra=described(AnyAsk))
async def begin(request: Request, response: Response, ask: Annotated[Any, Depends(json_of(AnyAsk))]) -> Job:
    """Any of the above but predictions and scores as a job: nobody waits, there may be more. Images are in base64."""
    state = request.app.state
    ask, experiment = await state.records.routed(ask, state.bench.shelf, request.state.request)
    job: Job = await state.jobs.begin(ask, request.state.request)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers.update({"X-Experiment": experiment} if experiment else {})
    response.headers.update(state.bench.shelf.named(job.model).headers)
    return job


@router.get("/jobs/{job}", tags=["jobs"], responses=answers(404))
async def seen(request: Request, job: JobName) -> Job:
    """How far a job is."""
    facts: Job = request.app.state.jobs.seen(job)
    return facts


@router.get(
    "/jobs/{job}/preview",
    tags=["jobs"],
    response_class=Response,
    responses=answers(404, ok={"description": "a small image", "content": _FILES}),
)
async def preview(request: Request, job: JobName) -> Response:
    """A small image of what the job will make, as soon as there is one."""
    content: bytes = await request.app.state.jobs.preview(job)
    return Response(content, media_type="image/png" if content.startswith(b"\x89PNG") else "image/jpeg")


@router.get("/jobs/{job}/result", tags=["jobs"], response_class=Response, responses=answers(404, 409, 410, ok=_IMAGES))
async def result(request: Request, job: JobName) -> Response:
    """What the job has made."""
    return await _streamed(request.app.state.jobs.result(job))


@router.delete("/jobs/{job}", tags=["jobs"], responses=answers(404))
async def cancel(request: Request, job: JobName) -> Job:
    """Cancel a job that waits or runs; forget one that has ended, with its result."""
    facts: Job = await request.app.state.jobs.cancel(job)
    return facts
