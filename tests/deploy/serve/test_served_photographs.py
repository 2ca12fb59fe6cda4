"""Scenes of uploaded photographs by the service: turned, by form and as a job, and what does not fit is refused."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from service_parts import opened, photo, small_of

from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.metadata import read
from saddlepoint.deploy.serve import reconstructing
from saddlepoint.deploy.serve.shelf import Served, Shelf
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views

SMALL = {
    "rays": 8, "coarse_samples": 4, "fine_samples": 2, "depth_samples": 2, "maps_width": 4, "maps_blocks": [1, 1, 1],
    "width": 12, "blocks": 3, "joined": 2,
}  # fmt: skip


def served(name: str, inputs: int) -> Served:
    """An untrained model of views of 8 pixels, which takes `inputs` of them."""
    spec = DataSpec({"views": Views(inputs + 2, 3, 8, 8), "rig": Rig(inputs + 2)}, (), 100)
    model = small_of("pixelnerf", spec, inputs=inputs, targets=1, **SMALL)
    nets: Any = model.nets
    nets.surroundings.lens.copy_(torch.tensor([10.0, 10.0, 4.0, 4.0, 8.0, 8.0]))
    nets.fine.output.bias.fill_(1.0)  # something is there
    return Served(name, "stable", model)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf((served("one", 1), served("pair", 2), served("many", 9)))


def test_one_photograph_is_turned(tmp_path: Path, start, shelf: Shelf) -> None:
    with start(shelf, tmp_path) as client:
        entries = client.get("/v1/models").json()["models"]
        answer = client.post("/v1/reconstruct", data={"orbit": 3, "answer": "json"}, files={"image": photo(20, 12)})
        asked = {"orbit": 3, "view": 1, "lift": 0}
        one = client.post("/v1/reconstruct", data=asked, files={"image": photo(20, 12)})
        other = client.post("/v1/reconstruct", data=asked, files={"image": photo(9, 9)})
        depth = client.post("/v1/reconstruct", data={**asked, "output": "depth"}, files={"image": photo(9, 9)})
    assert [entry["tasks"] for entry in entries] == [["reconstruct"], ["reconstruct"], []]
    views = [opened(each["image"]) for each in answer.json()["images"]]
    assert [view.size for view in views] == [(8, 8)] * 3
    assert opened(one.content).tobytes() == views[1].tobytes() != opened(other.content).tobytes()
    settings = answer.json()["images"][1]["settings"]
    assert settings == {"orbit": 3, "view": 1, "photographs": 1}
    assert answer.json()["images"][0]["made"] == "modified"
    disclosure = read(opened(one.content)).disclosure
    assert disclosure is not None
    assert disclosure.settings["photographs"] == 1
    assert opened(depth.content).size == (8, 8)


def test_several_photographs_come_in_their_order_also_as_a_job(tmp_path: Path, start, shelf: Shelf) -> None:
    first, second = photo(20, 12), photo(9, 9)
    with start(shelf, tmp_path) as client:
        data = {"model": "pair", "orbit": 2, "view": 1}
        right = client.post("/v1/reconstruct", data=data, files={"image": first, "image_2": second})
        turned = client.post("/v1/reconstruct", data=data, files={"image": second, "image_2": first})
        files = {name: base64.b64encode(each).decode() for name, each in (("image", first), ("image_2", second))}
        job = client.post("/v1/jobs", json={"task": "reconstruct", **data, **files, "answer": "json"}).json()
        while client.get(f"/v1/jobs/{job['id']}").json()["state"] in ("waiting", "running"):
            pass
        (one,) = client.get(f"/v1/jobs/{job['id']}/result").json()["images"]
    assert right.status_code == 200, right.text
    assert right.content != turned.content
    assert np.array_equal(opened(one["image"]), opened(right.content))


@pytest.mark.parametrize(
    ("data", "files", "said"),
    [
        ({}, {"image_2": photo()}, "makes a scene of 1 photograph, and 2 came"),
        ({"model": "pair"}, {}, "makes a scene of 2 photographs, and 1 came"),
        ({"model": "many"}, {}, "cannot reconstruct"),
        ({"orbit": "65"}, {}, "65 images are more than the 64"),
        ({"orbit": "2", "view": "2"}, {}, "no view 2"),
        ({"expression": "0,1"}, {}, "takes no expression"),
        ({"nearer": "9"}, {}, "nearer"),
        ({"output": "normals"}, {}, "output"),
        ({}, {"image_9": photo()}, "image_9"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(tmp_path: Path, start, shelf: Shelf, data, files, said: str) -> None:
    with start(shelf, tmp_path) as client:
        answer = client.post("/v1/reconstruct", data=data, files={"image": photo(), **files})
        damaged = client.post("/v1/reconstruct", files={"image": b"no image"})
    assert answer.status_code == 422
    assert said in answer.text
    assert damaged.status_code == 415


def test_a_scene_that_cannot_be_drawn_takes_no_other_with_it(shelf: Shelf) -> None:
    one = shelf.served[0]
    ((camera, scene),) = reconstructing.example(one)
    worse = {**scene, "views": torch.full_like(scene["views"], torch.nan)}
    render = one.own["render"].call

    def call(nets: Any, fields: Any, how: Any) -> Any:
        if fields["views"].isnan().any():
            raise CapabilityError("no scene")
        return render(nets, fields, how)

    class Picky:
        takes, gives = one.own["render"].takes, one.own["render"].gives

    picky = Picky()
    vars(picky)["call"] = call
    other = Served("other", "stable", one.model)
    vars(other)["own"] = {"render": picky}
    with torch.no_grad():
        kinds = [type(each) for each in reconstructing.drawn(other, "image", [(camera, scene), (camera, worse)])]
    assert kinds == [torch.Tensor, CapabilityError]
