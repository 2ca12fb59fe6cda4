"""Routes beside the images: what people say of them, what came of a comparison, and how all stands for operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from saddlepoint.deploy.serve.bodies import described, json_of
from saddlepoint.deploy.serve.experiments import ExperimentName, ExperimentReports, Outcome, OutcomeAsk
from saddlepoint.deploy.serve.feedback import Feedback, FeedbackAsk, FeedbackSummary
from saddlepoint.deploy.serve.limits import MOST_PLACES
from saddlepoint.deploy.serve.records import Records, nothing_kept
from saddlepoint.deploy.serve.review import DecisionAsk, HeldAnswer, HeldList, RepaintAsk, Reviews
from saddlepoint.deploy.serve.routes import SENT, JobName, answers
from saddlepoint.deploy.serve.schemas import JobId
from saddlepoint.deploy.serve.watching import DriftReport, Watch

router = APIRouter(prefix="/v1")
OpinionName = Annotated[JobId, Path(description="the identity that POST /v1/feedback gave")]
ComparisonName = Annotated[ExperimentName, Path(description="the name of a comparison")]
_PICTURE = {"description": "PNG", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


def _records(request: Request) -> Records:
    records: Records = request.app.state.records
    return records


@router.post(
    "/feedback", tags=["feedback"], status_code=201, responses=answers(*SENT), openapi_extra=described(FeedbackAsk)
)
async def give(request: Request, ask: Annotated[FeedbackAsk, Depends(json_of(FeedbackAsk))]) -> Feedback:
    """Say what a person thinks of an answer."""
    served, records = request.app.state.bench.shelf.named(ask.model), _records(request)
    return await records.do(records.opinions.add, served, ask)


@router.delete("/feedback/{opinion}", tags=["feedback"], status_code=204, responses=answers(403, 404, 503))
async def take_back(request: Request, opinion: OpinionName) -> None:
    """Take an opinion back: nothing of it is kept."""
    records = _records(request)
    await records.do(records.opinions.remove, opinion)


@router.post(
    "/experiments/{name}/outcomes",
    tags=["experiments"],
    responses=answers(*SENT),
    openapi_extra=described(OutcomeAsk),
)
async def outcome(
    request: Request, name: ComparisonName, ask: Annotated[OutcomeAsk, Depends(json_of(OutcomeAsk))]
) -> Outcome:
    """Say what came of a unit that has met an arm of a comparison. The first outcome of a unit counts."""
    records = _records(request)
    return await records.do(records.experiments.note, name, ask)


@router.get("/operator/feedback", tags=["operator"], responses=answers(403, 503))
async def feedback(request: Request) -> FeedbackSummary:
    """What people think of each version."""
    records = _records(request)
    return await records.do(records.opinions.summary)


@router.get(
    "/operator/feedback/table",
    tags=["operator"],
    response_class=Response,
    responses=answers(
        403, 503, ok={"description": "CSV, the newest first", "content": {"text/csv": {"schema": {"type": "string"}}}}
    ),
)
async def feedback_table(request: Request) -> Response:
    """The opinions one by one."""
    records = _records(request)
    text = await records.do(records.opinions.exported)
    return Response(text, media_type="text/csv; charset=utf-8")


@router.get("/operator/experiments", tags=["operator"], responses=answers(403, 503))
async def experiments(request: Request) -> ExperimentReports:
    """How the comparisons stand, and what may be concluded of each."""
    records = _records(request)
    return await records.do(records.experiments.reports)


@router.get("/operator/drift", tags=["operator"], responses=answers(503))
async def drift(request: Request) -> DriftReport:
    """How uploads and answers compare with the baselines of their models."""
    watch: Watch = request.app.state.watch
    return await _records(request).do(watch.report)


@router.get("/operator/review", tags=["operator"], responses=answers(403))
async def waiting(request: Request) -> HeldList:
    """The answers that wait for review."""
    held: HeldList = await request.app.state.bench.short(_reviews(request).waiting)
    return held


@router.get(
    "/operator/review/{job}/given",
    tags=["operator"],
    response_class=Response,
    responses=answers(403, 404, 409, ok=_PICTURE),
)
async def given(request: Request, job: JobName) -> Response:
    """What was given for an answer that waits."""
    return await _shown(request, job, "given")


@router.get(
    "/operator/review/{job}/images/{number}",
    tags=["operator"],
    response_class=Response,
    responses=answers(403, 404, 409, ok=_PICTURE),
)
async def image(request: Request, job: JobName, number: Annotated[int, Path(ge=0, lt=MOST_PLACES)]) -> Response:
    """An image of an answer that waits."""
    return await _shown(request, job, f"{number:05d}")


@router.post(
    "/operator/repaint", tags=["operator"], responses=answers(*SENT, 409, 415), openapi_extra=described(RepaintAsk)
)
async def repaint(request: Request, ask: Annotated[RepaintAsk, Depends(json_of(RepaintAsk))]) -> HeldAnswer:
    """Paint a region of an image anew that waits for review."""
    held: HeldAnswer = await request.app.state.bench.short(_reviews(request).repaint, ask)
    return held


@router.post(
    "/operator/decisions", tags=["operator"], responses=answers(*SENT, 409), openapi_extra=described(DecisionAsk)
)
async def decide(request: Request, ask: Annotated[DecisionAsk, Depends(json_of(DecisionAsk))]) -> HeldAnswer:
    """Accept an answer, which its job then gives, or reject it."""
    held: HeldAnswer = await request.app.state.bench.short(_reviews(request).decide, ask)
    return held


def _reviews(request: Request) -> Reviews:
    reviews: Reviews | None = request.app.state.reviews
    if reviews is None:
        raise nothing_kept()
    return reviews


async def _shown(request: Request, job: str, name: str) -> Response:
    content: bytes = await request.app.state.bench.short(_reviews(request).picture, job, name)
    return Response(content, media_type="image/png")
