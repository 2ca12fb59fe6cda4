"""Drift, gates, review and consent in a running service."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from service_parts import opened, photo

from saddlepoint.deploy.drift import Baseline, Reference
from saddlepoint.deploy.examine import examine
from saddlepoint.deploy.serve.quality import Quality, QualityGate
from saddlepoint.deploy.traits import rows_of
from saddlepoint.errors import ConfigError


def given(rng: np.random.Generator, dark: float) -> bytes:
    content = io.BytesIO()
    pixels = np.clip(rng.uniform(60, 200, 3) * dark + rng.normal(0, 20, (16, 16, 3)), 0, 255)
    Image.fromarray(pixels.astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


def baseline() -> Baseline:
    rng = np.random.default_rng(0)
    return Baseline({"inputs": Reference(rows_of(opened(given(rng, 1.0)) for _ in range(80)))})


def test_dark_uploads_are_seen_in_the_figures_and_by_the_operator(serve):
    rng, log = np.random.default_rng(1), io.StringIO()
    with serve(log=log, baselines={"maps@stable": baseline()}, window=20) as client:
        for number in range(50):
            upload = given(rng, 0.35 if number >= 20 else 1.0)
            sent = client.post("/v1/translate", data={"model": "maps", "resize": True}, files={"image": upload})
            assert sent.status_code == 200
            if number == 19:
                assert 'saddlepoint_drift{model="maps@stable",side="inputs"} 0.0' in client.get("/metrics").text
        assert 'saddlepoint_drift{model="maps@stable",side="inputs"} 1.0' in client.get("/metrics").text
        report = client.get("/v1/operator/drift").json()
    assert [one["drifted"] for one in report["windows"]] == [True, False]
    assert "brightness" in report["windows"][0]["moved"]
    assert report["filling"] == {"maps@stable inputs": 10}
    assert [json.loads(line)["side"] for line in log.getvalue().splitlines() if '"drift"' in line] == ["inputs"]


def test_one_picture_sent_often_is_no_window(serve):
    with serve(baselines={"maps@stable": baseline()}, window=20) as client:
        for _ in range(25):
            client.post("/v1/translate", data={"model": "maps"}, files={"image": photo()})
        assert client.get("/v1/operator/drift").json()["filling"] == {"maps@stable inputs": 1}


STRICT = (QualityGate(model="maps@stable", ssim=0.99), QualityGate(model="faces@stable", contrast=0.9))


def held(client: Any, **more: Any) -> str:
    """The job of a translation that falls short."""
    answer = client.post("/v1/translate", data={"model": "maps", **more}, files={"image": photo(24, 20)})
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["state"], answer.headers["location"]) == ("held", f"/v1/jobs/{job['id']}")
    return str(job["id"])


def test_what_falls_short_waits_and_what_does_not_leaves(serve):
    with serve(gates=STRICT) as client:
        job = held(client)
        early = client.get(f"/v1/jobs/{job}/result")
        assert (early.status_code, early.json()["type"]) == (409, "urn:saddlepoint:in-review")
        assert client.get(f"/v1/jobs/{job}/preview").status_code == 404
        (entry,) = client.get("/v1/operator/review").json()["held"]
        assert (entry["job"], entry["images"], entry["given"]) == (job, 1, True)
        assert entry["shortfalls"][0]["figure"] == "ssim"
        assert opened(client.get(f"/v1/operator/review/{job}/given").content).size == (24, 20)
        assert client.post("/v1/operator/decisions", json={"job": job, "decision": "accept"}).status_code == 200
        result = client.get(f"/v1/jobs/{job}/result")
        assert examine(result.content).metadata.disclosure is not None
        again = client.post("/v1/operator/decisions", json={"job": job, "decision": "reject"})
        assert (again.status_code, again.json()["type"]) == (409, "urn:saddlepoint:not-held")
        assert client.post("/v1/sample", json={"model": "faces@beta"}).status_code == 200  # which has no gate
        assert 'saddlepoint_held_total{model="maps@stable"} 1.0' in client.get("/metrics").text


def test_what_is_rejected_is_gone_with_what_was_given(serve, tmp_path):
    with serve(gates=STRICT) as client:
        job = held(client)
        client.post("/v1/operator/decisions", json={"job": job, "decision": "reject", "note": "a second head"})
        answer = client.get(f"/v1/jobs/{job}/result")
        assert (answer.status_code, answer.json()["detail"]) == (410, "a person has looked at this and rejected it.")
        assert "head" not in answer.text
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "rejected"
    assert {path.name for path in (tmp_path / "jobs" / job).rglob("*")} == {"job.json"}


def test_a_region_is_painted_anew_and_the_file_says_so(serve):
    with serve(gates=STRICT) as client:
        job = held(client, answer="zip")
        before = np.asarray(opened(client.get(f"/v1/operator/review/{job}/images/0").content))
        region = {"left": 4, "top": 3, "width": 8, "height": 9}
        patch = Image.new("RGB", (5, 5), (255, 0, 255))
        content = io.BytesIO()
        patch.save(content, "PNG")
        import base64

        sent = {"job": job, "by": "patch", "patch": base64.b64encode(content.getvalue()).decode(), **region}
        assert client.post("/v1/operator/repaint", json=sent).json()["repainted"] == 1
        after = np.asarray(opened(client.get(f"/v1/operator/review/{job}/images/0").content))
        assert tuple(after[7, 8]) == (255, 0, 255)
        outside = np.ones(before.shape[:2], bool)
        outside[3:12, 4:12] = False
        np.testing.assert_array_equal(before[outside], after[outside])
        for by in ("surroundings", "given"):
            assert client.post("/v1/operator/repaint", json={"job": job, "by": by, **region}).status_code == 200
        for wrong in ({"left": 20}, {"image": 1}, {"by": "patch"}):
            answer = client.post("/v1/operator/repaint", json={"job": job, **region, **wrong})
            assert answer.status_code in (404, 422), answer.text
        client.post("/v1/operator/decisions", json={"job": job, "decision": "accept"})
        with zipfile.ZipFile(io.BytesIO(client.get(f"/v1/jobs/{job}/result").content)) as files:
            disclosure = examine(files.read("00000.png")).metadata.disclosure
    assert disclosure is not None
    assert (disclosure.made, disclosure.settings["repainted"]) == ("modified", 3)


def test_a_job_that_falls_short_waits_over_a_restart(serve):
    with serve(gates=STRICT) as client:
        job = client.post("/v1/jobs", json={"task": "sample", "n": 3, "model": "faces", "answer": "zip"}).json()["id"]
        while client.get(f"/v1/jobs/{job}").json()["state"] in ("waiting", "running"):
            pass
    with serve(gates=STRICT) as client:
        assert client.get("/v1/operator/review").json()["held"][0]["images"] == 3
        client.post("/v1/operator/decisions", json={"job": job, "decision": "accept"})
        assert client.get(f"/v1/jobs/{job}/result").headers["content-type"] == "application/zip"


def test_no_more_wait_than_may(serve):
    with serve(gates=STRICT, most_held=1) as client:
        held(client)
        answer = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo()})
        assert (answer.status_code, answer.json()["type"]) == (429, "urn:saddlepoint:review")


def test_a_gate_without_the_baseline_that_it_needs_is_refused():
    with pytest.raises(ConfigError, match="--baseline faces@stable=FILE"):
        Quality((QualityGate(model="faces@stable", frechet=1.0),))
    with pytest.raises(ValueError, match="a gate asks for"):
        QualityGate(model="faces@stable")


def test_a_batch_far_from_the_baseline_is_held_back_and_a_small_one_not_judged(shelf):
    from saddlepoint.deploy.serve.making import Made

    rng = np.random.default_rng(0)
    rows = rows_of(opened(given(rng, 1.0)) for _ in range(80))
    quality = Quality(
        (QualityGate(model="faces@stable", frechet=3.0),), {"faces@stable": Baseline({"outputs": Reference(rows)})}
    )

    def shortfalls(count: int, dark: float) -> int:
        results = [Made(opened(given(rng, dark)).convert("RGB"), "generated", {}) for _ in range(count)]
        return len(quality.shortfalls("faces@stable", results, None))

    assert [shortfalls(30, 1.0), shortfalls(30, 0.2), shortfalls(5, 0.2)] == [0, 1, 0]


class Sees:
    """A detector that sees a face in everything wider than 20 pixels."""

    def faces(self, picture: Image.Image) -> int:
        return int(picture.width > 20)


def test_an_upload_with_a_face_needs_a_word_and_the_answer_says_nothing_of_who(serve):
    with serve(detector=Sees(), most_seconds=300) as client:
        assert client.get("/v1/models").json()["asks_consent"]
        for route, model in (("translate", "maps"), ("predict", "signs"), ("project", "faces")):
            body = {"model": model, **({"steps": 1, "candidates": 1} if route == "project" else {})}
            answer = client.post(f"/v1/{route}", data=body, files={"image": photo(24, 20)})
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:saddlepoint:consent")
            assert client.post(f"/v1/{route}", data=body, files={"image": photo(16, 16)}).status_code == 200
            agreed = client.post(f"/v1/{route}", data={**body, "consent": True}, files={"image": photo(24, 20)})
            assert agreed.status_code == 200
    with serve() as client:  # off unless asked for
        assert client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(24, 20)}).status_code == 200


def test_where_nothing_is_kept_nothing_is_written(serve, tmp_path):
    with serve(keep_nothing=True, gates=STRICT) as client:
        assert client.post("/v1/sample", json={"model": "faces@beta"}).status_code == 200
        for path, body in (
            ("/v1/jobs", {"task": "sample"}),
            ("/v1/feedback", {"thumb": "up"}),
            ("/v1/experiments/x/outcomes", {"unit": "a", "value": 1}),
        ):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:saddlepoint:keeps-nothing"), path
        for path in ("feedback", "experiments", "review"):
            assert client.get(f"/v1/operator/{path}").status_code == 403
        assert client.get("/v1/operator/drift").status_code == 200
        short = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo()})
        assert (short.status_code, short.json()["type"]) == (422, "urn:saddlepoint:quality")
        assert client.get(f"/v1/jobs/{'0' * 32}").status_code == 403
    assert not (tmp_path / "jobs").exists()


def test_operators_have_keys_of_their_own(serve):
    keys = {"keys": (b"k" * 16,), "operators": (b"o" * 16,)}
    with serve(**keys) as client:
        client.headers["X-API-Key"] = "k" * 16
        assert client.post("/v1/feedback", json={"thumb": "up"}).status_code == 201
        assert client.get("/v1/operator/feedback").status_code == 401
        client.headers["X-API-Key"] = "o" * 16
        assert client.get("/v1/operator/feedback").json()["models"][0]["up"] == 1
        assert client.get("/v1/models").status_code == 200
        assert client.get("/v1/operator/feedback/table").text.startswith("at,model")


def test_a_unit_meets_the_same_version_and_is_counted(serve):
    from saddlepoint.deploy.serve.experiments import Experiment

    smile = Experiment(name="smile", arms={"faces@stable": 1, "faces@beta": 1}, units=60)
    with serve(experiments=(smile,)) as client:
        for number in range(6):
            body = {"model": "faces", "unit": f"user {number}"}
            answers = [client.post("/v1/sample", json=body).headers for _ in range(2)]
            assert {one["x-model"] for one in answers} == {smile.arm(f"user {number}")}
            assert answers[0]["x-experiment"] == f"smile; arm={smile.arm(f'user {number}')}"
            assert client.post("/v1/experiments/smile/outcomes", json={"unit": f"user {number}", "value": 1}).json()[
                "counted"
            ]
        assert "x-experiment" not in client.post("/v1/sample", json={"model": "faces@beta", "unit": "user 0"}).headers
        job = client.post("/v1/jobs", json={"task": "sample", "model": "faces", "unit": "user 9"})
        assert job.json()["model"] == smile.arm("user 9")
        (report,) = client.get("/v1/operator/experiments").json()["experiments"]
        assert sum(one["exposed"] for one in report["arms"]) == 7
        assert sum(one["outcomes"] for one in report["arms"]) == 6


def test_files_of_gates_and_experiments_are_read_with_words(shelf, tmp_path: Path):
    from saddlepoint.deploy.serve.experiments import experiments_of
    from saddlepoint.deploy.serve.quality import gates_of

    path = tmp_path / "x.json"
    path.write_text(json.dumps({"gates": [{"model": "maps", "ssim": 0.2}]}))
    assert gates_of(path, shelf)[0].model == "maps@stable"
    for text, words in (
        ("no", "cannot be read"),
        ("{}", "no list"),
        ('{"gates": [{"model": "mapz", "ssim": 0.2}]}', "mapz is not served"),
        ('{"gates": [{"model": "maps", "ssim": 7}]}', "ssim"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=words):
            gates_of(path, shelf)
    path.write_text(
        json.dumps({"experiments": [{"name": "x", "arms": {"faces@stable": 1, "faces@old": 1}, "units": 90}]})
    )
    with pytest.raises(ConfigError, match="faces@old of x is not served"):
        experiments_of(path, shelf)
