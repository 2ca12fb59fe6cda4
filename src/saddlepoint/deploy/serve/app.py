"""The service put together: routes, studio, health and metrics behind the gate, with its start and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from saddlepoint.deploy.serve import schemas
from saddlepoint.deploy.serve.bench import Bench
from saddlepoint.deploy.serve.entries import entry
from saddlepoint.deploy.serve.gate import Gate
from saddlepoint.deploy.serve.jobs import Jobs
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal
from saddlepoint.deploy.serve.routes import router
from saddlepoint.deploy.serve.shelf import Shelf
from saddlepoint.deploy.serve.store import Store
from saddlepoint.errors import SaddlepointError
from saddlepoint.version import __version__

STUDIO = Path(__file__).parent / "studio"
_PAGE = {"Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'"}


@dataclass(frozen=True, kw_only=True)
class Service:
    """How a service is run.

    jobs: the folder that keeps them. keys: of which a request must carry one; none for no key. batch: most images that
    are made at once. wait: seconds that the first of a batch waits for others. local: see `Gate`.
    """

    jobs: Path
    limits: Limits = field(default_factory=Limits)
    keys: Collection[bytes] = ()
    batch: int = 32
    wait: float = 0.004
    local: bool = True
    journal: Journal = field(default_factory=Journal)


def build(shelf: Shelf, service: Service) -> Gate:
    """The whole service as an ASGI application."""
    monitor, limits = Monitor(), service.limits

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        store = Store(service.jobs, limits)
        bench = Bench(shelf, limits, monitor, most=service.batch, wait=service.wait)
        app.state.bench, app.state.jobs = bench, Jobs(bench, store, service.journal)
        app.state.limits = {name: float(value) for name, value in asdict(limits).items()}
        first = shelf.served[0]
        app.state.entries = [await asyncio.to_thread(entry, one, default=one is first) for one in shelf.served]
        for one in shelf.served:
            await bench.warm(one)
        service.journal.line("ready", models=[one.full_name for one in shelf.served])
        app.state.ready = True
        yield
        app.state.ready = False
        service.journal.line("stopping")
        await app.state.jobs.close()
        await bench.close()
        service.journal.line("stopped")

    app = FastAPI(
        title="Saddlepoint",
        version=__version__,
        description="Images from trained models. Every image says in its metadata that a model made it.",
        lifespan=life,
        docs_url=None,  # these pages would fetch their scripts from elsewhere
        redoc_url=None,
    )
    app.state.ready = False
    app.include_router(router)
    _health(app)
    _studio(app)
    _handlers(app, monitor)
    _described(app, keyed=bool(service.keys))

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(monitor.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Gate(app, limits, monitor, service.journal, service.keys, local=service.local)


def _health(app: FastAPI) -> None:
    @app.head("/health", include_in_schema=False)
    @app.get("/health", tags=["health"])
    @app.get("/health/ready", tags=["health"], include_in_schema=False)
    async def ready(response: Response) -> dict[str, str]:
        """Whether requests are taken."""
        response.status_code = 200 if app.state.ready else 503
        return {"status": "ready" if app.state.ready else "stopping", "version": __version__}

    @app.get("/health/live", tags=["health"], include_in_schema=False)
    async def live() -> dict[str, str]:
        """Whether the process answers at all."""
        return {"status": "live"}


def _studio(app: FastAPI) -> None:
    """The page at /, and what belongs to it under /studio."""
    if not (STUDIO / "index.html").is_file():
        return
    app.mount("/studio", StaticFiles(directory=STUDIO), name="studio")

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STUDIO / "index.html", headers=_PAGE)


def _handlers(app: FastAPI, monitor: Monitor) -> None:
    """Every refusal in one form."""

    def said(refusal: Refusal, request: Request, **more: Any) -> JSONResponse:
        monitor.refusals.labels(refusal.kind).inc()
        body = {**refusal.body(request.state.request), **more}
        return JSONResponse(body, refusal.status, refusal.headers, media_type=MEDIA_TYPE)

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return said(error, request)

    @app.exception_handler(SaddlepointError)
    async def impossible(request: Request, error: SaddlepointError) -> JSONResponse:
        return said(Refusal(422, "cannot-be-done", str(error)), request)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()[:10]
        ]  # what was sent is not repeated: it may be an image
        text = "; ".join(f"{one['where']}: {one['what']}" for one in errors)
        whole = bool(errors) and errors[0]["where"] == "body"
        mend = "send JSON, and say `Content-Type: application/json`" if whole else "see /openapi.json"
        return said(Refusal(422, "not-valid", text[:2000], mend), request, errors=errors)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        return said(Refusal(500, "fault", "the service failed at this; its log says why."), request)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        kinds = {400: "not-readable", 404: "no-such-page", 405: "no-such-method"}
        kind = kinds.get(error.status_code, "refused")
        return said(Refusal(error.status_code, kind, str(error.detail), headers=error.headers), request)


def _described(app: FastAPI, *, keyed: bool) -> None:
    """The OpenAPI description, with the schemas that only binary routes name, and the key where one is asked for."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        description = plain()
        parts = description.setdefault("components", {})
        for model in (schemas.Problem, schemas.Images):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            parts["schemas"] |= {**schema.pop("$defs", {}), model.__name__: schema}
        if keyed:
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            description["security"] = [{"key": []}]
        return description

    app.openapi = whole  # type: ignore[method-assign]
