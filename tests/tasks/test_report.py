"""The report: one page that needs nothing, runs nothing, shows hostile names as text, and opens pictures."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
from PIL import Image
from task_fixtures import *  # noqa: F403

from striate.images import Preprocessing
from striate.layers import Dense, Flatten
from striate.network import sequential
from striate.pages.html import escape, inert
from striate.pages.svg import Line, chart, nice_ticks
from striate.tasks import Evaluation, Material, Portion, Report
from striate.tasks.answers import choose
from striate.tasks.reporting import cells
from striate.tasks.reporting.scatter import scatter
from striate.tasks.reporting.thumbnails import Thumbnails, picture

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


def made(kind, names, outputs, targets, shape=(6, 5, 3), **more):
    """The report of random pictures with these answers."""
    random = np.random.default_rng(4)
    pictures = random.integers(0, 256, (len(targets), *shape), np.uint8)
    files = tuple(f"{HOSTILE[0]}/{number}.png" for number in range(len(targets)))
    portion = Portion(pictures, targets, files)
    answer = choose(kind, names, targets)
    material = Material("some", answer, shape, Preprocessing(shape[:2], shape[2]), portion, portion, portion)
    scored = answer.score(outputs, targets, targets)
    return Report(
        title="<b>title</b>",
        material=material,
        network=sequential([Flatten(), Dense(4)], input_shape=(6, 5, 3), name="small"),
        evaluation=Evaluation("some", "test", answer, scored),
        history={"loss": [0.5, 0.25], "val_loss": [0.6, None], "accuracy": [0.9, 0.95], "matrix": [[1], [2]]},
        command=["striate", "train", "mnist", "--model", "it's <mine>.py:net"],
        seed=7,
        settings={"epochs": 2, "patience": None},
        facts={"python": "3.11", "devices": ["cpu: <cpu>"]},
        note="Stopped early.",
        **more,
    )


@pytest.fixture(scope="module")
def report():
    random = np.random.default_rng(4)
    raw = random.random((50, 4))
    return made("multinomial", HOSTILE, raw / raw.sum(axis=1, keepdims=True), random.integers(0, 4, 50))


@pytest.fixture(scope="module")
def page(report):
    return report.html()


KINDS = {
    "binary": (("no", "yes"), lambda random: (random.random((40, 1)), random.integers(0, 2, 40))),
    "multilabel": (HOSTILE[:2], lambda random: (random.random((40, 2)), random.integers(0, 2, (40, 2)))),
    "continuous": (("angle",), lambda random: (random.normal(size=(40, 1)), random.normal(size=40))),
    "count": (("digits",), lambda random: (random.random((40, 1)), random.poisson(2, 40))),
}


def harmless(page):
    tags = Tags(page)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "section",
        "code",
        "a",
    }
    allowed |= {"table", "thead", "tbody", "tr", "th", "td", "div", "bdi", "b", "br", "figure", "figcaption"}
    allowed |= {"img", "span", "svg", "text", "line", "path", "circle"}
    assert set(tags.elements) <= allowed
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "srcdoc"]
    links = [value for name, value in tags.attributes if name == "href"]
    anchors = {value for name, value in tags.attributes if name == "id"}
    assert all(link[0] == "#" and link[1:] in anchors for link in links)
    addresses = [value for name, value in tags.attributes if name in ("src", "data", "action", "poster")]
    assert all(address.startswith("data:image/") for address in addresses)
    assert re.findall(r"https?://|url\((?!data:image/)|@import", page) == []
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
    return tags


def test_nothing_is_fetched_and_nothing_runs(page):
    tags = harmless(page)
    assert tags.elements.count("img") == 1
    assert page.count("data:image/") == 2, "one contact sheet, and one sheet of all thumbnails"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_has_its_page(kind):
    names, draw = KINDS[kind]
    outputs, targets = draw(np.random.default_rng(3))
    report = made(kind, names, outputs, targets)
    text = "".join(harmless(report.html()).text)
    for measure in report.evaluation.scored.measures:
        assert measure.name in text
    assert ("Largest errors" in text) == (kind in ("continuous", "count"))


def test_hostile_names_are_shown_as_text(page):
    text = "".join(Tags(page).text)
    assert HOSTILE[0] in text
    assert "\\x1b[2J\\x1b]0;evil\\x07" in text
    assert "\\u202etxt.exe" in text


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
        "Expected calibration error",
    ):
        assert words in text
    assert "striate train mnist --model 'it'\"'\"'s <mine>.py:net'" in text


def behind(page, key):
    """The names of the pictures that a link to `key` opens."""
    (inside,) = re.findall(rf'<div class="cell" id="{key}">(.*?)<p><a href="#confusion">', page)
    return re.findall(r'aria-label="([^"]*)"', inside)


def test_the_cells_of_the_matrix_open_exactly_their_pictures(report, page):
    scored = report.evaluation.scored
    seen = 0
    for i in range(4):
        for j in range(4):
            rows = np.flatnonzero((scored.truth == i) & (scored.said == j))
            if not len(rows):
                assert f'id="cell-{i}-{j}"' not in page
                continue
            found = behind(page, f"cell-{i}-{j}")
            assert sorted(found) == sorted(escape(report.material.test.name(row)) for row in rows)
            assert f'<a href="#cell-{i}-{j}">{len(rows)}</a>' in page
            seen += len(rows)
    assert seen == 50


def test_more_pictures_than_there_is_room_for():
    names = ("a", "b", "c")
    scored = choose("multinomial", names, np.zeros(1, int)).score(
        np.eye(3)[np.arange(3000) % 3], np.repeat([0, 1], [100, 2900]), np.zeros(1, int)
    )
    found = cells.groups(scored, names)
    chosen = cells.chosen(found, 700)
    counts = {key: len(rows) for key, rows in chosen.items()}
    assert sum(counts.values()) <= 700
    wrong = {group.key: len(group.rows) for group in found if group.wrong}
    assert all(counts[key] == min(size, max(counts[k] for k in wrong)) for key, size in wrong.items())
    assert min(counts[key] for key in wrong) >= 33


def test_labels_missed_and_added_open_their_pictures():
    targets = np.array([[1, 0], [1, 1], [0, 0], [0, 1]])
    outputs = np.array([[0.9, 0.2], [0.1, 0.9], [0.8, 0.1], [0.2, 0.3]])
    page = made("multilabel", ("red", "round"), outputs, targets).html()
    name = escape(HOSTILE[0])
    assert behind(page, "missed-0") == [f"{name}/1.png"]
    assert behind(page, "added-0") == [f"{name}/2.png"]
    assert behind(page, "missed-1") == [f"{name}/3.png"]
    assert 'id="added-1"' not in page


@pytest.mark.parametrize("shape", [(6, 5, 3), (28, 28, 1), (96, 48, 3)])
def test_a_thumbnail_shows_its_picture(shape):
    """The place on the sheet that the style names holds the picture (a JPEG of it, shrunk, for colours)."""
    pictures = np.full((40, *shape), 255, np.uint8) * np.linspace(0, 1, 40)[:, None, None, None]
    portion = Portion(pictures.astype(np.uint8), np.zeros(40, int))
    thumbnails = Thumbnails.of(portion, [39, 3, 20, *range(40), 3])
    data = base64.b64decode(thumbnails.sheet.partition(",")[2])
    with Image.open(io.BytesIO(data)) as found:
        sheet = np.asarray(found).reshape(*thumbnails.extent, -1)
    for row in (0, 3, 20, 39):
        shift = re.search(r"position:-(\d+)px -(\d+)px", thumbnails.html(row))
        left, top = (int(each) // thumbnails.factor for each in shift.groups())
        height, width = thumbnails.size
        part = sheet[top : top + height, left : left + width]
        assert abs(part.astype(float) - pictures[row].astype(np.uint8).mean()).max() <= 3
    assert "no. 20" in thumbnails.html(20)


def test_no_mistakes_and_many_classes():
    names = tuple(map(str, range(40)))
    right = made("multinomial", names, np.eye(40), np.arange(40)).html()
    assert "There are none." in right
    assert 'class="confusion"' not in right


def test_the_report_of_a_real_run(finished):
    page = finished.folder.report.read_text("utf-8")
    harmless(page)
    assert page.count("<svg") >= 3
    assert page.count("<figure>") == 24
    assert "striate train mnist --model tiny" in page
    assert len(page) < 1_500_000


def test_charts():
    text = chart("loss", [Line("train", [1, 2, 3], [1.0, None, 0.5]), Line("val", [2], [0.75])])
    assert text.count("<path") == 2
    assert 'd="M56.0 28.0 h0 M408.0 178.0 h0"' in text
    assert 'd="M232.0 103.0 h0"' in text
    assert "L408.0" in chart("loss", [Line("train", [1, 2], [1.0, 0.5])])
    assert chart("loss", [Line("train", [1], [None])]) == ""
    assert chart("loss", [Line("train", [1, 2], [float("nan"), float("inf")])]) == ""
    assert "&lt;x&gt;" in chart("<x>", [Line("train", [1], [1.0])])


def test_dots_lie_where_their_numbers_say():
    text = scatter("said", "<true>", np.array([0.0, 1.0]), np.array([0.0, 0.5]), ends=(0.0, 1.0))
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', text)
    (x0, y0), (x1, y1) = ((float(a), float(b)) for a, b in dots)
    assert (x1 - x0) == pytest.approx(2 * (y0 - y1), abs=0.2)
    assert "&lt;true&gt; against said" in text


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


def test_pictures_come_back_from_their_addresses():
    assert base64.b64decode(picture(b"\x89PNG").partition(",")[2]) == b"\x89PNG"
