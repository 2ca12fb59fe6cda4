"""Uploads of other channels than their results: what is transparent is filled, grey becomes colour."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from service_parts import opened, photo, small_of

from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.kinds.image import Image as ImageKind


def sources() -> Shelf:
    """One that fills holes, one that colours, and one of two sensors, which no upload can be."""

    def spec(source: int) -> DataSpec:
        return DataSpec({"source": ImageKind(source, 16, 16), "target": ImageKind(3, 16, 16)}, (), 100)

    tiny = {"width": 2, "blocks": 1, "critic_width": 2, "halvings": 2}
    filler = small_of("patch_global_inpainting", spec(4), **tiny)
    little = {"generator_width": 2, "blocks": 1, "before": 0, "critic_width": 2, "halvings": 1}
    colours, sensors = small_of("pgan_mri", spec(1), **little), small_of("pgan_mri", spec(6), **little)
    named = {"filler": filler, "colours": colours, "sensors": sensors}
    return Shelf(tuple(Served(name, "stable", model) for name, model in named.items()))


@pytest.fixture
def client(start, tmp_path):
    """Their service."""
    with start(sources(), tmp_path) as client:
        yield client


def test_what_is_transparent_in_an_upload_is_filled(client):
    picture = np.asarray(Image.open(io.BytesIO(photo(20, 24))).convert("RGBA")).copy()
    picture[3:9, 4:12, 3] = 0
    upload = io.BytesIO()
    Image.fromarray(picture).save(upload, "PNG")
    answer = client.post("/v1/translate", data={"model": "filler"}, files={"image": upload.getvalue()})
    assert answer.status_code == 200, answer.text
    result, known = np.asarray(opened(answer.content)), picture[..., 3] > 0
    np.testing.assert_array_equal(result[known], picture[known][:, :3])
    assert (result[~known] != picture[~known][:, :3]).any()
    whole = client.post("/v1/translate", data={"model": "filler"}, files={"image": photo()})
    assert whole.status_code == 422
    assert "no transparent part" in whole.text


def test_grey_becomes_colour_and_several_sensors_are_not_offered(client):
    answer = client.post("/v1/translate", data={"model": "colours"}, files={"image": photo()})
    assert opened(answer.content).mode == "RGB"
    refused = client.post("/v1/translate", data={"model": "sensors"}, files={"image": photo()})
    assert "cannot translate" in refused.text
