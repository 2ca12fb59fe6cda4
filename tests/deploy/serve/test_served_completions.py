"""Completions by the service: what is known stays, the rest differs by number, and what does not fit is refused."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from service_parts import opened, photo, small

from saddlepoint.deploy.serve.shelf import Served, Shelf


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(
        (Served("digits", "stable", small("fvbn", (1, 8, 8))), Served("maps", "stable", small("vae", (1, 8, 8))))
    )


def png(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


PICTURE = 255 * (np.indices((8, 8)).sum(0) % 2)
MASK = np.where(np.arange(8)[:, None] < 5, 255, 0) * np.ones((1, 8))


def test_what_the_mask_shows_stays_and_the_rest_differs_by_number(tmp_path: Path, start, shelf: Shelf) -> None:
    files = {"image": png(PICTURE), "mask": png(MASK)}
    with start(shelf, tmp_path) as client:
        (entry, _) = client.get("/v1/models").json()["models"]
        answer = client.post("/v1/complete", data={"n": 4, "seed": 3, "answer": "json"}, files=files).json()
        again = client.post("/v1/complete", data={"seed": 3}, files=files)
        halves = client.post("/v1/complete", data={"half": "left"}, files={"image": png(PICTURE)})
    assert "complete" in entry["tasks"]
    images = [np.asarray(opened(one["image"])) for one in answer["images"]]
    assert all((image[:5] == PICTURE[:5]).all() for image in images)
    assert len({image.tobytes() for image in images}) > 1
    assert (np.asarray(opened(again.content)) == images[0]).all()
    assert (np.asarray(opened(halves.content))[:, :4] == PICTURE[:, :4]).all()
    assert answer["images"][1]["settings"]["row"] == 1
    assert answer["images"][0]["made"] == "modified"


def test_a_job_takes_the_mask_in_base64(tmp_path: Path, start, shelf: Shelf) -> None:
    image, mask = (base64.b64encode(png(each)).decode() for each in (PICTURE, MASK))
    with start(shelf, tmp_path) as client:
        job = client.post("/v1/jobs", json={"task": "complete", "image": image, "mask": mask, "answer": "json"}).json()
        while client.get(f"/v1/jobs/{job['id']}").json()["state"] in ("waiting", "running"):
            pass
        (one,) = client.get(f"/v1/jobs/{job['id']}/result").json()["images"]
    assert (np.asarray(opened(one["image"]))[:5] == PICTURE[:5]).all()


@pytest.mark.parametrize(
    ("data", "files", "words"),
    [
        ({}, {"mask": png(MASK[:4])}, "8x4 and 8x8 pixels"),
        ({}, {"mask": png(np.full((8, 8), 255))}, "nothing is left to make"),
        ({"half": "middle"}, {}, "half"),
        ({"temperature": "0"}, {}, "temperature"),
        ({"n": "100000"}, {}, "n"),
        ({"label": "2"}, {}, "no class"),
        ({"model": "maps"}, {}, "cannot complete"),
        ({}, {"mask": b"no picture"}, "not an image"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(tmp_path: Path, start, shelf: Shelf, data, files, words: str) -> None:
    with start(shelf, tmp_path) as client:
        answer = client.post("/v1/complete", data=data, files={"image": photo(8, 8), **files})
    assert answer.status_code in (415, 422)
    assert words in answer.text
