"""The service put together: routes, studio, health and metrics behind the gate, with its start and its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from saddlepoint.deploy.drift import Baseline
from saddlepoint.deploy.serve import operating, replies, schemas
from saddlepoint.deploy.serve.bench import Bench
from saddlepoint.deploy.serve.consent import Detector
from saddlepoint.deploy.serve.entries import card_of, entry
from saddlepoint.deploy.serve.experiments import Experiment
from saddlepoint.deploy.serve.gate import Gate, Receive, Scope, Send
from saddlepoint.deploy.serve.jobs import Jobs
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.ledger import Ledger, beside
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.quality import Quality, QualityGate
from saddlepoint.deploy.serve.records import Records
from saddlepoint.deploy.serve.refusal import MEDIA_TYPE, Refusal, fault, refused
from saddlepoint.deploy.serve.review import Reviews
from saddlepoint.deploy.serve.routes import UPLOADS, router
from saddlepoint.deploy.serve.shelf import Shelf
from saddlepoint.deploy.serve.store import Store
from saddlepoint.deploy.serve.uploads import picture_of
from saddlepoint.deploy.serve.watching import Watch
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
    operators: Collection[bytes] = ()
    store: str | None = None
    experiments: Sequence[Experiment] = ()
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    window: int = 200
    gates: Sequence[QualityGate] = ()
    detector: Detector | None = None
    keep_nothing: bool = False
    batch: int = 32
    wait: float = 0.004
    local: bool = True
    journal: Journal = field(default_factory=Journal)


@final
class Application:
    """The whole service as an ASGI application.

    failure: why it could not start, after a start that failed.
    """

    def __init__(self, shelf: Shelf, service: Service) -> None:
        self._shelf, self._service = shelf, service
        self._monitor = Monitor()
        self._watch = Watch(service.baselines, service.window, self._monitor, service.journal)
        self._quality = Quality(service.gates, service.baselines)
        self._store: Store | None = self._opened()  # before anything listens: the folder may be another's
        self._records: Records | None = self._kept()
        self._jobs: Jobs | None = None
        self._app = _assembled(self._life, self._monitor, service.journal, keyed=bool(service.keys))
        self._gate = Gate(
            self._app,
            service.limits,
            self._monitor,
            service.journal,
            service.keys,
            service.operators,
            local=service.local,
            uploads=UPLOADS,
        )
        self.failure: SaddlepointError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate(scope, receive, send)

    async def drain(self) -> None:
        """Refuse what is new, leave what is running its time of grace, and end the rest; while this lasts, answer."""
        if self._gate.closed or self._jobs is None:
            return
        self._gate.closed, self._app.state.ready = True, False
        self._service.journal.line("stopping")
        self._jobs.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._service.limits.grace_seconds):
                await self._jobs.quiet()
                await self._gate.quiet()
        self._gate.cut()
        await self._jobs.cut()

    @asynccontextmanager
    async def _life(self, app: FastAPI) -> AsyncIterator[None]:
        service, limits = self._service, self._service.limits
        store, self._store = self._store or self._opened(), None
        records, self._records = self._records or self._kept(), None
        self._watch.ledger = records.ledger
        bench = Bench(
            self._shelf,
            limits,
            self._monitor,
            most=service.batch,
            wait=service.wait,
            watch=self._watch,
            quality=self._quality,
            detector=service.detector,
        )
        self._jobs = Jobs(bench, store, service.journal)
        app.state.watch = self._watch
        app.state.reviews = store and Reviews(store, self._shelf, records.ledger, partial(picture_of, limits=limits))
        app.state.bench, app.state.jobs, self._gate.closed = bench, self._jobs, False
        app.state.records, sweeping = records, asyncio.create_task(records.keep())
        try:
            await self._prepare(app, bench)
            yield
            await self.drain()
        except SaddlepointError as error:
            self.failure = error
            raise
        finally:
            sweeping.cancel()
            bench.close()
            if store is not None:
                store.close()
            records.close()
        service.journal.line("stopped")

    def _opened(self) -> Store | None:
        return None if self._service.keep_nothing else Store(self._service.jobs, self._service.limits)

    def _kept(self) -> Records:
        service, limits = self._service, self._service.limits
        if service.keep_nothing:
            return Records(None, (), service.journal)
        ledger = Ledger(service.store or beside(service.jobs), most=limits.keep_rows, days=limits.keep_days)
        return Records(ledger, service.experiments, service.journal)

    async def _prepare(self, app: FastAPI, bench: Bench) -> None:
        """Everything that the first client should not wait for."""
        app.state.limits = {name: float(value) for name, value in asdict(self._service.limits).items()}
        app.state.cards = {one.full_name: await asyncio.to_thread(card_of, one) for one in self._shelf.served}
        first = self._shelf.served[0]
        app.state.entries = [
            await asyncio.to_thread(entry, one, default=one is first, card=app.state.cards[one.full_name] is not None)
            for one in self._shelf.served
        ]
        for one in self._shelf.served:
            await bench.warm(one)
        self._service.journal.line("ready", models=[one.full_name for one in self._shelf.served])
        app.state.ready = True


def build(shelf: Shelf, service: Service) -> Application:
    """A service of models. Raises RunError where another one keeps its jobs in the same folder."""
    return Application(shelf, service)


def _assembled(life: Lifespan[FastAPI], monitor: Monitor, journal: Journal, *, keyed: bool) -> FastAPI:
    app = FastAPI(
        title="Saddlepoint",
        version=__version__,
        description="Images from trained models. Every image says in its metadata that a model made it.",
        lifespan=life,
        openapi_url=None,  # see below
        docs_url=None,  # these pages would fetch their scripts from elsewhere
        redoc_url=None,
    )
    app.state.ready = False
    app.include_router(router)
    app.include_router(operating.router)
    _health(app)
    _studio(app)
    _handlers(app, monitor, journal)
    content = json.dumps(_description(app, keyed=keyed)).encode()  # once: anybody may ask for it, and often

    @app.get("/openapi.json", include_in_schema=False)
    async def description() -> Response:
        return Response(content, media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(monitor.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


def _health(app: FastAPI) -> None:
    @app.head("/health", include_in_schema=False)
    @app.get("/health", tags=["health"])
    @app.get("/health/ready", tags=["health"], include_in_schema=False)
    @app.get("/ready", tags=["health"], include_in_schema=False)
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

    @app.head("/operator", include_in_schema=False)
    @app.get("/operator", include_in_schema=False)
    async def operator() -> FileResponse:
        return FileResponse(STUDIO / "operator.html", headers=_PAGE)


def _handlers(app: FastAPI, monitor: Monitor, journal: Journal) -> None:
    """Every refusal in one form."""

    def problem(refusal: Refusal, request: Request, **more: Any) -> JSONResponse:
        monitor.refusals.labels(refusal.kind).inc()
        body = {**refusal.body(request.state.request), **more}
        return JSONResponse(body, refusal.status, refusal.headers, media_type=MEDIA_TYPE)

    @app.exception_handler(Refusal)
    async def no(request: Request, error: Refusal) -> JSONResponse:
        return problem(error, request)

    @app.exception_handler(SaddlepointError)
    async def impossible(request: Request, error: SaddlepointError) -> JSONResponse:
        refusal = refused(error)
        if refusal is None:
            journal.fault(request.state.request, error)
        return problem(refusal or fault(), request)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()[:10]
        ]  # what was sent is not repeated: it may be an image
        text = "; ".join(f"{one['where']}: {one['what']}" for one in errors)
        whole = bool(errors) and errors[0]["where"] == "body"
        mend = "send JSON with `Content-Type: application/json`" if whole else "see /openapi.json"
        return problem(Refusal(422, "not-valid", text[:2000], mend), request, errors=errors)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return problem(fault(), request)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        kinds = {400: "not-readable", 404: "no-such-page", 405: "no-such-method"}
        kind = kinds.get(error.status_code, "refused")
        return problem(Refusal(error.status_code, kind, str(error.detail), headers=error.headers), request)


def _description(app: FastAPI, *, keyed: bool) -> dict[str, Any]:
    """The OpenAPI description, with the schemas that routes name alone, and the key where one is asked for."""
    description = app.openapi()
    parts = description.setdefault("components", {})
    kinds: tuple[Any, ...] = (replies.Problem, replies.Images, replies.Predictions, schemas.AnyAsk)
    for kind in kinds:
        schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
        parts["schemas"] |= schema.pop("$defs", {})
        if isinstance(kind, type):
            parts["schemas"][kind.__name__] = schema
    if keyed:
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        description["security"] = [{"key": []}]
    return description
