"""The report: one page that needs nothing, runs nothing, and shows hostile names as text."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
from PIL import Image
from task_fixtures import *  # noqa: F403

from striate.layers import Dense, Flatten
from striate.network import sequential
from striate.pages.html import escape, inert
from striate.pages.svg import Line, chart, nice_ticks
from striate.tasks import Report, score
from striate.tasks.report import png_address

HOSTILE = ("<img src=x onerror=alert(1)>", "\x1b[2J\x1b]0;evil\x07", "\u202etxt.exe", "a & 'b' \"c\"")


class Tags(html.parser.HTMLParser):
    """Collect elements, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page():
    random = np.random.default_rng(4)
    raw = random.random((50, 4))
    return Report(
        title="<b>title</b>",
        network=sequential([Flatten(), Dense(4)], input_shape=(6, 5, 3), name="small"),
        class_names=HOSTILE,
        scores=score(raw / raw.sum(axis=1, keepdims=True), random.integers(0, 4, 50), most=5),
        pictures=random.integers(0, 256, (50, 6, 5, 3), np.uint8),
        history={"loss": [0.5, 0.25], "val_loss": [0.6, None], "accuracy": [0.9, 0.95], "matrix": [[1], [2]]},
        command=["striate", "train", "mnist", "--model", "it's <mine>.py:net"],
        seed=7,
        settings={"epochs": 2, "patience": None},
        facts={"python": "3.11", "devices": ["cpu: <cpu>"]},
        note="Stopped early.",
    ).html()


def test_nothing_is_fetched_and_nothing_runs(page):
    tags = Tags(page)
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "code", "table"}
    allowed |= {"thead", "tbody", "tr", "th", "td", "div", "bdi", "b", "br", "figure", "figcaption", "img"}
    allowed |= {"svg", "text", "line", "path"}
    assert set(tags.elements) <= allowed
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name in ("href", "srcdoc")]
    addresses = [value for name, value in tags.attributes if name in ("src", "data", "action", "poster")]
    assert len(addresses) == 5
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert re.findall(r"https?://|url\(|@import", page) == []
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


def test_hostile_names_are_shown_as_text(page):
    tags = Tags(page)
    text = "".join(tags.text)
    assert HOSTILE[0] in text
    assert "\\x1b[2J\\x1b]0;evil\\x07" in text
    assert "\\u202etxt.exe" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
    assert tags.elements.count("img") == 5


def test_the_page_says_what_it_must(page):
    text = "".join(Tags(page).text)
    for words in (
        "95 % interval",
        "Seed 7.",
        "Stopped early.",
        "flatten1",
        "364 parameters",
        "patience",
        "none",
    ):
        assert words in text
    assert "striate train mnist --model 'it'\"'\"'s <mine>.py:net'" in text


def test_pictures_come_back_from_their_addresses():
    for shape in ((6, 5, 3), (6, 5, 1), (6, 5)):
        picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
        data = base64.b64decode(png_address(picture).partition(",")[2])
        with Image.open(io.BytesIO(data)) as found:
            np.testing.assert_array_equal(np.asarray(found), picture.squeeze())


def test_no_mistakes_and_many_classes():
    names = tuple(map(str, range(40)))
    right = Report("t", sequential([Dense(40)], input_shape=(3,)), names, score(np.eye(40), np.arange(40)),
                   np.zeros((40, 2, 2), np.uint8), {}, [], 0, {}, {})  # fmt: skip
    assert "There are none." in right.html()
    assert 'class="confusion"' not in right.html()


def test_the_report_of_a_real_run(finished):
    page = finished.folder.report.read_text("utf-8")
    assert page.count("<svg") >= 2
    assert page.count("<img") == 24
    assert "striate train mnist --model tiny" in page
    assert len(page) < 200_000


def test_charts():
    text = chart("loss", [Line("train", [1, 2, 3], [1.0, None, 0.5]), Line("val", [2], [0.75])])
    assert text.count("<path") == 2
    assert 'd="M56.0 28.0 h0 M408.0 178.0 h0"' in text
    assert 'd="M232.0 103.0 h0"' in text
    assert "L408.0" in chart("loss", [Line("train", [1, 2], [1.0, 0.5])])
    assert chart("loss", [Line("train", [1], [None])]) == ""
    assert chart("loss", [Line("train", [1, 2], [float("nan"), float("inf")])]) == ""
    assert "&lt;x&gt;" in chart("<x>", [Line("train", [1], [1.0])])


@pytest.mark.parametrize("ends", [(0.0, 1.0), (0.991, 0.992), (3.0, 3.0), (-5.0, 2e6), (0.0, 0.0)])
def test_ticks_enclose_what_they_measure(ends):
    ticks = nice_ticks(*ends)
    assert ticks[0] <= ends[0] + 1e-9
    assert ticks[-1] >= ends[1] - 1e-9
    assert 2 <= len(ticks) <= 8


def test_names_in_any_script_stay_readable():
    for name in ("café", "日本語", "عربي", "می‌روم", "👩‍🔬", "a\u00a0b"):
        assert inert(name) == name
        assert escape(name) == name
