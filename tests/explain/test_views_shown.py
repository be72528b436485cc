"""What a person sees of the four views, and what is said to somebody who asks for something else."""

import math

import numpy as np
import pytest
from PIL import Image

from striate import layers
from striate.errors import ArgumentError, ShapeError
from striate.explain.views import VIEWS, convolution_cost, convolution_views, views
from striate.explain.views._names import Name, bracketed, figure
from striate.models import Input, Sequential
from striate.network.naming import name_problem


@pytest.fixture(scope="module")
def model():
    network = [
        Input((12, 12, 1)),
        layers.Conv2D(4, 3, name="a", activation="relu"),
        layers.Conv2D(2, 3, groups=2, name="b"),
        layers.SeparableConv2D(2, 2, name="s"),
        layers.Flatten(),
        layers.Dense(3, name="d"),
    ]
    return Sequential(network, seed=1)


@pytest.fixture
def x():
    return np.random.default_rng().normal(size=(2, 12, 12, 1)).astype(np.float32)


def test_every_view_is_a_picture_a_text_and_a_page_that_runs_nothing(model, x, tmp_path):
    seen = views(model, "b", x)
    for shown in (seen, *(getattr(seen, name) for name in VIEWS)):
        with Image.open(shown.save(tmp_path / "a.png")) as picture:
            assert min(picture.size) > 100
        page = shown.page()
        assert "<script" not in page
        assert page.count("http") == page.count("http-equiv")
        assert shown.title in shown.text() + page
        assert shown._repr_html_().startswith('<div class="striate">')
    assert seen.page().count("<h2>") == len(VIEWS)


def test_the_focus_chooses_itself_where_the_filter_answers_most(model, x):
    seen = views(model, "b", x, example=1, filter=1)
    answers = seen.convolution.output[..., 1]
    assert seen.focus.position == np.unravel_index(abs(answers).argmax(), answers.shape)
    look = seen.filter.at(seen.focus.position)
    sums = abs(look.products.reshape(-1, 2).sum(0))
    assert seen.focus.channel == 2 + sums.argmax()
    assert views(model, "b", x, position=(-1, 0), channel=-4).focus.position == (7, 0)
    assert "channel 0" in views(model, "b", x, position=(-1, 0), channel=-4).text()


def test_taps_on_padding_are_said_and_have_no_term():
    seen = convolution_views(np.ones((3, 3), int), np.ones((3, 3), int), padding="same", position=(0, 0))
    assert "5 of 9 taps meet no input" in seen.filter.html()
    assert seen.equation.at((0, 0)).text() == "εA + ζB + θD + ιE = P"
    assert seen.equation.at((1, 1)).text() == "αA + βB + γC + δD + εE + ζF + ηG + θH + ιJ = T"


def test_a_sum_of_nothing_is_the_bias_alone():
    how = {"strides": 2, "padding": ((1, 1),)}
    seen = convolution_views([7], [1], [4], **how)
    assert [equation.text() for equation in seen.equation.equations] == ["b = P", "b = Q"]
    assert convolution_views([7], [1], **how).equation.at((0,)).text() == "0 = P"
    assert seen.pixels().shape[2] == 3


def test_letters_give_way_to_places():
    big = convolution_views(np.zeros((5, 5)), np.ones((5, 5)))
    assert big.equation.at((0, 0)).text(3) == "w₀₀₀₀x₀₀ + w₀₁₀₀x₀₁ + … + w₄₄₀₀x₄₄ = P"
    assert Name("z", (3, 12)).latex == "z_{3,12}"
    assert convolution_views(np.zeros((12, 12)), np.ones((1, 2)), position=(0, 9)).equation.at(
        (0, 9)
    ).text() == ("αx₀₉ + βx[0,10] = z₀₉")
    several = convolution_views(np.ones((2, 2, 1)), np.ones((1, 1, 1, 2)), [1, 2], filter=1)
    assert several.equation.at((0, 1)).text() == "α₁B + b₁ = S"


def test_the_filter_view_writes_small_windows_out():
    seen = convolution_views([1, -2, 3], [1, -1], [0.5])
    assert seen.filter.text() == (
        "Filter view: convolution, filter 0, position 1\n"
        "The window lies where output 1 looks. 2 products add up to −5, the bias 0.5 is added: −4.5.\n"
        "window at         weight · input   sum\n"
        "0          1·1 + (−1)·(−2) + 0.5   3.5\n"
        "1          1·(−2) + (−1)·3 + 0.5  −4.5"
    )


def test_equations_of_many_terms_are_shortened_and_say_so(model, x):
    words = views(model, "s", x, filter=1).equation.text()
    assert "filter 1" in words
    long = convolution_views(np.ones((4, 4, 3)), np.ones((2, 2, 3, 1))).equation
    assert "α" in long.text()
    longer = convolution_views(np.ones((4, 4, 8)), np.ones((2, 2, 8, 1))).equation
    assert "Each has up to 32 terms, not all written out." in longer.text()
    assert longer.at((0, 0)).text().count("w") == 12


def test_the_network_view_counts_who_shares_a_weight():
    words = convolution_views(np.arange(9).reshape(3, 3), [[1, 2], [3, 4]]).network.text()
    assert "16 edges join 9 inputs and 4 outputs; a dense layer would have 36. They share 4 weights." in words
    assert words.splitlines()[-1].split() == ["δ", "4", "4"]


def test_a_large_matrix_is_drawn_but_not_made():
    seen = convolution_views(np.zeros((320, 280), np.uint8), [[1], [-1]], position=(0, 0))
    assert seen.matrix.pixels().size < 2**22
    with pytest.raises(ArgumentError) as refused:
        seen.matrix.dense()
    assert str(refused.value) == (
        "matrix: the dense matrix would have 8,003,072,000 entries; expected at most 67,108,864.\n"
        "  Ask for the part of a filter and a channel, or take entries()."
    )
    assert len(seen.matrix.entries().rows) == 178_640


def test_blocks_of_one_filter_and_one_channel(model, x):
    matrix = views(model, "b", x).matrix
    whole = matrix.dense().reshape(8, 8, 2, 10, 10, 4)
    for filter, channel in [(0, 1), (1, 3)]:
        block = matrix.dense(filter, channel).reshape(8, 8, 10, 10)
        np.testing.assert_array_equal(block, whole[:, :, filter, :, :, channel])
    assert not matrix.dense(0, 2).any()
    row = matrix.dense(filter=1).reshape(8, 8, 10, 10, 4)
    np.testing.assert_array_equal(row, whole[:, :, 1])


def test_figures():
    assert [figure(v) for v in (np.float64(-0.0), 1e-9, True, -12)] == ["0", "1e-09", "True", "−12"]
    assert [bracketed(v) for v in (-1.0, 2)] == ["(−1)", "2"]
    assert math.isclose(float(figure(0.123456, 5)), 0.12346)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"layer": "d"},
            "layer: 'd' is no convolution; expected one of a, b, s.\n  model.summary() shows all layers.",
        ),
        (
            {"layer": "a/depthwise"},
            "layer: 'a/depthwise' is no convolution; expected one of a, b, s.\n"
            "  model.summary() shows all layers.",
        ),
        (
            {"layer": "conv9"},
            "layer: there is no layer 'conv9'; expected one of a, b, s.\n  model.summary() shows all layers.",
        ),
        (
            {"example": 2},
            "example: got 2 of 2; expected the number of an example.\n  Give example=0 to 1.",
        ),
        (
            {"filter": 2, "position": (8, 0)},
            "2 problems:\n"
            "1. filter: got 2; expected a whole number from 0 to 1.\n  Give for instance filter=0.\n"
            "2. position: got (8, 0); expected a place among 8 x 8 outputs.\n"
            "  Give for instance position=(0, 0).",
        ),
        (
            {"channel": 3},
            "channel: filter 0 does not read channel 3; expected one of 0, 1.\n"
            "  Choose another channel or filter.",
        ),
        (
            {"position": "x"},
            "position: got 'x'; expected a place among 8 x 8 outputs.\n  Give for instance position=(0, 0).",
        ),
    ],
)
def test_what_is_not_there_is_said(model, x, wrong, message):
    with pytest.raises(ArgumentError) as refused:
        views(model, **({"layer": "b", "x": x} | wrong))
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("x", "kernel", "more", "message"),
    [
        (
            np.ones((3, 3)),
            np.ones((2, 2)),
            {"kind": "fourier"},
            "kind: got 'fourier'; expected conv, depthwise, transposed.\n  Choose one of them.",
        ),
        (
            np.ones(3),
            np.ones((2, 2)),
            {},
            "x: its shape is (3,); expected (H, W) or (H, W, C) for this kernel.\n"
            "  Give one example, such as x[0].",
        ),
        (
            np.ones((3, 3, 2)),
            np.ones((2, 2, 3, 1)),
            {},
            "kernel: its shape is (2, 2, 3, 1) and x has 2 channels; expected shape (2, 2, 2, 1).\n"
            "  Its last axes are (channels / groups, filters).",
        ),
        (
            np.ones((3, 3, 2)),
            np.ones((2, 2, 2, 1)),
            {"kind": "depthwise", "groups": 2},
            "groups: got 2 for kind='depthwise'; expected 1.\n  Leave groups out, or say kind='conv'.",
        ),
        (
            np.ones((3, 3)),
            np.ones((2, 2)),
            {"bias": [1, 2]},
            "bias: its shape is (2,); expected (1,).\n  Give one number for each filter.",
        ),
        (
            np.ones((3, 3)),
            np.ones((4, 4)),
            {},
            "convolution: the kernel 4x4 is larger than the image 3x3; "
            "expected an image of at least 4x4.\n  Use a smaller kernel or padding='same'.",
        ),
        (
            np.ones((3, 3)),
            np.ones((2, 2, 2, 2, 2)),
            {},
            "kernel: its shape is (2, 2, 2, 2, 2); expected (kw,), (kh, kw), (kw, C / groups, F) or "
            "(kh, kw, C / groups, F).\n  Reshape it.",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(x, kernel, more, message):
    with pytest.raises((ArgumentError, ShapeError)) as refused:
        convolution_views(x, kernel, **more)
    assert str(refused.value) == message


def test_costs_of_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError):
        convolution_cost((3, 3), (4, 4))
    assert name_problem("convolution") is None
