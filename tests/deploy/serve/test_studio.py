"""The studio in a real browser, headless Chromium: what a person does with it, and that it asks nobody else."""

from __future__ import annotations

import base64
import io
import re
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from test_served_holes import sources
from test_served_kinds import other_kinds
from test_served_photographs import served as of_photographs

from saddlepoint.deploy.examine import examine
from saddlepoint.deploy.serve import app
from saddlepoint.deploy.serve.app import Service, build
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.shelf import Shelf

STUDIO = Path(app.__file__).parent / "studio"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
KEY = "a-key-of-sixteen-letters"
WAIT = 100_000  # milliseconds; a busy machine is slow


@contextmanager
def running(shelf: Shelf, folder: Path, **settings: Any) -> Iterator[str]:
    """A service on a free port of this machine, in a thread; its address."""
    service = Service(jobs=folder, limits=Limits(rate=0), journal=Journal(io.StringIO()), **settings)
    server = uvicorn.Server(uvicorn.Config(build(shelf, service), log_config=None, ws="none"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def site(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service of the small models."""
    with running(shelf, tmp_path_factory.mktemp("jobs")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, site: str) -> Iterator[Any]:
    """The studio, opened; at the end nothing was complained of and nobody else was asked."""
    opened, troubles, asked = browser.new_page(), [], []
    opened.set_default_timeout(WAIT)
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(site)
    opened.wait_for_selector(".tiles img")
    yield opened
    opened.close()
    assert [text for text in troubles if "status of 4" not in text] == []  # refusals, which the browser notes too
    assert {url for url in asked if not url.startswith((site, f"blob:{site}"))} == set()


def choose(page: Any, model: str, tab: str = "") -> None:
    page.get_by_label("Model", exact=True).select_option(model)
    if tab:
        page.get_by_role("tab", name=tab).click()


def panel(page: Any) -> Any:
    return page.get_by_role("tabpanel")


def photo(tmp_path: Path, size: tuple[int, int] = (40, 24)) -> Path:
    path = tmp_path / "photo.png"
    Image.effect_noise(size, 60).convert("RGB").save(path)
    return path


def test_the_page_names_only_files_that_are_there():
    text = (STUDIO / "index.html").read_text(encoding="utf-8")
    for name in re.findall(r'(?:src|href)="studio/([^"]+)"', text):
        assert (STUDIO / name).is_file(), name
    for script in STUDIO.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8")):
            assert (STUDIO / name).is_file(), f"{script.name} imports {name}"


def test_no_script_or_style_stands_in_the_page_and_nothing_is_named_elsewhere():
    text = (STUDIO / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=", text)
    for path in STUDIO.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|eval\(|innerHTML", text), path.name


def test_the_page_may_load_from_its_own_service_alone(serve):
    with serve() as client:
        answer = client.get("/")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert client.get("/studio/main.js").headers["content-type"].startswith("text/javascript")
        assert client.get("/studio/../app.py").status_code == 404


@in_a_browser
def test_images_are_made_opened_and_downloaded_with_their_disclosure(page, tmp_path):
    choose(page, "digits@stable")
    panel(page).get_by_label("Class").select_option(label="one")
    panel(page).get_by_label("Number of images").fill("3")
    panel(page).get_by_role("button", name="Make images").click()
    expect(page.locator(".tile")).to_have_count(3)
    page.get_by_role("button", name="Open image 2 of seed 0, class one").click()
    dialog = page.get_by_role("dialog")
    assert "This file says in metadata alone that a model made it: 8×8 is too small" in dialog.inner_text()
    with page.expect_download() as waited:
        dialog.get_by_role("link", name="Download PNG").click()
    assert waited.value.suggested_filename == "digits-stable-0-2.png"
    waited.value.save_as(tmp_path / "made.png")
    told = examine((tmp_path / "made.png").read_bytes()).metadata.disclosure
    assert told is not None
    assert (told.made, told.model) == ("generated", "digits@stable")
    assert told.settings == {"seed": 0, "row": 2, "truncation": 1.0, "label": 1, "class": "one"}


@in_a_browser
def test_a_slider_makes_the_images_anew(page):
    with page.expect_response("**/v1/sample") as waited:
        panel(page).get_by_label("Truncation").fill("0.5")
    assert '"truncation":0.5' in waited.value.request.post_data
    assert waited.value.ok
    expect(panel(page).get_by_role("status")).to_have_text(re.compile("16 images in"))


@in_a_browser
def test_picked_images_are_mixed_in_a_table(page):
    choose(page, "styles@stable")
    for row in range(2):
        page.get_by_role("button", name=f"Pick image {row} of seed 0").click()
    page.get_by_role("tab", name="Mix styles").click()
    panel(page).get_by_role("button", name="Use the selected images").first.click()
    expect(page.locator(".mixing td .tile")).to_have_count(8)
    assert panel(page).get_by_label("Rows").input_value() == "0:0, 0:1"
    assert panel(page).get_by_role("columnheader").count() == 4
    panel(page).get_by_role("button", name="Open 0:1 with 5").click()
    assert "coarse" in page.get_by_role("dialog").inner_text()


@in_a_browser
def test_a_direction_is_followed_as_far_as_its_slider_says(page):
    choose(page, "styles@stable", "Edit")
    page.wait_for_selector(".edits img")
    panel(page).get_by_label("Direction").select_option("light")
    asked = '"direction":"light","strengths":[-4,-2,0,2,4]'
    with page.expect_request(lambda request: asked in (request.post_data or "")):
        panel(page).get_by_label("Strength").fill("4")
    page.wait_for_selector("text=+4")
    assert panel(page).get_by_role("button", name="Open").count() == 15


@in_a_browser
def test_a_way_can_be_played(page):
    page.get_by_role("tab", name="Interpolate").click()
    frame = panel(page).get_by_role("slider", name="Frame")
    expect(frame).to_have_attribute("max", "16")
    panel(page).get_by_role("button", name="Play").click()
    expect(frame).not_to_have_value("0")
    panel(page).get_by_role("button", name="Pause").click()
    assert panel(page).get_by_role("button", name="Open frame").count() == 17
    with page.expect_download() as waited:
        panel(page).get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(waited.value.path()) as files:
        assert len([name for name in files.namelist() if name.endswith(".png")]) == 17
    with page.expect_download() as waited:
        panel(page).get_by_role("button", name="Download as GIF").click()
    assert waited.value.suggested_filename == "faces-stable-interpolate.gif"
    with Image.open(waited.value.path()) as film:
        assert film.n_frames == 17


@in_a_browser
def test_a_photo_is_translated_and_compared_by_a_slider_with_the_keyboard(page, tmp_path):
    choose(page, "maps@stable")
    panel(page).get_by_label("The image").set_input_files(photo(tmp_path))
    panel(page).get_by_role("button", name="Translate").click()
    line = panel(page).get_by_label("Slide from the original to the generated image")
    line.focus()
    page.keyboard.press("Home")
    cut = "getComputedStyle(document.querySelector('.after')).clipPath"
    assert page.evaluate(cut) in ("inset(0px)", "inset(0px 0px 0px 0%)")
    page.keyboard.press("End")
    assert "100%" in page.evaluate(cut)
    assert "in metadata alone that a model changed it: 40×24" in panel(page).inner_text()
    assert page.evaluate("document.querySelector('.after img').naturalWidth") == 40
    sides = "[...document.querySelectorAll('.stack img')].map((image) => getComputedStyle(image).transform)"
    page.keyboard.press("+")
    assert page.evaluate(sides) == ["matrix(2, 0, 0, 2, 0, 0)"] * 2
    assert "200 %" in panel(page).inner_text()
    box = page.locator(".stack").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.wheel(0, -300)  # twice as large once more, about a quarter from the left
    expect(page.locator(".compare .times")).to_have_text("400 %")
    place = "parseFloat(document.querySelector('.stack').style.getPropertyValue('--x'))"
    assert page.evaluate(place) == pytest.approx((25 - 4 * 37.5) / (1 - 4), abs=1)
    for _ in range(3):
        panel(page).get_by_role("button", name="Smaller").click()
    assert page.evaluate(sides) == ["matrix(1, 0, 0, 1, 0, 0)"] * 2
    panel(page).get_by_role("button", name="Open and download").click()
    assert page.get_by_role("dialog").get_by_role("link", name="Download PNG").is_visible()


@in_a_browser
def test_classes_of_a_photo_are_shown_as_bars(page, tmp_path):
    choose(page, "signs@stable", "Predict")
    panel(page).get_by_label("The image").set_input_files(photo(tmp_path))
    panel(page).get_by_role("button", name="Predict").click()
    bars = panel(page).get_by_role("progressbar")
    expect(bars).to_have_count(2)
    shares = [bars.nth(row).get_attribute("aria-label") for row in range(2)]
    assert {text.split(":")[0] for text in shares} == {"round", "square"}
    assert sum(float(text.split()[1]) for text in shares) == pytest.approx(100, abs=0.2)


@in_a_browser
def test_a_scene_is_turned_by_its_slider_and_by_a_drag(page):
    choose(page, "scene@stable")
    page.wait_for_selector(".turn img[alt='view 0 of 36']")
    assert page.get_by_role("tab").all_inner_texts() == ["Render"]
    panel(page).get_by_label("View", exact=True).fill("5")
    page.wait_for_selector(".turn img[alt='view 5 of 36']")
    box = page.locator(".turn img").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 28, box["y"] + 4)
    page.mouse.up()
    page.wait_for_selector(".turn img[alt='view 3 of 36']")
    with page.expect_response(lambda answer: '"lift":10' in (answer.request.post_data or "")):
        page.mouse.move(box["x"] + 4, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(box["x"] + 4, box["y"] + 28)
        page.mouse.up()
    with page.expect_response(lambda answer: '"nearer":1.1' in (answer.request.post_data or "")):
        page.mouse.wheel(0, -100)
    with page.expect_download() as waited:
        panel(page).get_by_role("button", name="Download as GIF").click()
    with Image.open(waited.value.path()) as film:
        assert film.n_frames == 36
    panel(page).get_by_role("button", name="Open and download").click()
    assert "view" in page.get_by_role("dialog").inner_text()


@in_a_browser
def test_volumes_are_sampled_and_shown_as_drawings(page):
    choose(page, "shapes@stable")
    page.wait_for_selector(".tiles img")
    assert page.get_by_role("tab").all_inner_texts() == ["Sample"]


@in_a_browser
def test_a_scene_is_drawn_as_depth_where_that_is_chosen(page):
    choose(page, "scene@stable")
    page.wait_for_selector(".turn img[alt='view 0 of 36']")
    with page.expect_response("**/v1/render") as waited:
        panel(page).get_by_label("What is drawn").select_option("depth")
    assert '"output":"depth"' in waited.value.request.post_data
    assert waited.value.ok


@in_a_browser
def test_a_prompt_is_typed_and_a_clip_is_downloaded_as_a_moving_picture(browser, tmp_path):
    with running(other_kinds(), tmp_path) as address:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector(".tiles img")
        with page.expect_response("**/v1/sample") as waited:
            panel(page).get_by_label("Prompt").fill("ab")
            panel(page).get_by_role("button", name="Make images").click()
        assert '"given":{"prompt":"ab"}' in waited.value.request.post_data
        assert waited.value.ok
        choose(page, "films@stable")
        page.get_by_role("button", name="Open image 0 of seed 0").click()
        with page.expect_download() as waited:
            page.get_by_role("dialog").get_by_role("link", name="Download GIF").click()
        assert waited.value.suggested_filename.endswith(".gif")
        page.close()


@in_a_browser
def test_a_photograph_becomes_a_scene_that_a_drag_turns(browser, tmp_path):
    with running(Shelf((of_photographs("one", 1),)), tmp_path) as address:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector("text=Turn a photograph")
        panel(page).get_by_label("The photograph").set_input_files(photo(tmp_path))
        panel(page).get_by_role("button", name="Make the scene").click()
        page.wait_for_selector(".turn img[alt='view 0 of 24']")
        box = page.locator(".turn img").bounding_box()
        page.mouse.move(box["x"] + 4, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(box["x"] + 28, box["y"] + 4)
        page.mouse.up()
        page.wait_for_selector(".turn img[alt='view 22 of 24']")
        panel(page).get_by_role("button", name="Open and download").click()
        assert "view 22" in page.get_by_role("dialog").inner_text()
        page.close()


@in_a_browser
def test_a_photo_is_found_and_can_be_picked(page, tmp_path):
    page.get_by_role("tab", name="Project").click()
    panel(page).get_by_label("Image to project").set_input_files(photo(tmp_path))
    panel(page).get_by_label("Steps").fill("3")
    panel(page).get_by_role("button", name="Find the latent").click()
    panel(page).get_by_role("button", name="Pick the projected image").click()
    assert "psnr" in panel(page).inner_text()
    page.get_by_role("tab", name="Interpolate").click()
    panel(page).get_by_role("button", name="Use the selected images").click()
    assert re.fullmatch("job:[0-9a-f]{32}", panel(page).get_by_label("Images to pass through").input_value())


@in_a_browser
def test_a_job_can_be_cancelled(page, tmp_path):
    page.get_by_role("tab", name="Project").click()
    panel(page).get_by_label("Image to project").set_input_files(photo(tmp_path))
    panel(page).get_by_label("Steps").fill("2000")
    panel(page).get_by_role("button", name="Find the latent").click()
    panel(page).get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=Cancelled.")


@in_a_browser
def test_what_the_service_refuses_is_said_in_words(page, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no image")
    choose(page, "maps@stable")
    panel(page).get_by_label("The image").set_input_files(tmp_path / "no.png")
    panel(page).get_by_role("button", name="Translate").click()
    alert = panel(page).get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == (
        "The upload is not an image of a known kind; send a JPEG, PNG, WebP, BMP, TIFF, GIF or PPM."
    )


@in_a_browser
def test_each_control_has_a_name_and_tabs_are_walked_by_arrow_keys(page):
    choose(page, "styles@stable")
    page.get_by_role("tab", name="Sample").focus()
    for name in ("Interpolate", "Mix styles", "Edit", "Project", "Sample"):
        nameless = """[...document.querySelectorAll('.panel:not([hidden]) :is(input, select, button)')].filter(
            (node) => !node.labels?.length && !node.ariaLabel && !node.textContent.trim()).length"""
        assert page.evaluate(nameless) == 0
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") == name
        assert panel(page).get_attribute("aria-labelledby") == page.evaluate("document.activeElement.id")


@in_a_browser
def test_a_large_image_carries_a_watermark_too(page, tmp_path):
    choose(page, "maps@stable")
    panel(page).get_by_label("The image").set_input_files(photo(tmp_path, (256, 256)))
    panel(page).get_by_role("button", name="Translate").click()
    page.wait_for_selector("text=in its metadata and by an invisible watermark that a model changed it")


@in_a_browser
def test_a_key_is_asked_for_where_the_service_wants_one(browser, shelf, tmp_path):
    with running(shelf, tmp_path, keys=(KEY.encode(),)) as address:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.get_by_label("This service asks for a key").fill(KEY)
        assert "This service asks for a key" in page.get_by_role("alert").first.inner_text()
        page.get_by_role("button", name="Use it").click()
        page.wait_for_selector(".tiles img")
        page.close()


def paint(page: Any) -> None:
    """A broad stroke over the lower part of the image."""
    canvas = panel(page).locator("canvas.brush")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    panel(page).get_by_label("Brush", exact=True).fill("50")
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()


@in_a_browser
def test_a_brush_makes_the_hole_that_a_model_fills(browser: Any, tmp_path: Path) -> None:
    with running(sources(), tmp_path) as address:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.get_by_role("tab", name="Translate").wait_for()
        panel(page).get_by_label("The image", exact=True).set_input_files(photo(tmp_path, (20, 24)))
        paint(page)
        with page.expect_response("**/v1/jobs") as waited:
            panel(page).get_by_role("button", name="Translate").click()
        sent = Image.open(io.BytesIO(base64.b64decode(waited.value.request.post_data_json["image"])))
        holes = np.asarray(sent)[..., 3] < 128
        assert (sent.size, sent.mode) == ((20, 24), "RGBA")
        assert not holes[:8].any()
        assert holes[18:20, 6:14].all()
        page.wait_for_selector(".compare img, .compare canvas")
        page.close()


@in_a_browser
def test_a_brush_marks_what_is_made_anew_and_the_rest_stays(page: Any, tmp_path: Path) -> None:
    choose(page, "halves@stable", "Complete")
    path = tmp_path / "known.png"
    Image.effect_noise((80, 80), 90).convert("L").save(path)
    panel(page).get_by_label("The image", exact=True).set_input_files(path)
    paint(page)
    panel(page).get_by_label("Number of completions").fill("2")
    panel(page).get_by_role("button", name="Make the rest").click()
    expect(panel(page).locator(".tiles img")).to_have_count(2)
    sizes = panel(page).locator(".tiles img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert sizes == [8, 8]
    panel(page).get_by_role("button", name="Clear the brush").click()
    expect(panel(page).get_by_role("button", name="Clear the brush")).to_be_disabled()
