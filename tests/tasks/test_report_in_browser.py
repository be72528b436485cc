"""The report in Chromium: no message on the console, no request, and cells that open their pictures."""

import dataclasses
import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from test_report import made

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("STRIATE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NAMES = ("cat", "<b onclick=alert(1)>dog</b>", "\u202eowl")


@pytest.fixture(scope="module")
def report():
    """Sixty answers about three classes, whose files have names of their own."""
    random = np.random.default_rng(11)
    raw = random.random((60, 3))
    made_up = made("multinomial", NAMES, raw / raw.sum(axis=1, keepdims=True), random.integers(0, 3, 60))
    portion = dataclasses.replace(made_up.material.test, files=tuple(f"{n} <i>.png" for n in range(60)))
    return dataclasses.replace(made_up, material=dataclasses.replace(made_up.material, test=portion))


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, without a window."""
    sync = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install it, or name it in STRIATE_CHROMIUM")
    with sync.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser, report, tmp_path):
    """The report opened; what the console says and what is asked for are kept."""
    path = tmp_path / "report.html"
    path.write_text(report.html(), "utf-8")
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(path.as_uri())
    yield opened
    opened.close()


def test_a_click_on_a_cell_shows_exactly_its_pictures(page, report):
    scored = report.evaluation.scored
    assert page.locator(".cell:visible").count() == 0
    cells = np.argwhere(scored.confusion).tolist()
    assert len(cells) == 9
    for i, j in cells:
        page.click(f'.confusion a[href="#cell-{i}-{j}"]')
        rows = np.flatnonzero((scored.truth == i) & (scored.said == j))
        shown = page.locator(".cell:visible")
        assert shown.count() == 1
        pictures = shown.locator("[role=img]")
        found = [pictures.nth(n).get_attribute("aria-label") for n in range(pictures.count())]
        assert sorted(found) == sorted(report.material.test.name(row) for row in rows)
        assert all(pictures.nth(n).is_visible() for n in range(pictures.count()))
    page.click(".cell:visible a")
    assert page.locator(".cell:visible").count() == 0


def test_nothing_is_said_and_nothing_is_asked_for(page):
    page.click(".confusion a")
    assert page.said == []
    others = [url for url in page.asked if not url.startswith(("file:", "data:image/"))]
    assert others == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1


def test_thumbnails_are_painted(page):
    """A thumbnail on the screen is no empty square: random pixels have many colours."""
    pixels = page.locator(".shots [role=img]").first.screenshot()
    with Image.open(io.BytesIO(pixels)) as found:
        colours = np.unique(np.asarray(found.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colours) > 10


@pytest.mark.parametrize("width", [1200, 500])
def test_the_page_is_never_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.click(".confusion a")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
