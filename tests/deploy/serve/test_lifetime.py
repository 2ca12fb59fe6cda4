"""Versions with days: what headers, descriptions and cards say of them, and that one that has ended is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from saddlepoint.deploy.serve.lifetime import Lifetime
from saddlepoint.deploy.serve.shelf import Shelf, _dated
from saddlepoint.errors import ConfigError


def dated(shelf: Shelf, day: str) -> Shelf:
    """faces@stable, @beta and @legacy, of which the last one has days, on a given day."""
    pair = [one for one in shelf.served if one.name == "faces"]
    legacy = replace(pair[1], channel="legacy")
    served = _dated([*pair, legacy], ["faces@legacy=2027-01-01"], ["faces@legacy=2027-08-31"])
    return Shelf(served, lambda: date.fromisoformat(day))


def test_days_stand_in_every_answer_and_the_last_one_is_kept(start, shelf, tmp_path):
    with start(dated(shelf, "2027-08-31"), tmp_path / "jobs") as client:
        body = {"model": "faces@legacy"}
        for answer in (
            client.post("/v1/sample", json=body),
            client.get("/v1/models/faces@legacy"),
            client.post("/v1/jobs", json={"task": "sample", **body}),
        ):
            assert answer.headers["deprecation"] == "@1798761600"
            assert answer.headers["sunset"] == "Tue, 31 Aug 2027 23:59:59 GMT"
            assert answer.headers["link"] == '</v1/models/faces@stable>; rel="successor-version"'
        assert "sunset" not in client.post("/v1/sample", json={"model": "faces"}).headers
        entries = {one["name"]: one for one in client.get("/v1/models").json()["models"]}
        assert [one["stage"] for one in entries.values()] == ["current", "current", "deprecated"]
        known = entries["faces@legacy"]
        assert (known["deprecated"], known["sunset"], known["successor"]) == (
            "2027-01-01",
            "2027-08-31",
            "faces@stable",
        )


def test_after_its_last_day_a_version_is_refused_and_still_described(start, shelf, tmp_path):
    with start(dated(shelf, "2027-09-01"), tmp_path / "jobs") as client:
        answer = client.post("/v1/sample", json={"model": "faces@legacy"})
        assert answer.status_code == 410
        assert answer.json()["mend"] == "use faces@stable"
        assert answer.headers["sunset"].startswith("Tue, 31 Aug 2027")
        assert client.post("/v1/jobs", json={"task": "sample", "model": "faces@legacy"}).status_code == 410
        assert client.get("/v1/models/faces@legacy").json()["stage"] == "ended"


def test_a_card_says_the_days():
    text = Lifetime(date(2027, 1, 1), date(2027, 8, 31)).section("faces@legacy", "faces@stable")
    assert "deprecated from 2027-01-01 on. It is served until 2027-08-31" in text
    assert Lifetime().section("faces", None) == ""
    assert Lifetime(date(2027, 1, 1), date(2027, 8, 31)).notice == 242


@pytest.mark.parametrize(
    ("deprecated", "sunset", "words"),
    [
        (["faces@legacy=2027-13-01"], [], "is no day"),
        (["face=2027-01-01"], [], "not served, did you mean|not served; did you mean|not served"),
        (["faces=2027-02-01"], ["faces=2027-01-01"], "before it is deprecated"),
    ],
)
def test_days_that_cannot_be_are_refused(shelf, deprecated, sunset, words):
    with pytest.raises(ConfigError, match=words):
        _dated([one for one in shelf.served if one.name == "faces"], deprecated, sunset)
