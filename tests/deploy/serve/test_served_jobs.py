"""Jobs: done while nobody waits, seen, cancelled, kept within bounds, and not lost."""

from __future__ import annotations

import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from service_parts import opened, photo
from starlette.testclient import TestClient

from saddlepoint.deploy.metadata import read
from saddlepoint.deploy.serve import store as store_file
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.store import Facts, Store
from saddlepoint.errors import RunError

IMAGE = base64.b64encode(photo(100, 60)).decode()
EARLY = "2030-01-01T00:00:00+00:00"
LONG = {"task": "project", "model": "faces", "steps": 2000, "candidates": 4, "image": IMAGE}


def begun(client: TestClient, **ask: Any) -> str:
    answer = client.post("/v1/jobs", json=ask)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return answer.json()["id"]


def until(client: TestClient, job: str, *states: str) -> dict[str, Any]:
    for _ in range(2000):
        seen = client.get(f"/v1/jobs/{job}").json()
        if seen["state"] in states:
            return seen
        time.sleep(0.01)
    raise AssertionError(seen)


def facts_of(job: str, finished: str | None, state: str = "done", **more: Any) -> Facts:
    known = {"task": "sample", "model": "faces@stable", "version": "1", "created": EARLY, "request": "r"}
    return Facts(id=job, state=state, finished=finished, **known, **more)


def test_a_job_makes_what_a_client_that_waits_gets(client) -> None:
    ask = {"seeds": [3], "n": 5, "answer": "json"}
    job = begun(client, task="sample", **ask)
    seen = until(client, job, "done")
    result = client.get(seen["result"])
    waited = client.post("/v1/sample", json=ask)
    assert (seen["progress"], seen["model"], seen["error"]) == (1.0, "faces@stable", None)
    assert seen["bytes"] > len(result.content)
    assert result.json() == waited.json()
    assert result.headers["x-model-version"] == waited.headers["x-model-version"]


def test_a_job_may_make_more_than_a_client_that_waits(client) -> None:
    assert client.post("/v1/sample", json={"n": 100}).status_code == 422
    job = begun(client, task="sample", n=100)
    until(client, job, "done")
    assert client.post("/v1/jobs", json={"task": "sample", "n": 1024, "seeds": [1, 2]}).status_code == 422


def test_a_large_translation_shows_a_small_one_first_and_says_that_it_is_one(client) -> None:
    job = begun(client, task="translate", model="maps", image=IMAGE)
    until(client, job, "done")
    small, whole = client.get(f"/v1/jobs/{job}/preview"), client.get(f"/v1/jobs/{job}/result")
    assert opened(small.content).size == (16, 10)
    assert opened(whole.content).size == (100, 60)
    said = read(opened(small.content)).disclosure
    assert (said.made, said.settings["preview"], said.settings["strength"]) == ("modified", True, 1.0)


def test_a_job_that_fails_says_why(client) -> None:
    job = begun(client, task="translate", model="maps", image=base64.b64encode(b"no image").decode())
    seen = until(client, job, "failed")
    result = client.get(f"/v1/jobs/{job}/result")
    assert seen["error"]["type"] == "urn:saddlepoint:no-image"
    assert (result.status_code, result.json()["detail"]) == (410, seen["error"]["detail"])


def test_a_job_that_runs_is_not_done_yet_and_can_be_cancelled(client) -> None:
    job = begun(client, **LONG)
    until(client, job, "running")
    early = client.get(f"/v1/jobs/{job}/result")
    no_preview = client.get(f"/v1/jobs/{job}/preview")
    assert client.delete(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    late = client.get(f"/v1/jobs/{job}/result")
    assert (early.status_code, no_preview.status_code, late.status_code) == (409, 404, 410)
    assert client.delete(f"/v1/jobs/{job}").status_code == 200  # now it is forgotten
    assert client.get(f"/v1/jobs/{job}").status_code == 404


def test_two_jobs_run_at_once_and_no_more_than_the_bound_wait(serve) -> None:
    with serve(most_jobs=3) as client:
        jobs = [begun(client, **LONG) for _ in range(3)]
        until(client, jobs[1], "running")
        assert client.get(f"/v1/jobs/{jobs[2]}").json()["state"] == "waiting"
        full = client.post("/v1/jobs", json={"task": "sample"})
        assert (full.status_code, full.json()["type"]) == (429, "urn:saddlepoint:jobs")
        for job in reversed(jobs):
            assert client.delete(f"/v1/jobs/{job}").json()["state"] == "cancelled"
        until(client, begun(client, task="sample"), "done")


def test_what_a_projection_found_can_be_edited_sampled_and_walked_from(client) -> None:
    job = begun(client, task="project", model="styles", steps=2, candidates=4, image=IMAGE)
    until(client, job, "done")
    place = f"job:{job}"
    again = client.post("/v1/sample", json={"model": "styles", "seeds": [place]})
    edited = client.post("/v1/edit", json={"model": "styles", "seeds": [place], "direction": "age", "strengths": [0]})
    walk = client.post("/v1/interpolate", json={"model": "styles", "seeds": [place, 3], "steps": 2})
    other = client.post("/v1/sample", json={"model": "faces", "seeds": [place]})
    found = client.get(f"/v1/jobs/{job}/result")
    assert [one.status_code for one in (again, edited, walk)] == [200, 200, 200]
    assert read(opened(again.content)).disclosure.made == "modified"
    own, same = (np.asarray(opened(one.content)).astype(int) for one in (found, again))
    assert np.abs(own - same).max() <= 1
    assert other.json()["type"] == "urn:saddlepoint:other-model"


def test_results_are_there_after_a_restart(serve) -> None:
    with serve() as client:
        job = begun(client, task="sample", seeds=[9])
        until(client, job, "done")
        before = client.get(f"/v1/jobs/{job}/result")
    with serve() as client:
        after = client.get(f"/v1/jobs/{job}/result")
    assert after.content == before.content
    assert after.headers["x-disclosure"] == before.headers["x-disclosure"]


def test_a_stop_finishes_what_runs_and_says_what_did_not(serve) -> None:
    with serve() as client:
        running = [begun(client, **{**LONG, "steps": 30}) for _ in range(2)]
        waiting = begun(client, task="sample")
        until(client, running[1], "running")
    with serve() as client:
        states = [client.get(f"/v1/jobs/{job}").json() for job in (*running, waiting)]
        gone = client.get(f"/v1/jobs/{waiting}/result")
    assert [one["state"] for one in states] == ["done", "done", "interrupted"]
    assert states[2]["error"]["mend"] == "send it again"
    assert gone.status_code == 410


def test_a_stop_ends_after_its_time_of_grace_and_leaves_what_runs_as_interrupted(serve) -> None:
    with serve(grace_seconds=0.2) as client:
        job = begun(client, **LONG)
        until(client, job, "running")
        begin = time.monotonic()
    assert time.monotonic() - begin < 5
    with serve() as client:
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "interrupted"


def test_an_upload_is_not_kept(serve, tmp_path: Path) -> None:
    with serve() as client:
        until(client, begun(client, task="translate", model="maps", image=IMAGE), "done")
    sent = photo(100, 60)
    assert [path for path in (tmp_path / "jobs").rglob("*") if path.is_file() and sent in path.read_bytes()] == []
    assert all("image" not in json.loads(path.read_text()) for path in (tmp_path / "jobs").rglob("job.json"))


def test_two_services_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Store(tmp_path, Limits())
    with pytest.raises(RunError, match="use --jobs"):
        Store(tmp_path, Limits())
    first.close()
    Store(tmp_path, Limits()).close()


def test_what_a_kill_left_is_called_interrupted_or_removed(tmp_path: Path) -> None:
    running, half = "1" * 32, "2" * 32
    store = Store(tmp_path, Limits())
    store.add(facts_of(running, None, "running"))
    (tmp_path / half).mkdir()
    (tmp_path / f".new-{half}").mkdir()
    (tmp_path / running / ".job.json.77").write_text("{")
    store.close()
    store = Store(tmp_path, Limits())
    assert store.read(running).state == "interrupted"
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".lock", running, "job.json"]
    store.close()


@pytest.mark.parametrize("left", ["[]", "7", "{}", '{"id": 3}', "[" * 100_000, '"', "\xff"])
def test_a_damaged_line_on_a_job_costs_that_job_alone(tmp_path: Path, left: str) -> None:
    store = Store(tmp_path, Limits())
    store.add(facts_of("1" * 32, EARLY))
    store.close()
    (tmp_path / ("2" * 32)).mkdir()
    (tmp_path / ("2" * 32) / "job.json").write_text(left, encoding="latin-1")
    store = Store(tmp_path, Limits(keep_hours=1e6))
    assert store.read("1" * 32).state == "done"
    with pytest.raises(Refusal, match="no such job"):
        store.read("2" * 32)
    store.close()


def test_no_sweep_takes_what_is_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, usual = Store(tmp_path, Limits(keep_hours=1e6)), store_file.write_json

    def slowly(path: Path, value: Any) -> None:
        path.parent.mkdir()
        other.sweep()  # what a sweep of another request meets: a folder without its line
        usual(path, value)

    other = store
    monkeypatch.setattr(store_file, "write_json", slowly)
    store.add(facts_of("1" * 32, EARLY))
    assert store.read("1" * 32).state == "done"
    assert (tmp_path / ("1" * 32) / "job.json").is_file()
    store.close()


def test_jobs_of_many_clients_at_once_are_all_kept(serve) -> None:
    with serve(most_jobs=40) as client, ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda seed: client.post("/v1/jobs", json={"task": "sample", "seeds": [seed]}), range(80))
        )
        taken = [one.json()["id"] for one in answers if one.status_code == 202]
        assert {one.status_code for one in answers} <= {202, 429}
        assert len(taken) >= 40
        assert {until(client, job, "done", "failed")["state"] for job in taken} == {"done"}


def test_no_more_jobs_than_the_bound_are_taken_however_they_come(serve) -> None:
    with serve(most_jobs=3, grace_seconds=0.1) as client, ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: client.post("/v1/jobs", json=LONG).status_code, range(12)))
        waiting = client.get("/metrics").text
    assert sorted(codes) == [202] * 3 + [429] * 9
    assert 'jobs_open{state="running"} 2.0' in waiting


def test_the_images_of_waiting_jobs_are_bounded_together(serve) -> None:
    with serve(most_bytes=3000, grace_seconds=0.1) as client:
        image = base64.b64encode(photo(26, 26)).decode()
        codes = [client.post("/v1/jobs", json={**LONG, "image": image}).status_code for _ in range(14)]
    assert codes[0] == 202
    assert codes[-1] == 429


def test_a_disk_that_takes_nothing_is_no_fault_of_the_request_and_told_without_its_place(serve, monkeypatch) -> None:
    def full(path: Path, value: Any) -> None:
        raise RunError(f"the disk is full: {path} was not written.")

    log = io.StringIO()
    with serve(log=log) as client:
        monkeypatch.setattr(store_file, "write_json", full)
        answer = client.post("/v1/jobs", json={"task": "sample"})
        monkeypatch.undo()
        until(client, begun(client, task="sample"), "done")
    assert answer.status_code == 500
    assert "disk" not in answer.text
    assert "/" not in answer.json()["detail"]
    assert "the disk is full" in log.getvalue()


@pytest.mark.parametrize(
    ("limits", "left"),
    [({"keep_jobs": 2}, "34"), ({"keep_bytes": 250}, "34"), ({"keep_hours": 2.5}, "34"), ({}, "1234")],
)
def test_finished_jobs_are_kept_within_bounds_the_newest_longest(tmp_path: Path, limits: dict, left: str) -> None:
    store = Store(tmp_path, Limits(**limits), lambda: "2030-01-01T05:00:00+00:00")
    for place in "5123":
        store.add(facts_of(place * 32, None, "running"))
    store.add(facts_of("4" * 32, None, "running"))
    for place in "1234":
        store.write(facts_of(place * 32, f"2030-01-01T0{place}:00:00+00:00", bytes=100))
    store.sweep()
    assert sorted(path.name[0] for path in tmp_path.iterdir() if path.is_dir()) == [*left, "5"]
    store.close()


def test_a_result_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    store, job = Store(tmp_path, Limits()), "a" * 32
    parcel = Parcel(b"content", "image/png", {"X-Model": "faces@stable"})
    store.add(facts_of(job, None, "running"))
    store.write(facts_of(job, EARLY, **store.keep(job, parcel, None)))
    kept = store.result(store.read(job))
    assert (kept.path.read_bytes(), kept.media_type, kept.headers) == (b"content", "image/png", parcel.headers)
    store.remove(job)
    assert list(tmp_path.glob("*a")) == []
    store.close()
