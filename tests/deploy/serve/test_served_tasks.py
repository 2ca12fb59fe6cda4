"""The service with models that say what images show, that draw views, and that make what is no image."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from service_parts import opened, photo, scene, shapes, small
from torch import Tensor

from saddlepoint.deploy.metadata import read
from saddlepoint.deploy.serve import predicting, rendering, shelf
from saddlepoint.deploy.serve.shelf import Served, Shelf, stock
from saddlepoint.errors import CapabilityError, ShapeError
from saddlepoint.kinds.camera import camera_of
from saddlepoint.kinds.depth import Depth
from saddlepoint.kinds.figure import Figure
from saddlepoint.kinds.mask import Mask
from saddlepoint.nn.kernels import splat

CAMERA = {
    "camera_to_world": [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -4.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
    "fx": 20.0, "fy": 20.0, "cx": 10.0, "cy": 8.0, "width": 20, "height": 16,
}  # fmt: skip


def test_every_model_is_listed_with_its_tasks_by_kind(client) -> None:
    entries = {one["name"]: one for one in client.get("/v1/models").json()["models"]}
    assert entries["signs@stable"]["tasks"][-1] == "predict"
    assert entries["scene@stable"]["tasks"] == ["render"]
    assert (entries["shapes@stable"]["tasks"], entries["shapes@stable"]["shape"]) == (["sample"], None)
    (generate,) = entries["shapes@stable"]["abilities"]
    assert generate["name"] == "generate"
    volumes = {"kind": "volume", "what": "", "shape": [1, 8, 8, 8], "in_words": False}
    assert generate["gives"]["volumes"] | {"what": ""} == volumes
    render = next(task for task in entries["scene@stable"]["abilities"] if task["name"] == "render")
    assert render["takes"]["camera"]["kind"] == "camera"
    assert {name: kind["kind"] for name, kind in render["gives"].items()} == {
        "image": "image", "depth": "depth", "opacity": "mask",
    }  # fmt: skip


def test_classes_of_an_upload_come_with_their_probabilities(client) -> None:
    answer = client.post("/v1/predict", data={"model": "signs"}, files={"image": photo(20, 12)})
    said = answer.json()
    (prediction,) = said["predictions"]
    shares = [one["probability"] for one in prediction["classes"]]
    assert (prediction["name"], {one["name"] for one in prediction["classes"]}) == ("class", {"round", "square"})
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert answer.headers["x-model"] == said["model"] == "signs@stable"


def test_what_is_predicted_as_a_picture_is_sent_as_one_with_its_disclosure() -> None:
    class Seen:
        gives = {"mask": Mask(4, 6), "depth": Depth(4, 6), "age": Figure("years")}

    served = Served("seen", "stable", scene())
    vars(served)["own"] = {"predict": Seen()}
    values: dict[str, Tensor] = {"mask": torch.ones(1, 4, 6), "depth": torch.ones(1, 4, 6), "age": torch.tensor(3.0)}
    said = {one.name: one for one in predicting.Predictions.model_validate_json(
        predicting.parcel(served, values, ()).content).predictions}  # fmt: skip
    assert said["age"].value == 3
    assert said["mask"].picture is not None
    assert said["depth"].picture is not None
    picture = opened(said["mask"].picture.image)  # type: ignore[arg-type]
    assert (picture.size, picture.getextrema()) == ((6, 4), (255, 255))
    disclosure = read(picture).disclosure
    assert disclosure is not None
    assert disclosure.settings["prediction"] == "mask"


def test_what_a_vit_looked_at_is_shown_beside_its_classes(tmp_path: Path, start) -> None:
    signs = Served(
        "signs", "stable", small("vit", (3, 16, 16), ("round", "square"), patch=4, layers=1, heads=1, width=8)
    )
    with start(Shelf((signs,)), tmp_path) as client:
        said = client.post("/v1/predict", data={"model": "signs"}, files={"image": photo(16, 16)}).json()
    named, attention = said["predictions"]
    assert (named["name"], attention["name"]) == ("class", "attention")
    picture = opened(attention["picture"]["image"])
    assert (picture.size, picture.mode) == ((16, 16), "L")
    patches = np.asarray(picture).reshape(4, 4, 4, 4).max((1, 3))
    assert patches.max() > patches.min()


def test_views_of_an_orbit_are_drawn_alone_or_together(client) -> None:
    whole = client.post("/v1/render", json={"model": "scene", "orbit": 4, "answer": "zip"})
    with zipfile.ZipFile(io.BytesIO(whole.content)) as files:
        assert sorted(files.namelist()) == ["00000.png", "00001.png", "00002.png", "00003.png", "answer.json"]
        third = opened(files.read("00002.png"))
    one = opened(client.post("/v1/render", json={"model": "scene", "orbit": 4, "views": [2]}).content)
    assert one.size == (16, 16)
    assert one.tobytes() == third.tobytes()
    assert len(set(one.get_flattened_data() if hasattr(one, "get_flattened_data") else one.getdata())) > 1
    disclosure = read(one).disclosure
    assert disclosure is not None
    assert (disclosure.made, disclosure.settings["view"]) == ("generated", 2)


def test_an_orbit_is_drawn_from_higher_and_nearer(client) -> None:
    asked = {"model": "scene", "orbit": 4, "views": [1], "answer": "json"}
    (plain,) = client.post("/v1/render", json=asked).json()["images"]
    (other,) = client.post("/v1/render", json={**asked, "lift": 20, "nearer": 1.5}).json()["images"]
    assert plain["image"] != other["image"]
    assert (other["settings"]["lift"], other["settings"]["nearer"]) == (20, 1.5)
    assert not {"lift", "nearer"} & plain["settings"].keys()


def test_an_orbit_is_sent_as_a_film_that_says_who_made_it(client) -> None:
    answer = client.post("/v1/render", json={"model": "scene", "orbit": 3, "answer": "gif"})
    film = opened(answer.content)
    assert (answer.headers["content-type"], answer.headers["x-disclosure"]) == ("image/gif", "metadata")
    assert (film.format, film.n_frames, film.size) == ("GIF", 3, (16, 16))  # type: ignore[attr-defined]
    assert b"scene@stable" in film.info["comment"]


def test_an_orbit_is_drawn_as_a_job(client) -> None:
    job = client.post("/v1/jobs", json={"task": "render", "model": "scene", "orbit": 2, "answer": "json"}).json()
    while job["state"] in ("waiting", "running"):
        job = client.get(f"/v1/jobs/{job['id']}").json()
    assert job["state"] == "done"
    assert len(client.get(job["result"]).json()["images"]) == 2


def test_views_of_own_cameras_have_their_size_and_say_which_they_are(client) -> None:
    asked = {"model": "scene", "cameras": [CAMERA, CAMERA], "answer": "json"}
    first, second = client.post("/v1/render", json=asked).json()["images"]
    assert (first["width"], first["height"], first["value"]) == (20, 16, None)
    assert first["image"] == second["image"]
    assert first["settings"]["camera"]["camera_to_world"] == CAMERA["camera_to_world"]
    orbit = client.post("/v1/render", json={"model": "scene", "orbit": 1}).content
    assert opened(orbit).size == (16, 16)


@pytest.mark.parametrize("output", ["depth", "opacity"])
def test_depth_and_opacity_of_a_view_come_as_pictures_and_as_numbers(client, output: str) -> None:
    asked = {"model": "scene", "cameras": [CAMERA], "output": output}
    assert opened(client.post("/v1/render", json=asked).content).size == (20, 16)
    (one,) = client.post("/v1/render", json={**asked, "answer": "json"}).json()["images"]
    assert one["settings"]["output"] == output
    assert (one["value"] is None) == (output == "opacity")
    whole = client.post("/v1/render", json={**asked, "answer": "zip"})
    with zipfile.ZipFile(io.BytesIO(whole.content)) as files:
        for name in {*files.namelist()} - {"00000.png", "answer.json"}:
            assert name == f"00000{one['value_ending']}" == "00000.npz"
            stored = np.load(io.BytesIO(files.read(name)))
            assert stored["value"].shape == (1, 16, 20)
            assert "scene@stable" in str(stored["made by"])


def test_a_camera_among_splats_that_would_take_all_memory_is_refused(client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splat, "MOST_PAIRS", 100)
    answer = client.post("/v1/render", json={"model": "scene", "cameras": [CAMERA]})
    assert answer.status_code == 422
    assert "pairs of splats and pixels" in answer.json()["detail"]
    served = Served("scene", "stable", scene())
    pose = torch.tensor(CAMERA["camera_to_world"])
    near, away = (camera_of(pose * sign, 20, 20, 10, 8, 20, 16) for sign in (1, torch.tensor([-1.0, 1, -1, 1])))
    kinds = [type(one) for one in rendering.drawn(served, "image", [near, away])]
    assert kinds == [ShapeError, Tensor]  # one of a batch is refused, the other is drawn


def test_what_is_no_image_is_drawn_and_sent_as_a_file_of_its_kind(client) -> None:
    drawing = opened(client.post("/v1/sample", json={"model": "shapes", "seeds": [3]}).content)
    assert drawing.size[0] > 16
    disclosure = read(drawing).disclosure
    assert disclosure is not None
    assert disclosure.model == "shapes@stable"
    (one,) = client.post("/v1/sample", json={"model": "shapes", "seeds": [3], "answer": "json"}).json()["images"]
    stored = np.load(io.BytesIO(base64.b64decode(one["value"])))
    assert (one["value_ending"], stored["value"].shape) == (".npz", (1, 8, 8, 8))


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("render", {"model": "faces"}, "faces@stable cannot render"),
        ("render", {"model": "scene", "orbit": 65}, "65 images are more than the 64"),
        ("render", {"model": "scene", "orbit": 4, "views": [4]}, "no view 4"),
        ("render", {"model": "scene", "orbit": 2000}, "orbit"),
        ("render", {"model": "scene", "views": []}, "views"),
        ("interpolate", {"model": "shapes"}, "shapes@stable cannot interpolate"),
        ("sample", {"model": "shapes", "given": {"hair": "red"}}, "takes no 'hair' in words"),
        ("sample", {"model": "faces", "given": {"image": "/etc/passwd"}}, "takes no 'image' in words"),
        ("render", {"model": "scene", "output": "normals"}, "output"),
        ("render", {"model": "scene", "cameras": []}, "cameras"),
        ("render", {"model": "scene", "cameras": [CAMERA], "views": [0]}, "stand in its place"),
        ("render", {"model": "scene", "cameras": [CAMERA], "lift": 5}, "stand in its place"),
        ("render", {"model": "scene", "lift": 81}, "lift"),
        ("render", {"model": "scene", "nearer": 0}, "nearer"),
        ("render", {"model": "scene", "cameras": [CAMERA] * 65}, "cameras"),
        ("render", {"model": "scene", "cameras": [CAMERA, {**CAMERA, "width": 9}]}, "differ in size"),
        ("render", {"model": "scene", "cameras": [{**CAMERA, "width": 4096}]}, "width"),
        ("render", {"model": "scene", "cameras": [{**CAMERA, "fx": 0}]}, "fx"),
        ("render", {"model": "scene", "cameras": [{**CAMERA, "cx": 1e300}]}, "cx"),
        ("render", {"model": "scene", "cameras": [{**CAMERA, "camera_to_world": [[2.0, 0, 0, 0]] * 4}]}, "rotation"),
        ("render", {"model": "scene", "cameras": [{**CAMERA, "camera_to_world": [[1, 0, 0]] * 4}]}, "camera_to_world"),
        ("sample", {"model": "scene"}, "scene@stable cannot sample"),
    ],
)
def test_what_these_models_cannot_do_is_refused_in_words(client, path: str, asked: dict, words: str) -> None:
    answer = client.post(f"/v1/{path}", json=asked)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_uploads_to_be_judged_pass_the_bounds_of_all_uploads(serve) -> None:
    with serve(most_pixels=100, most_made_pixels=300) as client:
        large = client.post("/v1/predict", data={"model": "signs"}, files={"image": photo(20, 12)})
        none = client.post("/v1/predict", data={"model": "signs"}, files={"image": b"no picture"})
        other = client.post("/v1/predict", data={"model": "scene"}, files={"image": photo(8, 8)})
        views = client.post("/v1/render", json={"model": "scene", "orbit": 2})
    assert (large.status_code, none.status_code, other.status_code, views.status_code) == (422, 415, 422, 422)
    assert "pixels to make" in views.json()["detail"]


def test_a_model_without_a_file_of_directions_is_edited_by_its_first_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"faces": small("dcgan", (3, 16, 16), latent=12, generator_width=4)}
    monkeypatch.setattr(shelf, "load", lambda path, device: models[path])
    (served,) = stock(["faces"]).served
    assert "edit" in served.tasks
    assert served.directions is not None
    assert served.directions.names == tuple(f"factor-{number}" for number in range(1, 9))


def test_models_that_make_no_images_are_taken_and_those_that_can_do_nothing_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = {"scene": scene(), "shapes": shapes()}
    monkeypatch.setattr(shelf, "load", lambda path, device: models[path])
    assert [one.tasks for one in stock(["scene", "shapes"]).served] == [("render",), ("sample",)]
    monkeypatch.setattr(type(models["scene"]), "tasks", ())
    with pytest.raises(CapabilityError, match="offers no task"):
        stock(["scene"])
