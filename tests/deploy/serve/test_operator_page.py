"""The page of the operator in a real browser: a person reviews an answer, and sees opinions, comparisons and drift."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from service_parts import opened, photo
from test_studio import WAIT, browser, in_a_browser, running

from saddlepoint.deploy.serve.experiments import Experiment
from saddlepoint.deploy.serve.quality import QualityGate

__all__ = ["browser"]  # a fixture
SMILE = Experiment(name="smile", arms={"faces@stable": 1, "faces@beta": 1}, units=60)


@pytest.fixture(scope="module")
def site(shelf: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    gates = (QualityGate(model="maps@stable", ssim=0.99),)
    with running(shelf, tmp_path_factory.mktemp("jobs"), gates=gates, experiments=(SMILE,)) as address:
        yield address


def post(site: str, path: str, body: Any) -> Any:
    request = urllib.request.Request(site + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def fetched(site: str, path: str) -> bytes:
    with urllib.request.urlopen(site + path, timeout=60) as answer:
        return bytes(answer.read())


def held(site: str) -> str:
    """A translation that waits for review."""
    import base64

    image = base64.b64encode(photo(64, 48)).decode()
    job = post(site, "v1/jobs", {"task": "translate", "model": "maps", "image": image})["id"]
    while json.loads(fetched(site, f"v1/jobs/{job}"))["state"] != "held":
        pass
    return str(job)


@pytest.fixture
def page(browser: Any, site: str) -> Iterator[Any]:
    """The page, closed at the end; nothing was complained of and nobody else was asked."""
    page, troubles, requests = browser.new_page(viewport={"width": 1000, "height": 900}), [], []
    page.set_default_timeout(WAIT)
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    page.close()
    assert [text for text in troubles if "status of 4" not in text] == []
    assert {url for url in requests if not url.startswith((site, f"blob:{site}"))} == set()


@in_a_browser
def test_a_person_marks_a_region_paints_it_and_accepts(page, site, tmp_path: Path):
    job = held(site)
    before = opened(fetched(site, f"v1/operator/review/{job}/images/0"))
    page.goto(site + "operator")
    article = page.get_by_role("article")
    article.get_by_alt_text(f"image 0 of {job}").wait_for()
    box = article.locator(".marked").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert int(article.get_by_label("Left").input_value()) == pytest.approx(16, abs=1)
    assert int(article.get_by_label("Width").input_value()) == pytest.approx(16, abs=1)
    article.get_by_role("button", name="Paint the region anew").click()
    expect(article.get_by_role("status")).to_have_text("Painted.")
    page.screenshot(path=tmp_path / "operator.png")
    after = opened(fetched(site, f"v1/operator/review/{job}/images/0"))
    assert after.getpixel((24, 18)) != before.getpixel((24, 18))
    assert after.getpixel((2, 2)) == before.getpixel((2, 2))
    article.get_by_label("Why").fill("the left window")
    article.get_by_role("button", name="Accept").click()
    page.wait_for_selector("text=Nothing waits.")
    assert opened(fetched(site, f"v1/jobs/{job}/result")).size == (64, 48)


@in_a_browser
def test_a_person_rejects_and_a_wrong_region_is_refused_in_words(page, site):
    job = held(site)
    page.goto(site + "operator")
    article = page.get_by_role("article")
    article.get_by_alt_text("what was given").wait_for()
    article.get_by_label("Left").fill("60")
    article.get_by_label("Width").fill("20")
    article.get_by_role("button", name="Paint the region anew").click()
    expect(article.get_by_role("alert")).to_contain_text("does not lie in the image of 64x48 pixels")
    article.get_by_role("button", name="Reject").click()
    page.wait_for_selector("text=Nothing waits.")
    assert json.loads(fetched(site, f"v1/jobs/{job}"))["state"] == "rejected"


@in_a_browser
def test_opinions_comparisons_and_drift_are_shown(page, site):
    post(site, "v1/feedback", {"model": "faces", "thumb": "up", "words": "<img src=x onerror=alert(1)>"})
    post(site, "v1/feedback", {"model": "faces", "thumb": "down", "reasons": ["blurred"]})
    page.goto(site + "operator")
    expect(page.locator("#feedback")).to_contain_text("blurred 1")
    expect(page.locator("#feedback")).to_contain_text("50.0 % (9.5 % to 90.5 %)")
    expect(page.locator("#experiments")).to_contain_text("0 of 60 units have met an arm")
    expect(page.locator("#drift")).to_contain_text("No model has a baseline.")


@in_a_browser
def test_the_studio_says_that_an_answer_waits(browser, site, tmp_path):
    page = browser.new_page()
    page.set_default_timeout(WAIT)
    page.goto(site)
    page.wait_for_selector(".tiles img")
    page.get_by_label("Model", exact=True).select_option("maps@stable")
    (tmp_path / "photo.png").write_bytes(photo(30, 20))
    panel = page.get_by_role("tabpanel")
    panel.get_by_label("The image").set_input_files(tmp_path / "photo.png")
    panel.get_by_role("button", name="Translate").click()
    expect(panel.get_by_role("alert")).to_contain_text("waits for a person's review")
    page.close()


class Sees:
    def faces(self, picture: Any) -> int:
        return 1


@in_a_browser
def test_consent_is_asked_for_and_what_keeps_nothing_still_translates(browser, shelf, tmp_path):
    with running(shelf, tmp_path / "jobs", detector=Sees(), keep_nothing=True) as site:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(site)
        page.wait_for_selector(".tiles img")
        page.get_by_label("Model", exact=True).select_option("maps@stable")
        (tmp_path / "photo.png").write_bytes(photo(30, 20))
        panel = page.get_by_role("tabpanel")
        panel.get_by_label("The image").set_input_files(tmp_path / "photo.png")
        panel.get_by_role("button", name="Translate").click()
        expect(panel.get_by_role("alert")).to_contain_text("There seems to be a face in the image")
        panel.get_by_label("Everybody who is shown agrees").check()
        panel.get_by_role("button", name="Translate").click()
        page.wait_for_selector("text=Translated in")
        page.close()
    assert not (tmp_path / "jobs").exists()


def test_the_page_is_held_to_its_own_service(serve):
    with serve() as client:
        answer = client.get("/operator")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert b'<script type="module" src="studio/operator.js">' in answer.content
