"""Accuracy against cost: the published table, the figure, the page, and the page in the manual."""

import importlib.util
import re
from pathlib import Path

import pytest

import striate.applications as applications
from striate.applications._comparison import entries_of, sees
from striate.applications._published import PUBLISHED
from striate.errors import ArgumentError

ROOT = Path(__file__).parents[2]
COMPARISON = applications.compare()

TOP5 = {
    "alexnet-2012": 18.2,
    "zfnet": 16.5,
    "vgg11": 10.4,
    "vgg13": 9.9,
    "vgg16": 8.1,
    "vgg19": 8.0,
    "googlenet-2014": 10.07,
    "resnet34": 7.46,
    "resnet50": 6.71,
    "resnet101": 6.05,
    "resnet152": 5.71,
}
"""As the papers print them."""


def test_the_papers_errors():
    assert {name: PUBLISHED[name].scores[0].top5 for name in TOP5} == TOP5
    for about in PUBLISHED.values():
        assert about.scores or about.other or about.paper.startswith("after")
        for score in about.scores:
            errors = [error for error in (score.top5, score.top1) if error is not None]
            assert errors == sorted(errors)
            assert all(5 < error < 50 for error in errors)
            assert score.how
            assert score.source


def test_every_published_name_is_a_network_and_every_landmark_is_published():
    names = set(applications.names())
    textbook = {"mnist-convnet", "mnist-dense", "cifar10-convnet", "small-resnet", "cats-and-dogs"}
    assert names - textbook <= set(PUBLISHED) <= names


def test_costs_are_counted():
    (entry, other) = entries_of("vgg16", applications.vgg16().network)
    assert (entry.params, entry.macs, entry.memory) == (138_357_544, 15_470_264_320, 60_950_432)
    assert (entry.accuracy(1), entry.accuracy(5)) == (74.4, 91.9)
    assert (other.accuracy(1), other.accuracy(5)) == (71.592, 90.382)
    assert other.score.source == "torchvision's weights"


def test_text_has_a_line_for_each_score():
    lines = COMPARISON.text().splitlines()
    assert lines[0] == "Published accuracy against what it costs"
    scores = sum(len(about.scores) for about in PUBLISHED.values())
    assert len(lines) == 1 + 1 + scores + 1
    (line,) = (line for line in lines if line.startswith("googlenet-2014"))
    assert line.split()[:5] == ["googlenet-2014", "2014", "89.93", "6,998,552", "1,586,685,952"]


def test_the_figure_shows_every_score_where_it_belongs():
    figure = COMPARISON.figure()
    shown = {}
    for trace in figure.data:
        for x, y, words, memory in zip(trace.x, trace.y, trace.customdata, trace.marker.size, strict=True):
            name = words.split("<b>")[1].split("</b>")[0]
            shown.setdefault((name, trace.xaxis, trace.visible), []).append((x, y, memory))
    for entry in COMPARISON.entries:
        for top, visible in ((5, True), (1, False)):
            accuracy = entry.accuracy(top)
            for axis, cost in (("x", entry.macs), ("x2", entry.params)):
                points = shown.get((entry.name, axis, visible), [])
                assert ((cost, accuracy, entry.memory) in points) == (accuracy is not None)


def test_each_network_is_named_once_in_each_view():
    for trace in COMPARISON.figure().data:
        named = [name for name in trace.text if name]
        assert sorted(named) == sorted({words.split("<b>")[1].split("</b>")[0] for words in trace.customdata})


def test_buttons_change_between_the_two_accuracies():
    figure = COMPARISON.figure()
    buttons = figure.layout.updatemenus[0].buttons
    five, one = (button.args[0]["visible"] for button in buttons)
    assert five == [trace.visible for trace in figure.data]
    assert [not shown for shown in five] == one


def test_areas_are_the_memory():
    marker = COMPARISON.figure().data[0].marker
    assert marker.sizemode == "area"
    largest = max(entry.memory for entry in COMPARISON.entries)
    assert marker.sizeref == pytest.approx(2 * largest / 70**2)


def test_the_page_needs_no_network(tmp_path):
    path = applications.compare(["resnet18", "mobilenet_v2"]).write_html(tmp_path / "page.html")
    text = path.read_text()
    assert "Plotly.newPlot" in text
    assert "11,689,512" in text
    assert "http" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)


def test_unknown_names_are_told():
    with pytest.raises(ArgumentError) as caught:
        applications.compare(["resnet-50", "lenet5"])
    first, second = caught.value.problems
    assert first.happened == "nothing is published about 'resnet-50' on ImageNet"
    assert first.cure == "Did you mean 'resnet50'?"
    assert second.happened == "nothing is published about 'lenet5' on ImageNet"


def test_one_name_will_do():
    assert {entry.name for entry in applications.compare("resnet50").entries} == {"resnet50"}


def test_a_picture_has_another_ending(tmp_path):
    with pytest.raises(ArgumentError, match="End the name in"):
        COMPARISON.save(tmp_path / "page.pdf")


@pytest.mark.parametrize(
    ("name", "field"),
    [("vgg16", "212x212 every 32"), ("lenet5-1998", "32x32 every 4"), ("alphago-policy", "27x27")],
)
def test_receptive_fields_of_the_last_map(name, field):
    """VGG-16's 212 is often published; AlphaGo's is 5 + 11 x 2."""
    assert sees(applications.get(name).network) == field


def test_the_manual_holds_what_its_generator_makes():
    spec = importlib.util.spec_from_file_location(
        "make_architectures", ROOT / "docs" / "make_architectures.py"
    )
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    written = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    assert generator.page() == written, "run python docs/make_architectures.py"
