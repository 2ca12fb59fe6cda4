"""The log: lines of JSON, and few of what libraries say often."""

from __future__ import annotations

import io
import json
import logging

from saddlepoint.deploy.serve.journal import Journal, Relay


def test_what_libraries_log_often_is_written_a_few_times_and_then_counted() -> None:
    stream, now = io.StringIO(), [0.0]
    relay, log = Relay(Journal(stream), lambda: now[0]), logging.getLogger("a.library")
    log.addHandler(relay)
    log.propagate = False
    for number in range(1000):
        log.warning("no room for %d", number)
    for number in range(300):
        log.warning(f"a kind of its own: {number}")
    now[0] = 61.0
    log.error("again")
    log.removeHandler(relay)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["text"] for line in lines[:5]] == [f"no room for {number}" for number in range(5)]
    assert [line.get("more") for line in lines if line["text"] == "no room for %d"] == [995]
    assert len(lines) < 120
    assert lines[-1]["text"] == "again"


def test_an_error_is_one_line_too() -> None:
    stream = io.StringIO()
    log = logging.Logger("a.library")
    log.addHandler(Relay(Journal(stream)))
    try:
        raise ValueError("lost")
    except ValueError:
        log.exception("it failed")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["source"], line["level"]) == ("library", "a.library", "error")
    assert "ValueError: lost" in line["where"]
