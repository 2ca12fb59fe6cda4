"""The whole description fuzzed in process: whatever is sent, the service answers, and never with a fault of its own.

`make fuzz` tries 1,000 cases a route (SADDLEPOINT_FUZZ) and prints what they were answered, the test command some
twenty.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.routes import router
from saddlepoint.deploy.serve.shelf import Shelf

CASES = int(os.environ.get("SADDLEPOINT_FUZZ", "20"))
_APP = FastAPI()
_APP.include_router(router)
ROUTES = [(path, method) for path, ways in _APP.openapi()["paths"].items() for method in ways]


FIRST = {
    "/v1/mix": "styles",
    "/v1/edit": "styles",
    "/v1/translate": "maps",
    "/v1/predict": "signs",
    "/v1/render": "scene",
}
"""the model that is meant where a case names none; else the first"""


@pytest.fixture(scope="module")
def described(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """The OpenAPI description of a service in this process, without a bound on the rate and with small ones else."""
    limits = Limits(rate=0, most_images=16, most_job_images=32, most_steps=2, keep_jobs=20)

    @cache
    def of(first: str) -> Any:
        ordered = Shelf(tuple(sorted(shelf.served, key=lambda one: one.name != first)))
        service = Service(jobs=tmp_path_factory.mktemp("jobs"), limits=limits, local=False, journal=Journal(None))
        return schemathesis.openapi.from_asgi("/openapi.json", build(ordered, service))

    return of


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nothing_that_is_sent_is_answered_with_a_fault(described: Any, path: str, method: str) -> None:
    route = described(FIRST.get(path, "faces"))[path][method]
    seen: Counter[int] = Counter()

    @given(
        route.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | route.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def tried(case: Any) -> None:
        answer = case.call()
        seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        assert answer.status_code < 400 or answer.headers["content-type"] == ["application/problem+json"], answer.text

    tried()
    print(f"{method.upper()} {path}: {seen.total():,} cases, {dict(sorted(seen.items()))}")
