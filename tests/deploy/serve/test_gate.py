"""Who may come in, how much and how often; what is logged and counted of it."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest
from service_parts import photo

from saddlepoint.deploy.serve import gate as gate_file
from saddlepoint.deploy.serve.gate import Gate
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.monitor import Monitor

KEY = b"a-key-of-sixteen-letters"


def asked(
    app: Any,
    messages: list[dict[str, Any]],
    headers: dict[str, str] | None = None,
    scope: dict[str, Any] | None = None,
    **limits: Any,
) -> Any:
    """Status and body that a gate before `app` gives one request, whose body comes in `messages`."""

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    usual = {"type": "http", "method": "POST", "path": "/v1/x", "client": ("1.2.3.4", 5), "headers": []}
    scope = {**usual, **(scope or {})}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    gate = Gate(app, Limits(**limits), Monitor(), Journal(None), local=True, uploads=["/v1/x"])
    asyncio.run(asyncio.wait_for(gate(scope, receive, send), 20))
    return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else None


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


def test_a_body_is_taken_up_to_its_bound_however_it_comes() -> None:
    parts = [{"type": "http.request", "body": b"x" * 40, "more_body": more} for more in (True, True, False)]
    assert asked(echo, list(parts), most_bytes=120) == (200, 120)
    status, problem = asked(echo, list(parts), most_bytes=119)
    assert (status, problem["bound"]) == (413, {"limit": 119, "given": 120})
    announced = {"content-length": "5000"}
    status, _ = asked(echo, [], announced, most_bytes=119, head_seconds=0.05)  # refused before a byte of it came
    assert status == 413


def test_a_body_that_comes_too_slowly_is_not_waited_for() -> None:
    status, problem = asked(echo, [{"type": "http.request", "body": b"x", "more_body": True}], most_seconds=0.05)
    assert (status, problem["type"]) == (408, "urn:saddlepoint:time")


def test_work_ends_when_its_client_goes_away() -> None:
    ended = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(True)
            raise

    assert asked(slow, [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]) is None
    assert ended == [True]


def test_a_fault_is_logged_with_its_place_and_answered_without(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("secret place")

    status, problem = asked(broken, [{"type": "http.request", "body": b""}])
    assert status == 500
    assert "secret" not in json.dumps(problem)


def test_no_more_requests_than_the_bound_are_worked_on(serve) -> None:
    async def whole() -> list[int]:
        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.2)
            await echo(scope, receive, send)

        gate = Gate(slow, Limits(most_requests=2), Monitor(), Journal(None), local=False)
        seen: list[int] = []

        async def one() -> None:
            scope = {"type": "http", "method": "POST", "path": "/v1/x", "client": None, "headers": []}
            body = [{"type": "http.request", "body": b""}]

            async def receive() -> Any:
                return body.pop() if body else await asyncio.sleep(60)

            async def send(message: Any) -> None:
                if "status" in message:
                    seen.append(message["status"])

            await gate(scope, receive, send)

        await asyncio.gather(one(), one(), one())
        return seen

    assert sorted(asyncio.run(whole())) == [200, 200, 429]


def test_a_key_is_asked_for_where_there_is_one(serve) -> None:
    with serve(keys=[KEY, b"another-key-of-sixteen"]) as client:
        ways = [{}, {"X-API-Key": "wrong"}, {"Authorization": f"Bearer {KEY.decode()}x"}, {"Authorization": "Basic x"}]
        refused = [client.get("/v1/models", headers=one) for one in ways]
        ways = [{"X-API-Key": KEY.decode()}, {"Authorization": "bearer another-key-of-sixteen"}]
        taken = [client.get("/v1/models", headers=one).status_code for one in ways]
        open_to_all = [client.get(path).status_code for path in ("/health", "/health/live", "/openapi.json")]
        metrics = client.get("/metrics").status_code
        description = client.get("/openapi.json").json()
    assert [one.status_code for one in refused] == [401] * 4
    assert refused[0].headers["www-authenticate"] == "Bearer"
    assert (taken, open_to_all, metrics) == ([200, 200], [200, 200, 200], 401)
    assert description["security"] == [{"key": []}]


def test_a_page_of_the_web_does_not_reach_a_service_of_this_machine(serve) -> None:
    with serve() as client:
        hosts = ("localhost:8000", "127.0.0.1", "[::1]:80", "evil.example", "127.0.0.1.evil.example")
        found = [client.get("/v1/models", headers={"Host": host}).status_code for host in hosts]
    with serve(local=False) as client:
        assert client.get("/v1/models", headers={"Host": "pictures.example"}).status_code == 200
    assert found == [200, 200, 200, 421, 421]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, 422),
        ({"Origin": "http://localhost"}, 422),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.example"}, 422),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_form_of_a_foreign_page_is_refused(client, told, status) -> None:
    assert client.post("/v1/project", data={"steps": 1}, files={"other": b"x"}, headers=told).status_code == status
    assert client.get("/v1/models", headers=told).status_code == 200


def test_a_long_answer_is_sent_in_pieces() -> None:
    content, sent = bytes(range(256)) * 1000, []

    async def long(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": content})

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return await asyncio.sleep(60)

    gate = Gate(long, Limits(), Monitor(), Journal(None), local=False)
    asyncio.run(gate({"type": "http", "method": "GET", "path": "/", "client": None, "headers": []}, receive, keep))
    pieces = sent[1:]
    assert b"".join(one["body"] for one in pieces) == content
    assert max(len(one["body"]) for one in pieces) == 1 << 16
    assert [one["more_body"] for one in pieces[:-1]] == [True] * 3
    assert not pieces[-1].get("more_body")


def test_what_is_sent_beside_the_interface_is_not_read() -> None:
    parts = [{"type": "http.request", "body": b"x" * 40, "more_body": True}] * 3
    scope = {"path": "/health"}
    assert asked(echo, list(parts), {"content-length": "20000000"}, scope=scope) == (200, 0)


def test_a_refused_body_runs_past_before_the_answer_ends() -> None:
    parts = [{"type": "http.request", "body": b"x" * 40, "more_body": more} for more in (True, True, False)]
    left = list(parts)
    assert asked(echo, left, most_bytes=30)[0] == 413
    assert left == []


def test_bodies_that_are_held_are_bounded_by_what_has_come() -> None:
    async def whole() -> list[int]:
        gate = Gate(echo, Limits(most_bytes=100), Monitor(), Journal(None), local=False, uploads=["/v1/x"])
        seen: list[int] = []

        async def one(comes: int) -> None:
            body = [{"type": "http.request", "body": b"x" * comes, "more_body": True}]

            async def receive() -> Any:
                if body:
                    return body.pop()
                await asyncio.sleep(0.2)
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Any) -> None:
                if "status" in message:
                    seen.append(message["status"])

            scope = {"type": "http", "method": "POST", "path": "/v1/x", "client": None}
            await gate({**scope, "headers": [(b"content-length", b"100")]}, receive, send)

        await asyncio.gather(*(one(1) for _ in range(50)))  # they announce 5000 bytes
        assert seen == [200] * 50
        await asyncio.gather(*(one(100) for _ in range(9)))
        return seen[50:]

    assert sorted(asyncio.run(whole())) == [200] * 8 + [429]


def test_methods_that_nobody_knows_share_one_name(serve) -> None:
    with serve() as client:
        for number in range(5):
            client.request(f"MADEUP{number}", "/health")
        text = client.get("/metrics").text
    assert "MADEUP" not in text
    assert 'method="other",route="/health",status="405"} 5.0' in text


def test_the_description_is_made_once(client) -> None:
    description = client.get("/openapi.json").json()
    body = description["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = {one["$ref"].rsplit("/", 1)[-1] for one in body["oneOf"]}
    assert names <= set(description["components"]["schemas"])
    form = description["paths"]["/v1/translate"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["image"] == {"type": "string", "format": "binary", "title": "Image"}


def test_the_rate_counts_for_the_interface_and_not_for_health(serve) -> None:
    with serve(rate=1) as client:
        found = [client.get("/v1/models").status_code for _ in range(4)]
        again = client.get("/v1/models")
        health = {client.get("/health").status_code for _ in range(10)}
        pages = {client.get("/openapi.json").status_code for _ in range(60)}
    assert found[:2] == [200, 200]
    assert pages == {200}  # a low rate leaves the studio its files
    assert again.headers["connection"] == "close"
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) >= 1
    assert health == {200}


def test_pages_have_a_rate_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_file, "LEAST_PAGES", 0.0)
    seen = []
    gate = Gate(echo, Limits(rate=1, head_seconds=0.05), Monitor(), Journal(None), local=False)

    async def receive() -> Any:
        return await asyncio.sleep(60)

    async def send(message: Any) -> None:
        seen.extend([message["status"]] if "status" in message else [])

    async def whole() -> None:
        for _ in range(4):
            scope = {"type": "http", "method": "GET", "path": "/openapi.json", "client": ("1.2.3.4", 5), "headers": []}
            await gate(scope, receive, send)

    asyncio.run(whole())
    assert seen[:3] == [200, 200, 429]


def test_every_answer_has_an_identity_that_the_log_names_and_no_image(serve) -> None:
    log = io.StringIO()
    with serve(log=log) as client:
        answer = client.post(
            "/v1/translate",
            data={"model": "maps"},
            files={"image": ("my-secret-name.png", photo())},
            headers={"X-Request-Id": "abc.1"},
        )
        own = client.get("/v1/models", headers={"X-Request-Id": "not allowed\u00e9".encode("latin-1")})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert answer.headers["x-request-id"] == "abc.1"
    assert len(own.headers["x-request-id"]) == 16
    assert [line["event"] for line in lines] == ["ready", "request", "request", "stopping", "stopped"]
    told = {name: lines[1][name] for name in ("request", "method", "route", "status")}
    assert told == {"request": "abc.1", "method": "POST", "route": "/v1/translate", "status": 200}
    assert "secret" not in log.getvalue()


def test_the_figures_count_requests_images_batches_and_refusals(serve) -> None:
    with serve() as client:
        client.post("/v1/sample", json={"n": 5})
        client.post("/v1/sample", json={"n": 65})
        client.get("/nothing-of-this-name")
        text = client.get("/metrics").text
    for line in (
        'saddlepoint_images_total{made="generated",model="faces@stable",task="sample"} 5.0',
        'saddlepoint_requests_total{method="POST",route="/v1/sample",status="200"} 1.0',
        'saddlepoint_requests_total{method="POST",route="/v1/sample",status="422"} 1.0',
        'saddlepoint_requests_total{method="GET",route="other",status="404"} 1.0',
        'saddlepoint_refusals_total{kind="images"} 1.0',
        'saddlepoint_queue_depth{model="faces@stable"} 0.0',
        'saddlepoint_batch_size_count{model="faces@stable"} 2.0',
    ):
        assert line in text
    assert "process_resident_memory_bytes" in text


def test_wrong_methods_and_pages_are_problems_too(client) -> None:
    found = [client.get("/v1/sample"), client.get("/v1/nothing"), client.post("/v1/sample", content=b"{")]
    assert [one.status_code for one in found] == [405, 404, 422]
    assert {one.headers["content-type"] for one in found} == {"application/problem+json"}


def test_json_that_is_not_called_json_is_told_what_mends_it(client) -> None:
    answer = client.post("/v1/sample", content=b'{"seeds": [1]}')
    assert answer.status_code == 422
    assert answer.json()["mend"] == "send JSON with `Content-Type: application/json`"


def test_health_is_told_by_get_and_by_head(client) -> None:
    assert client.get("/health").json()["status"] == "ready"
    assert [client.head("/health").status_code, client.get("/health/live").status_code] == [200, 200]
