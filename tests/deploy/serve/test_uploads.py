"""Bad uploads and bad names, each with the answer that it gets: nothing of it takes the service down."""

from __future__ import annotations

import pytest
from bad_uploads import JOBS, NAMES, REFUSED, TAKEN
from service_parts import opened, photo

from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.uploads import picture_of


@pytest.mark.parametrize("name", TAKEN)
def test_odd_but_whole_images_are_taken(client, name: str) -> None:
    content, size, remark = TAKEN[name]
    answer = client.post("/v1/translate", data={"model": "maps"}, files={"image": ("a.png", content)})
    assert answer.status_code == 200
    assert opened(answer.content).size == size
    assert remark in answer.headers.get("x-remarks", "")
    assert b"print(1)" not in answer.content


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_is_refused_by_what_is_wrong_with_it(client, name: str) -> None:
    content, status, kind = REFUSED[name]
    answer = client.post("/v1/translate", data={"model": "maps"}, files={"image": ("a.png", content)})
    still = client.get("/health")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:saddlepoint:{kind}")
    assert still.status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_decides_nothing(client, name: str) -> None:
    answer = client.post("/v1/translate", data={"model": "maps"}, files={"image": (name, photo())})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "faces@", "a b", "faces@../beta", "x" * 200]
)
def test_the_name_of_a_model_is_a_name_and_no_path(client, name: str) -> None:
    answer = client.get(f"/v1/models/{name}/card")
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize("job", JOBS)
def test_the_name_of_a_job_is_an_identity_and_no_path(client, job: str) -> None:
    answers = [
        client.get(f"/v1/jobs/{job}"),
        client.get(f"/v1/jobs/{job}/result"),
        client.delete(f"/v1/jobs/{job}"),
    ]
    assert {answer.status_code for answer in answers} <= {404, 405, 422}


def test_the_bound_on_pixels_is_looked_at_before_decoding() -> None:
    with pytest.raises(Refusal, match="240 pixels are more than the 100") as refused:
        picture_of(photo(20, 12), Limits(most_pixels=100))
    assert refused.value.bound == {"limit": 100, "given": 240}
    image, remarks = picture_of(photo(20, 12), Limits(most_pixels=240))
    assert (image.size, remarks) == ((20, 12), set())
