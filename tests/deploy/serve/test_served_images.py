"""What a client gets: the images that the model makes, in the form that was asked for, each with its disclosure."""

from __future__ import annotations

import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from service_parts import opened, photo, small
from starlette.testclient import TestClient

from saddlepoint.deploy.metadata import read
from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.making import labelled
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.latent.addresses import Address, codes_of
from saddlepoint.latent.decode_codes import images_of


def array(image: Any) -> np.ndarray:
    """A picture as [C, H, W]."""
    found = np.asarray(opened(image) if isinstance(image, bytes | str) else image)
    return found[None] if found.ndim == 2 else found.transpose(2, 0, 1)


def served(shelf: Shelf, name: str) -> Any:
    return shelf.find(name).model


def test_an_image_is_the_one_that_the_model_makes(client, shelf) -> None:
    answer = client.post("/v1/sample", json={"seeds": [7]})
    jpeg = client.post("/v1/sample", json={"seeds": [7], "form": "jpeg"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-model"] == "faces@stable"
    assert answer.headers["x-disclosure"] == "metadata"
    np.testing.assert_array_equal(array(answer.content), to_uint8(served(shelf, "faces").sample(1, seed=7))[0].numpy())
    assert opened(jpeg.content).format == "JPEG"


def test_several_images_are_those_of_saddle_sample(serve, shelf) -> None:
    with serve(batch=4) as client:
        found = client.post("/v1/sample", json={"seeds": [3], "n": 6, "model": "digits", "answer": "json"}).json()
        shown = client.post("/v1/sample", json={"seeds": [3], "n": 6, "model": "digits"})
    own = to_uint8(served(shelf, "digits").sample(6, seed=3)).numpy()
    np.testing.assert_array_equal(np.stack([array(one["image"]) for one in found["images"]]), own)
    assert [one["settings"]["label"] for one in found["images"]] == [0, 1, 0, 1, 0, 1]
    assert opened(shown.content).size == (3 * 10 + 2, 2 * 10 + 2)  # side by side, with gaps


def test_an_image_does_not_depend_on_who_shares_its_batch(serve) -> None:
    asked = [{"seeds": [seed], "model": name} for seed in range(12) for name in ("faces", "styles")]
    with serve(batch=1) as client:
        alone = [client.post("/v1/sample", json=one).content for one in asked]
    with serve(wait=0.05) as client, ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: client.post("/v1/sample", json=one).content, asked))
        sizes = client.get("/metrics").text
    batches = float(re.search(r'batch_size_count{model="faces@stable"} (.*)', sizes)[1])
    assert batches < 1 + 12  # one is of warming up
    for one, other in zip(alone, together):
        np.testing.assert_array_equal(array(one), array(other))


def test_every_image_says_what_made_it_and_how(client) -> None:
    made = client.post("/v1/sample", json={"seeds": ["5:2"], "truncation": 0.5, "model": "faces@beta"})
    given = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo()})
    version = client.get("/v1/models/faces@beta").json()["version"]
    said = read(opened(made.content)).disclosure
    assert (said.made, said.model, said.version) == ("generated", "faces@beta", version)
    assert said.settings == {"seed": 5, "row": 2, "truncation": 0.5}
    assert read(opened(given.content)).disclosure.made == "modified"


def test_a_large_image_carries_a_watermark_and_a_small_one_is_said_to_have_none(client) -> None:
    small_one = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(200, 256)})
    large_one = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(256, 256)})
    assert small_one.headers["x-disclosure"] == "metadata"
    assert large_one.headers["x-disclosure"] == "metadata, watermark"


def test_a_way_begins_and_ends_at_its_images(client, shelf) -> None:
    asked = {"seeds": [1, "2:3"], "steps": 3, "answer": "json"}
    for name in ("faces", "styles"):
        found = client.post("/v1/interpolate", json={**asked, "model": name}).json()["images"]
    ends = images_of(served(shelf, name), codes_of(served(shelf, name), [Address(1), Address(2, 3)]))
    own = to_uint8(ends).numpy()
    assert len(found) == 4
    np.testing.assert_allclose(array(found[0]["image"]).astype(int), own[0], atol=1)
    np.testing.assert_allclose(array(found[3]["image"]).astype(int), own[1], atol=1)
    assert [one["settings"]["place"] for one in found] == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_closed_way_in_a_chosen_space_comes_back(client) -> None:
    asked = {"seeds": [1, 2], "steps": 2, "closed": True, "space": "z", "along": "smooth", "model": "styles"}
    found = client.post("/v1/interpolate", json={**asked, "answer": "json"})
    assert len(found.json()["images"]) == 4


def test_a_mixture_has_a_row_for_each_target_and_all_layers_are_the_columns_image(client) -> None:
    asked = {"rows": [1, 2], "columns": [3, 4, 5], "model": "styles", "answer": "json"}
    whole = client.post("/v1/mix", json={**asked, "layers": "all"}).json()["images"]
    coarse = client.post("/v1/mix", json={**asked, "layers": "coarse"}).json()["images"]
    shown = client.post("/v1/mix", json={**asked, "answer": "image"})
    files = [one["image"] for one in whole]
    np.testing.assert_array_equal(array(files[0]), array(files[3]))  # nothing is left of the rows
    assert (array(coarse[0]["image"]) != array(coarse[3]["image"])).any()
    assert [one["settings"]["rows"] for one in whole] == ["1", "1", "1", "2", "2", "2"]
    assert opened(shown.content).size == (3 * 18 + 2, 2 * 18 + 2)


def test_an_edit_of_no_strength_changes_nothing(client, shelf) -> None:
    asked = {"seeds": [4], "direction": "age", "strengths": [-3, 0, 3], "model": "styles", "answer": "json"}
    found = client.post("/v1/edit", json=asked).json()["images"]
    layered = client.post("/v1/edit", json={**asked, "layers": "coarse", "off": ["light"]}).json()["images"]
    nothing = client.post("/v1/edit", json={**asked, "direction": "agee"})
    own = to_uint8(images_of(served(shelf, "styles"), codes_of(served(shelf, "styles"), [Address(4)])))[0].numpy()
    np.testing.assert_array_equal(array(found[1]["image"]), own)
    assert (array(found[0]["image"]) != array(found[2]["image"])).any()
    assert (array(layered[2]["image"]) != array(found[2]["image"])).any()
    assert nothing.status_code == 422
    assert "did you mean 'age'" in nothing.json()["detail"]


def test_the_pixels_of_all_images_are_bounded_before_one_is_made(serve) -> None:
    with serve(most_made_pixels=16 * 16 * 5) as client:
        assert client.post("/v1/sample", json={"n": 5}).status_code == 200
        for path, asked in (("sample", {"n": 6}), ("jobs", {"task": "sample", "n": 6})):
            answer = client.post(f"/v1/{path}", json=asked)
            assert (answer.status_code, answer.json()["bound"]) == (422, {"limit": 1280, "given": 1536})


@pytest.mark.parametrize("label", ["one", 1, "1"])
def test_a_class_is_named_or_counted_and_shown_as_both(client, shelf, label) -> None:
    found = client.post("/v1/sample", json={"model": "digits", "label": label, "answer": "json"}).json()["images"][0]
    way = client.post("/v1/interpolate", json={"model": "digits", "label": label, "steps": 1, "answer": "json"}).json()
    form = {"model": "digits", "label": label, "steps": 1, "candidates": 1, "answer": "json"}
    sought = client.post("/v1/project", data=form, files={"image": photo()}).json()
    own = to_uint8(served(shelf, "digits").sample(1, seed=0, label=1))[0].numpy()
    np.testing.assert_array_equal(array(found["image"]), own)
    for one in (found, way["images"][0], sought["images"][0]):
        assert (one["settings"]["label"], one["settings"]["class"]) == (1, "one")


def test_the_name_of_a_class_goes_before_its_place(shelf) -> None:
    numbered = Served("digits", "stable", small("cgan", (1, 8, 8), ("3", "10", "0"), latent=4))
    assert [labelled(numbered, one) for one in ("10", "0", 0, "1")] == [1, 2, 0, 1]


@pytest.mark.parametrize(("size", "asked"), [((60, 60), {"overlap": 15}), ((1, 4000), {})])
def test_windows_that_are_far_more_than_the_image_are_refused_before_they_are_made(serve, size, asked) -> None:
    with serve(most_pixels=4000) as client:
        answer = client.post("/v1/translate", data={"model": "maps", **asked}, files={"image": photo(*size)})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:saddlepoint:windows")


def test_images_come_as_a_zip_with_what_they_depend_on(client) -> None:
    answer = client.post("/v1/sample", json={"n": 3, "answer": "zip", "form": "jpeg"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened_zip:
        assert opened_zip.namelist() == ["00000.jpg", "00001.jpg", "00002.jpg", "answer.json"]
        said = json.loads(opened_zip.read("answer.json"))
        assert read(opened(opened_zip.read("00002.jpg"))).disclosure.settings["row"] == 2
    assert [one["settings"]["row"] for one in said["images"]] == [0, 1, 2]


def test_a_translation_keeps_the_size_and_equals_the_model_where_one_window_holds_it(client, shelf) -> None:
    given = photo()
    same = client.post("/v1/translate", data={"model": "maps", "seed": 3}, files={"image": given})
    large = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(70, 33, "JPEG")})
    little = client.post("/v1/translate", data={"model": "maps"}, files={"image": photo(5, 40)})
    own = served(shelf, "maps").translate(pixels(torch.from_numpy(array(given).copy())[None]), seed=3)
    np.testing.assert_array_equal(array(same.content), to_uint8(own)[0].numpy())
    assert opened(large.content).size == (70, 33)
    assert opened(little.content).size == (5, 40)


def test_a_translation_can_be_prepared_and_finished(client) -> None:
    given = photo(40, 24)
    asked = {"plain": {}, "resize": {"resize": True}, "none": {"strength": 0}, "preview": {"preview": True}}
    asked |= {"sharp": {"sharpen": 1}, "light": {"white_balance": True}, "colour": {"keep_colour": True}}
    made = {
        name: client.post("/v1/translate", data={"model": "maps", **one}, files={"image": given}).content
        for name, one in asked.items()
    }
    np.testing.assert_array_equal(array(made["none"]), array(given))
    assert opened(made["resize"]).size == (16, 16)
    assert opened(made["preview"]).size == (16, 10)
    for name in ("sharp", "light", "colour"):
        assert (array(made[name]) != array(made["plain"])).any()
    means = [array(one).mean((1, 2)) for one in (made["colour"], given)]
    np.testing.assert_allclose(*means, atol=3)


def test_a_reference_leads_a_translation_where_the_model_can(tmp_path) -> None:
    manner = small("munit", (3, 16, 16), generator_width=4, critic_width=4, scales=1, critic_halvings=1, mlp_width=8)
    app = build(Shelf((Served("manner", "stable", manner),)), Service(jobs=tmp_path, journal=Journal(None)))
    with TestClient(app, base_url="http://localhost") as client:
        made = [
            client.post("/v1/translate", files={"image": photo(30, 20), "reference": photo(side, side)})
            for side in (9, 40)
        ]
    assert [one.status_code for one in made] == [200, 200]
    assert (array(made[0].content) != array(made[1].content)).any()


def test_a_reference_is_refused_where_the_model_takes_none(client) -> None:
    files = {"image": photo(), "reference": photo()}
    answer = client.post("/v1/translate", data={"model": "maps"}, files=files)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:saddlepoint:reference"


def test_a_projection_says_how_near_it_came(client) -> None:
    asked = {"model": "faces", "steps": 3, "candidates": 4, "answer": "json"}
    found = client.post("/v1/project", data=asked, files={"image": photo(20, 30)}).json()
    assert found["facts"]["steps"] == 3
    assert found["facts"]["error"] > 0
    assert (found["images"][0]["width"], found["images"][0]["made"]) == (16, "modified")


@pytest.mark.parametrize(
    ("path", "asked", "status", "words"),
    [
        ("sample", {"model": "fases"}, 404, "did you mean 'faces@stable'"),
        ("sample", {"model": "../../etc/passwd"}, 422, "should match pattern"),
        ("sample", {"model": "maps"}, 422, "maps@stable cannot sample"),
        ("sample", {"n": 65}, 422, "65 images are more than the 64"),
        ("sample", {"label": 0}, 422, "it knows no classes"),
        ("sample", {"model": "digits", "label": 2}, 422, "its classes are 0 to 1, called nought, one"),
        ("sample", {"model": "digits", "label": "two"}, 422, "has no class 'two'"),
        ("sample", {"model": "digits", "label": "7"}, 422, "has no class '7'"),
        ("sample", {"label": "x" * 201}, 422, "at most 200 characters"),
        ("sample", {"seeds": ["x"] * 1000}, 422, "seeds.0"),
        ("sample", {f"k{i}": 1 for i in range(900)}, 422, "'k0' is not known here (nor are 899 others)"),
        ("sample", {"seeds": list(range(6000))}, 422, "6,002 values in JSON are more than the 5,000"),
        ("mix", {"model": "styles", "layers": "0-30000000"}, 422, "names no layers"),
        ("sample", {"seeds": [-1]}, 422, "greater than or equal to 0"),
        ("sample", {"seeds": ["1:2:3"]}, 422, "should match pattern"),
        ("sample", {"seeds": []}, 422, "at least 1 item"),
        ("sample", {"sedes": [1]}, 422, "'sedes' is not known here; did you mean 'seeds'?"),
        ("sample", {"truncation": "much"}, 422, "valid number"),
        ("sample", {"seeds": ["job:" + "0" * 32]}, 404, "no such job"),
        ("interpolate", {"space": "w"}, 422, "has no styles"),
        ("interpolate", {"steps": 64, "closed": True}, 422, "128 images are more than the 64"),
        ("mix", {"model": "faces"}, 422, "cannot mix"),
        ("mix", {"model": "styles", "layers": "hair"}, 422, "names no layers"),
        ("edit", {"model": "faces", "direction": "age"}, 422, "cannot edit"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(client, path, asked, status, words) -> None:
    answer = client.post(f"/v1/{path}", json=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


def test_a_model_is_listed_with_what_it_can_be_asked_for(client) -> None:
    found = {one["name"]: one for one in client.get("/v1/models").json()["models"]}
    alias = client.get("/v1/models/styles").json()
    card = client.get("/v1/models/faces/card")
    names = ["faces@stable", "faces@beta", "digits@stable", "styles@stable", "maps@stable"]
    assert list(found) == [*names, "signs@stable", "scene@stable", "shapes@stable", "halves@stable"]
    assert [name for name, one in found.items() if one["default"]] == ["faces@stable"]
    assert found["digits@stable"]["classes"] == ["nought", "one"]
    assert found["maps@stable"]["origins"] == {"source": "target"}
    assert alias == found["styles@stable"]
    assert alias["tasks"] == ["sample", "interpolate", "project", "mix", "edit"]
    assert (alias["spaces"], alias["directions"]) == (["z", "w", "w+"], ["age", "light"])
    assert card.status_code == 404


def test_a_work_that_takes_too_long_is_refused_and_ended(serve) -> None:
    with serve(most_seconds=0.3) as client:
        answer = client.post("/v1/project", data={"model": "faces", "steps": 2000}, files={"image": photo()})
    assert answer.status_code == 408
    assert "POST /v1/jobs" in answer.json()["mend"]
