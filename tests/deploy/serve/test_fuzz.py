"""The whole description fuzzed in process: whatever is sent, the service answers, and never with a fault of its own.

`make fuzz` tries 1,000 cases a route (SADDLEPOINT_FUZZ) and prints what they were answered, the test command some
twenty.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from service_parts import photo
from starlette.testclient import TestClient

from saddlepoint.deploy.serve import operating
from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.experiments import Experiment
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.quality import QualityGate
from saddlepoint.deploy.serve.routes import router
from saddlepoint.deploy.serve.shelf import Shelf

CASES = int(os.environ.get("SADDLEPOINT_FUZZ", "20"))
_APP = FastAPI()
_APP.include_router(router)
_APP.include_router(operating.router)
ROUTES = [(path, method) for path, ways in _APP.openapi()["paths"].items() for method in ways]


FIRST = {
    "/v1/mix": "styles",
    "/v1/edit": "styles",
    "/v1/translate": "maps",
    "/v1/predict": "signs",
    "/v1/render": "scene",
    "/v1/complete": "halves",
}
"""the model that is meant where a case names none; else the first"""


@pytest.fixture(scope="module")
def described(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """The OpenAPI description of a service in this process, without a bound on the rate and with small ones else."""
    limits = Limits(rate=0, most_images=16, most_job_images=32, most_steps=2, keep_jobs=20, most_held=5)

    @cache
    def of(first: str) -> Any:
        ordered = Shelf(tuple(sorted(shelf.served, key=lambda one: one.name != first)))
        service = Service(
            jobs=tmp_path_factory.mktemp("jobs"),
            limits=limits,
            local=False,
            journal=Journal(None),
            experiments=(Experiment(name="smile", arms={"faces@stable": 1, "faces@beta": 1}, units=60),),
            gates=(QualityGate(model="maps@stable", ssim=0.9),),
        )
        app = build(ordered, service)
        with TestClient(app, base_url="http://localhost") as client:  # an answer that waits for review
            sent = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(20, 24)})
            assert sent.status_code == 202, sent.text
        return schemathesis.openapi.from_asgi("/openapi.json", app), sent.json()["id"]

    return of


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nothing_that_is_sent_is_answered_with_a_fault(described: Any, path: str, method: str) -> None:
    description, held = described(FIRST.get(path, "faces"))
    route = description[path][method]
    seen: Counter[int] = Counter()

    @given(
        route.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | route.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def tried(case: Any) -> None:
        if path.startswith("/v1/operator") and seen.total() % 2:
            for values in (case.path_parameters, case.body):
                if isinstance(values, dict) and "job" in values:
                    values["job"] = held
        answer = case.call()
        seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        assert answer.status_code < 400 or answer.headers["content-type"] == ["application/problem+json"], answer.text

    tried()
    print(f"{method.upper()} {path}: {seen.total():,} cases, {dict(sorted(seen.items()))}")


def unbounded(schema: Any, parts: Any, place: str) -> Iterator[str]:
    """The values in a schema of what is sent that have no bound of their own."""
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    for kind in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(kind, ()):
            yield from unbounded(each, parts, place)
    match schema.get("type"):
        case "string":
            if not {"maxLength", "pattern", "enum", "const", "format", "contentEncoding"} & schema.keys():
                yield place
        case "integer" | "number":
            ends = {"minimum", "exclusiveMinimum"} & schema.keys(), {"maximum", "exclusiveMaximum"} & schema.keys()
            if "enum" not in schema and not all(ends):
                yield place
        case "array":
            if "maxItems" not in schema:
                yield place
            yield from unbounded(schema.get("items", {}), parts, f"{place}[]")
        case "object":
            for name, each in schema.get("properties", {}).items():
                yield from unbounded(each, parts, f"{place}.{name}")
            if isinstance(each := schema.get("additionalProperties"), dict):
                if "maxProperties" not in schema:
                    yield place
                yield from unbounded(each, parts, f"{place}.*")


def test_every_value_that_can_be_sent_has_a_bound_in_the_description(client: Any) -> None:
    description = client.get("/openapi.json").json()
    parts, loose, bodies = description["components"]["schemas"], [], 0
    for path, ways in description["paths"].items():
        for method, route in ways.items():
            schemas = [one["schema"] for one in route.get("parameters", ())]
            for content in route.get("requestBody", {}).get("content", {}).values():
                schemas.append(content["schema"])
                bodies += 1
            loose += [one for schema in schemas for one in unbounded(schema, parts, f"{method} {path}")]
    assert bodies >= 14
    assert loose == []
