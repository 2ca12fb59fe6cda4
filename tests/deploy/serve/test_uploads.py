"""Bad uploads and bad names, each with the answer that it gets: nothing of it takes the service down."""

from __future__ import annotations

import pytest
from bad_uploads import JOBS, NAMES, REFUSED, TAKEN, sixteen_bits
from service_parts import opened, photo, small

from saddlepoint.checkpoint import pretrained
from saddlepoint.deploy.serve.entries import card_of
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.shelf import Served
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


def test_deep_grey_has_a_bound_of_its_own() -> None:
    with pytest.raises(Refusal, match="240 pixels are more than the 100"):
        picture_of(sixteen_bits(), Limits(most_deep_pixels=100))
    assert picture_of(photo(20, 12), Limits(most_deep_pixels=100))[0].size == (20, 12)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is incomplete"),
        (b"--b--\r\n", "Field required"),
        (b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\nx', "is incomplete"),
        (b'--b\r\nContent-Disposition: form-data; name="seed"\r\n\r\n1\r\n' * 2 + b"--b--\r\n", "more than once"),
        (b'--b\r\nContent-Disposition: form-data; name="seed"\r\n\r\n1\r\n' * 40 + b"--b--\r\n", "too many parts"),
        (b'--b\r\nContent-Disposition: form-data; name="seed"\r\n\r\n\xff\r\n--b--\r\n', "no text in UTF-8"),
        (b"--b\r\n" + b"x" * 9000, "cannot be read"),
        (b"nothing of a form", "cannot be read"),
    ],
)
def test_a_form_that_is_none_is_refused_in_words(client, body: bytes, words: str) -> None:
    answer = client.post("/v1/translate", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"[" * 4000, b"NaN", b'{"n": NaN}', b"9" * 5000, b"\xff", b'"x"', b""])
def test_json_that_is_none_is_refused_in_words(client, body: bytes) -> None:
    answer = client.post("/v1/sample", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_card_is_shown_from_the_model_alone(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folders = {name: tmp_path / name for name in ("plain", "linked", "looped", "huge", "none")}
    for folder in folders.values():
        folder.mkdir()
    (folders["plain"] / "README.md").write_text("card")
    (folders["linked"] / "README.md").symlink_to(secret)
    (folders["looped"] / "README.md").symlink_to("README.md")
    with (folders["huge"] / "README.md").open("wb") as huge:
        huge.truncate(pretrained._MOST_CARD + 1)
    cached = tmp_path / "models--a--b" / "snapshots" / "abc"
    cached.mkdir(parents=True)
    (tmp_path / "models--a--b" / "blobs").mkdir()
    (tmp_path / "models--a--b" / "blobs" / "123").write_text("of the cache")
    (cached / "README.md").symlink_to("../../blobs/123")
    model = small("dcgan", (3, 16, 16), latent=8, generator_width=4)
    cards = {}
    for name, folder in {**folders, "cached": cached}.items():
        model.path = folder
        cards[name] = card_of(Served(name, "stable", model))
    assert cards == {
        "plain": "card",
        "cached": "of the cache",
        **dict.fromkeys(["linked", "looped", "huge", "none"]),
    }


def test_the_bound_on_pixels_is_looked_at_before_decoding() -> None:
    with pytest.raises(Refusal, match="240 pixels are more than the 100") as refused:
        picture_of(photo(20, 12), Limits(most_pixels=100))
    assert refused.value.bound == {"limit": 100, "given": 240}
    image, remarks = picture_of(photo(20, 12), Limits(most_pixels=240))
    assert (image.size, remarks) == ((20, 12), set())
