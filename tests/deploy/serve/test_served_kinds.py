"""Texts and clips as a service offers them: prompts in words, drawings beside files of their own kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from service_parts import small_of

from conftest import started
from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.tokens import Tokens

LETTERS = Tokens(6, ("<end of text>", "<unknown>", "a", "b"), "characters")


def other_kinds() -> Shelf:
    """words (texts, of letters) and films (clips)."""
    words = small_of("gpt", DataSpec({"text": LETTERS}, (), 100), width=8, heads=2, layers=1)
    tiny = {"width": 2, "dilations": (1,), "decoder_blocks": 1}
    films = small_of("video_pixel_network", DataSpec({"clip": Clip(4, 1, 8, 8)}, (), 100), **tiny)
    return Shelf((Served("words", "stable", words), Served("films", "stable", films)))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with started(other_kinds(), tmp_path_factory.mktemp("jobs")) as client:
        yield client


def test_what_can_be_said_in_words_is_listed_with_its_kind(client: TestClient) -> None:
    words, films = client.get("/v1/models").json()["models"]
    assert words["tasks"] == films["tasks"] == ["sample"]
    complete = next(task for task in words["abilities"] if task["name"] == "complete")
    assert {name for name, kind in complete["takes"].items() if kind["in_words"]} == {"prompt"}


def test_a_prompt_is_continued_and_the_text_says_who_made_it(client: TestClient) -> None:
    ask = {"model": "words", "given": {"prompt": "ab"}, "answer": "json", "n": 2}
    images = client.post("/v1/sample", json=ask).json()["images"]
    said = [json.loads(base64.b64decode(image["value"])) for image in images]
    assert [image["value_ending"] for image in images] == [".jsonl"] * 2
    assert all(text["text"].startswith("ab") for text in said)
    assert all("words@stable" in text["made by"] for text in said)


def test_a_prompt_that_the_model_cannot_read_is_refused_in_a_sentence(client: TestClient) -> None:
    answer = client.post("/v1/sample", json={"model": "words", "given": {"prompt": "xyz"}})
    assert answer.status_code == 422
    assert "the vocabulary of this model has no character 'x'" in answer.json()["detail"]


def test_a_clip_comes_as_a_strip_and_as_a_moving_picture(client: TestClient) -> None:
    image = client.post("/v1/sample", json={"model": "films", "answer": "json"}).json()["images"][0]
    assert image["value_ending"] == ".gif"
    assert base64.b64decode(image["value"])[:4] == b"GIF8"
