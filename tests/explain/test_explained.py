"""Explanations as they are read: worked examples by hand, text, LaTeX, JSON, pages, slices, recorded runs."""

import json
from pathlib import Path

import numpy as np
import pytest

from striate import layers as L
from striate.errors import ArgumentError
from striate.explain import Numbers, Recorder, at, open_recording
from striate.explain.addresses import _programs
from striate.models import Input, Model, Sequential

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())[
    "convolution"
]


def worked(example):
    """A convolution and its picture."""
    image, kernel = np.array(example["image"], np.float32), np.array(example["filter"], np.float32)
    kernel /= example.get("divide_by", 1)
    layer = L.Conv2D(
        1, kernel.shape, example["stride"], padding=example["padding"], use_bias=False, name="conv"
    )
    model = Sequential([Input((*image.shape, 1)), layer])
    model.set_weights([kernel[:, :, None, None]])
    return Numbers(model, image[None, :, :, None])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_every_number_of_the_worked_examples_is_the_sum_of_its_terms(example):
    numbers, expected = worked(example), np.array(example["expected"], np.float64)
    for row, column in np.ndindex(expected.shape):
        explained = numbers.at(f"conv/output[0,{row},{column},0]")
        assert explained.value == pytest.approx(
            expected[row, column], abs=0.011 if example.get("truncated") else 0
        )
        assert sum(term.value for term in explained.terms) == pytest.approx(explained.value, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "place", "value", "sum_"),
    [
        ("vertical edge, padding 1, stride 2", (0, 0), -15.0, [(9, -1), (6, -1)]),
        ("5x5 image, 3x3 filter", (2, 1), 6.0, [(1, 0), (2, 1), (2, 2)]),
        ("curve detector on a curve", (0, 0), 6600.0, [(50, 30), (20, 30), *[(50, 30)] * 3]),
        ("curve detector on something else", (0, 0), 0.0, []),
    ],
)
def test_the_famous_numbers_are_sums_that_a_person_can_check(name, place, value, sum_):
    example = next(example for example in EXAMPLES if example["name"] == name)
    explained = worked(example).at(f"conv/output[0,{place[0]},{place[1]},0]")
    assert explained.value == explained.remade == value
    pairs = [tuple(factor.value for factor in term.factors) for term in explained.terms]
    counted = [pair for pair in pairs if pair[0] * pair[1]]
    assert counted == [pair for pair in sum_ if pair[0] * pair[1]]
    assert sum(x * w for x, w in counted) == value


def test_minus_fifteen_as_text():
    example = next(e for e in EXAMPLES if e["name"] == "vertical edge, padding 1, stride 2")
    assert worked(example).at("conv/output[0,0,0,0]").text() == (
        "conv/output[0,0,0,0] = -15\n"
        "the sum of inputs times weights\n"
        "term                                     numbers  product\n"
        "input1[0,0,0,0] × conv/kernel[1,1,0,0]     4 × 0        0\n"
        "input1[0,0,1,0] × conv/kernel[1,2,0,0]  9 × (-1)       -9\n"
        "input1[0,1,0,0] × conv/kernel[2,1,0,0]     5 × 0        0\n"
        "input1[0,1,1,0] × conv/kernel[2,2,0,0]  6 × (-1)       -6\n"
        "sum                                                   -15\n"
        "5 taps lie on the padding and add nothing.\n"
        "Recombined in float64: -15, off by 0 of the terms' size."
    )


@pytest.fixture(scope="module")
def numbers():
    layers = [
        Input((4, 4, 1), name="image"),
        L.Conv2D(2, 2, activation="relu", name="c_1"),
        L.MaxPooling2D(3, name="pool"),
        L.Flatten(name="flat"),
        L.Dense(3, activation="softmax", name="answer"),
    ]
    model = Sequential(layers)
    kernel = np.array([[[[1, -1]], [[0, 2]]], [[[2, 0]], [[-1, 1]]]])
    dense = np.array([[1, 0, -1], [0, 0.5, 0.25]])
    model.set_weights([kernel, np.array([0.5, -1]), dense, np.zeros(3)])
    x = np.arange(16).reshape(1, 4, 4, 1) / 4
    return Numbers(model, x, np.array([1]), loss="sparse_categorical_crossentropy")


def test_a_fused_activation_is_shown_with_what_it_reads(numbers):
    explained = numbers.at("c_1/output[0,1,2,1]")
    assert [term.name for term in explained.terms] == ["relu(c_1/preactivation[0,1,2,1])"]
    assert str(explained.below.address) == "c_1/preactivation[0,1,2,1]"
    assert "c_1/preactivation[0,1,2,1] is above 0: it passes, the slope is 1." in explained.text()
    assert "image[0,1,2,0] × c_1/kernel[0,0,0,1]" in explained.text()
    assert explained.below.value == pytest.approx(-1.5 + 2 * 1.75 + 0 + 2.75 - 1)


def test_a_maximum_names_its_winner_and_ties(numbers):
    explained = numbers.at("pool/output[0,0,0,0]")
    assert [term.name for term in explained.terms] == ["c_1/output[0,2,2,0]"]
    assert explained.made.notes == ("The largest of 9.",)
    flat = np.ones((1, 4, 4, 1))
    tied = Numbers(Sequential([Input((4, 4, 1)), L.MaxPooling2D(name="p")]), flat).at("p/output[0,0,0,0]")
    assert tied.made.notes == (
        "The largest of 4.",
        "As large: input1[0,0,1,0], input1[0,1,0,0], input1[0,1,1,0]; "
        "the first in reading order gets the gradient.",
    )


def test_softmax_shows_its_parts(numbers):
    explained = numbers.at("answer/output[0,0]")
    (term,) = explained.terms
    assert term.factors[1].name == "1 / (sum of 3 exponentials)"
    assert len(tuple(term.factors[1].made)) == 3
    assert "the sum of exponentials\n" in explained.text()


def test_many_terms_are_arrays_and_the_rest_is_one_sum():
    layers = [Input((40, 40, 3)), L.Conv2D(2, 3, name="c"), L.GlobalAveragePooling2D(), L.Dense(2)]
    x = np.random.default_rng().normal(size=(4, 40, 40, 3))
    asked = Numbers(Sequential(layers), x, np.zeros((4, 2)), loss="mse")
    explained = asked.at("c/kernel.grad[1,1,2,0]")
    assert len(explained.terms) == 4 * 38 * 38
    listed, others, rest = explained.made.largest(12)
    assert len(listed) == 12
    assert others == 4 * 38 * 38 - 12
    assert sum(t.value for t in listed) + rest == pytest.approx(explained.remade)
    assert min(abs(t.value) for t in listed) >= sorted(abs(t.value) for t in explained.terms)[-12]
    assert f"{others} more" in explained.text()
    record = explained.to_json(most=5)
    assert len(record["terms"]) == 5
    assert record["others"]["count"] == 4 * 38 * 38 - 5
    assert explained.gap <= 1e-6


def test_json_is_plain_and_whole(numbers):
    explained = numbers.at("c_1/output[0,1,2,1]")
    record = json.loads(json.dumps(explained.to_json(), allow_nan=False))
    assert record["address"] == "c_1/output[0,1,2,1]"
    assert record["value"] == explained.value
    assert record["gap"] <= 1e-6
    below = record["below"]
    assert sum(term["value"] for term in below["terms"]) == pytest.approx(below["value"])
    assert below["terms"][0]["factors"][0]["addresses"] == ["image[0,1,2,0]"]
    slope = numbers.at("image.grad[0,1,1,0]").to_json()
    assert slope["gradient_of"].startswith("The gradient of the loss (SparseCategoricalCrossentropy")
    assert numbers.at("image[0,0,0,0]").to_json()["given"] == "an input"
    lost = at(Sequential([Input((1,)), L.Identity(name="i")]), "i/output", np.array([[np.nan]]))
    assert lost.to_json()["value"] == [["nan"]]


def test_latex_is_an_equation(numbers):
    assert numbers.at("c_1/preactivation[0,0,0,0]").latex() == (
        "\\begin{aligned}\n"
        "  \\texttt{c\\_1/preactivation}_{0,0,0,0} "
        "&= \\texttt{image}_{0,0,0,0} \\cdot \\texttt{c\\_1/kernel}_{0,0,0,0}"
        " + \\texttt{image}_{0,0,1,0} \\cdot \\texttt{c\\_1/kernel}_{0,1,0,0}"
        " + \\texttt{image}_{0,1,0,0} \\cdot \\texttt{c\\_1/kernel}_{1,0,0,0}"
        " + \\texttt{image}_{0,1,1,0} \\cdot \\texttt{c\\_1/kernel}_{1,1,0,0}"
        " + \\texttt{c\\_1/bias}_{0} \\\\\n"
        "  &= 0 \\cdot 1 + 0.25 \\cdot 0 + 1 \\cdot 2 + 1.25 \\cdot (-1) + 0.5 \\\\\n"
        "  &= 1.25\n"
        "\\end{aligned}"
    )
    slope = numbers.at("answer/kernel.grad[0,1]").latex(most=1)
    assert "\\frac{\\partial L}{\\partial\\,\\texttt{answer/kernel}_{0,1}}" in slope
    softmax = numbers.at("answer/output[0,0]").latex()
    assert "\\exp (\\texttt{answer/preactivation}_{0,0} - " in softmax
    assert "\\text{sum of 3 exponentials}" in softmax


PAGES = ["answer/output[0,0]", "loss", "c_1/kernel.grad[0,0,0,1]", "image[0,1,1,0]", "pool/output"]


@pytest.mark.parametrize("text", PAGES)
def test_explanations_are_pages_and_notebook_cells(numbers, text, tmp_path):
    explained = numbers.at(text)
    page = explained.save(tmp_path / "page.html").read_text()
    assert explained.title in page
    assert "<script" not in page
    assert explained._repr_html_().startswith('<div class="striate">')
    if explained.is_number and explained.terms:
        assert explained.save(tmp_path / "bars.png").stat().st_size > 100


def test_names_of_layers_cannot_act_on_a_page():
    model = Sequential([Input((2,)), L.Dense(1, name="<b>x<b>")])
    explained = at(model, "<b>x<b>[0,0]", np.ones((1, 2)))
    assert "<b>" not in explained.page()
    assert "&lt;b&gt;" in explained.page()


def test_a_slice_has_values_a_shape_and_terms_on_demand(numbers):
    explained = numbers.at("c_1/output[0,:,0:2,1]")
    assert explained.shape == (3, 2)
    assert explained[2, 1].address == numbers.find("c_1/output[0,2,1,1]")
    assert explained[1:][0, -1].value == explained.value[1, 1]
    assert str(explained[::-1, 0].address) == "c_1/output[0,2::-1,0,1]"
    np.testing.assert_array_equal(explained[::-1, 0].value, explained.value[::-1, 0])
    assert explained[0, 0].terms[0].name == "relu(c_1/preactivation[0,0,0,1])"
    assert explained.pixels().ndim == 3
    assert explained.to_json()["value"] == explained.value.tolist()
    with pytest.raises(ArgumentError) as refused:
        _ = explained.terms
    assert str(refused.value) == (
        "c_1/output[0,:,0:2,1]: it has 6 numbers; expected a single number.\n"
        "  Choose one of them: explained[0, 0]."
    )
    with pytest.raises(ArgumentError, match="9 on axis 1 is out of range; expected 0 to 1, or -2 to -1"):
        _ = explained[0, 9]
    with pytest.raises(ArgumentError, match="got 'a'; expected whole numbers and slices"):
        _ = explained["a"]


def test_equal_networks_share_their_programs(numbers):
    for text in ("loss", "c_1/kernel.grad[0,0,0,0]", "image.grad[0,2,2,0]", "answer/bias.grad[1]"):
        numbers.at(text)
    before = _programs.backward.cache_info().misses
    same = Model.from_network(numbers.network, numbers.reading.variables)
    again = Numbers(same, np.zeros((1, 4, 4, 1)), np.array([0]), loss="sparse_categorical_crossentropy")
    assert again.at("loss").value == pytest.approx(np.log(np.exp([0.5, 0, -0.5]).sum()) - 0.5)
    assert _programs.backward.cache_info().misses == before


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A short training with everything recorded, and its model at the end."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(12, 5, 5, 1)).astype(np.float32), rng.integers(0, 3, 12)
    conv, last = L.Conv2D(2, 3, activation="relu", name="c"), L.Dense(3, activation="softmax", name="d")
    model = Sequential([Input((5, 5, 1)), conv, L.Flatten(name="f"), last])
    model.compile("sgd", "sparse_categorical_crossentropy")
    path = tmp_path_factory.mktemp("runs") / "recording"
    recorder = Recorder(path, layers=("c", "c/preactivation", "f", "d/preactivation", "d"), steps=2)
    model.fit(x, y, 6, 3, verbose=0, shuffle=False, callbacks=[recorder])
    return model, open_recording(path), x, y


RECORDED = ["c/preactivation[0,1,1,1]", "c/kernel.grad[0,0,0,1]", "d/preactivation.grad[0,1]"]


def test_a_recorded_number_is_read_at_its_step_with_terms_of_that_step(recorded):
    model, log, x, y = recorded
    step, examples = log.steps[1], len(log.value("c", log.steps[1]))
    for text in (*RECORDED, "d/output[1,2]", "c/output.grad[0,1,1,0]", "d/bias.grad[2]"):
        explained = at(model, f"{text}@step={step}", x[:examples], y[:examples], recording=log)
        assert explained.gap <= 1e-6, explained.text()
        assert f"at step {step} of a recorded training." in explained.text()
    now = at(model, "c/kernel[0,0,0,1]", x).value
    then = at(model, f"c/weights[0,0,0,1]@step={step}", recording=log)
    assert then.value == float(log.value("c/kernel", step)[0, 0, 0, 1]) != now
    assert str(then.address) == f"c/kernel[0,0,0,1]@step={step}"


def test_what_was_not_recorded_is_refused_in_the_recordings_words(recorded):
    model, log, *_ = recorded
    with pytest.raises(ArgumentError, match="step 999 was not recorded; expected a recorded step"):
        at(model, "c/kernel[0]@step=999", recording=log)
    with pytest.raises(ArgumentError, match="there is no layer 'cc'"):
        at(model, "cc/kernel[0]@step=999", recording=log)
