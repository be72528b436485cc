"""The four views tell the truth: the engine, a slow reference and numbers made by hand say the same."""

import json
import math
import tracemalloc
from functools import lru_cache
from pathlib import Path

import jax
import numpy as np
import pytest

import references
from striate import layers
from striate.explain.views import convolution_cost, convolution_views, views
from striate.models import Input, Model, Sequential

WORKED = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())

LAYERS = [
    (layers.Conv2D(3, 2), (4, 5, 2)),
    (layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same", groups=2), (5, 4, 4)),
    (layers.Conv2D(2, 3, dilation_rate=(2, 1), padding=((2, 1), (0, 3)), use_bias=False), (5, 4, 3)),
    (layers.Conv1D(3, 3, strides=2, padding="same"), (7, 2)),
    (layers.Conv1D(2, 2, dilation_rate=3, padding="causal"), (6, 3)),
    (layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", strides=2), (5, 5, 2)),
    (layers.DepthwiseConv1D(2, depth_multiplier=3, dilation_rate=2), (6, 2)),
    (layers.Conv2DTranspose(3, 3, strides=2, padding="same"), (3, 4, 2)),
    (layers.Conv2DTranspose(2, (2, 3), (3, 1), ((1, 0), (2, 1)), dilation_rate=(1, 2)), (3, 3, 2)),
    (layers.Conv1DTranspose(2, 2, strides=3, output_padding=1), (4, 3)),
    (layers.LocallyConnected2D(2, 2, strides=(2, 1)), (4, 4, 2)),
    (layers.LocallyConnected1D(3, 3), (6, 2)),
    (layers.SeparableConv2D(3, 2, depth_multiplier=2, strides=2, padding="same"), (4, 4, 2)),
    (layers.SeparableConv1D(2, 3, dilation_rate=2, padding="causal"), (6, 2)),
]  # fmt: skip
NAMES = [type(layer).__name__ + str(number) for number, (layer, _) in enumerate(LAYERS)]


@lru_cache
def model_of(layer, shape):
    """The layer alone, its weights and biases drawn anew for every run of the tests."""
    model = Sequential([Input(shape), layer], seed=int(np.random.default_rng().integers(1000)))
    rng = np.random.default_rng()
    model.set_weights([rng.normal(size=weight.shape).astype(np.float32) for weight in model.get_weights()])
    return model, model.network.nodes[0].name


@lru_cache
def columns_by_impulse(layer, shape):
    """The matrix as the engine has it: what each input alone, being one, adds to the outputs."""
    model, _ = model_of(layer, shape)
    apply = jax.jit(lambda x: model.network.apply(model.variables, x).output)
    impulses = np.eye(math.prod(shape), dtype=np.float32).reshape(-1, *shape)
    answers = np.asarray(apply(np.concatenate([np.zeros((1, *shape), np.float32), impulses])), np.float64)
    return (answers[1:] - answers[:1]).reshape(len(impulses), -1).T, answers[0].ravel()


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=NAMES)
def test_the_matrix_is_the_one_that_the_engine_applies(layer, shape):
    model, name = model_of(layer, shape)
    x = np.random.default_rng().normal(size=(2, *shape)).astype(np.float32)
    seen = views(model, name, x, example=1)
    expected, bias = columns_by_impulse(layer, shape)
    if "separable" in name:
        first = views(model, f"{name}/depthwise", x, example=1).matrix
        assert first.difference[0] <= 1e-6 * first.difference[1]
        found = seen.matrix.dense() @ first.dense()
    else:
        found = seen.matrix.dense()
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert ((found != 0) == (abs(expected) > 1e-5)).all()
    np.testing.assert_allclose(0 if seen.matrix.bias is None else seen.matrix.bias, bias, atol=1e-6)
    answer = np.asarray(model.predict(x, verbose=0)[1], np.float64)
    np.testing.assert_allclose(seen.matrix.times(), answer, rtol=1e-5, atol=3e-6)
    assert seen.matrix.difference[0] <= 1e-6 * max(seen.matrix.difference[1], 1)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=NAMES)
def test_windows_equations_and_edges_add_up_to_the_same_numbers(layer, shape):
    model, name = model_of(layer, shape)
    x = np.random.default_rng().normal(size=(1, *shape)).astype(np.float32)
    filter = int(np.random.default_rng().integers(2))
    seen = views(model, name, x, filter=filter)
    answers, wiring = np.asarray(seen.convolution.output[..., filter], np.float64), seen.convolution.wiring
    total = np.zeros(wiring.places)
    for position in np.ndindex(*wiring.places):
        look, equation = seen.filter.at(position), seen.equation.at(position)
        bias = 0 if look.bias is None else look.bias
        assert look.sum == pytest.approx(answers[position], rel=1e-4, abs=1e-5)
        assert sum(term.product for term in equation.terms) + bias == pytest.approx(look.sum)
        assert equation.sum == pytest.approx(look.sum)
        for edge in seen.network.edges([position]):
            total[position] += edge.value * seen.convolution.x[edge.input]
            assert edge.value == seen.convolution.kernel[edge.weight]
        total[position] += bias
    np.testing.assert_allclose(total, answers, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("layer", "shape"), LAYERS[:-2], ids=NAMES[:-2])
def test_the_cost_is_what_counting_gives(layer, shape):
    """Entries are counted in the matrix, multiplications by the layer, additions one sum at a time."""
    model, name = model_of(layer, shape)
    seen = views(model, name, np.zeros((1, *shape), np.float32))
    cost, weights = seen.cost, model.get_weights()
    entries = (columns_by_impulse(layer, shape)[0] != 0).sum(1)
    bias, rows = layer.use_bias, len(entries)
    assert cost.convolution.stored == sum(weight.size for weight in weights)
    assert cost.convolution.multiplications == layer.macs(shape)
    assert cost.sparse.stored == entries.sum() + bias * rows
    assert cost.sparse.multiplications == entries.sum()
    assert cost.sparse.additions == np.maximum(entries - 1, 0).sum() + bias * rows
    assert cost.sparse.places == entries.sum() + rows + 1
    assert cost.dense.stored == rows * math.prod(shape) + bias * rows
    assert cost.dense.additions == rows * (math.prod(shape) - 1) + bias * rows
    assert cost.zeros == rows * math.prod(shape) - entries.sum()


def test_additions_of_a_sliding_kernel_counted_one_by_one():
    for kind, strides, taps, size in [("conv", 2, 3, 8), ("transposed", 2, 3, 4), ("transposed", 3, 2, 4)]:
        cost = convolution_cost((size,), (taps,), kind=kind, strides=strides, padding=0)
        sums = {}
        places = range((size - taps) // strides + 1) if kind == "conv" else range(size)
        for place in places:
            for tap in range(taps):
                target = place if kind == "conv" else place * strides + tap
                sums[target] = sums.get(target, 0) + 1
        assert cost.convolution.multiplications == sum(sums.values())
        assert cost.convolution.additions == sum(count - 1 for count in sums.values())


def test_whole_numbers_stay_whole_and_exact():
    rng = np.random.default_rng()
    for strides, padding, dilation, groups in [(1, "valid", 1, 1), (2, "same", 1, 2), ((1, 2), 2, (2, 1), 1)]:
        x = rng.integers(-(2**20), 2**20, (6, 7, 4))
        kernel, bias = rng.integers(-999, 999, (3, 2, 4 // groups, 2)), rng.integers(-99, 99, 2)
        how = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
        seen = convolution_views(x, kernel, bias, **how)
        given = how | {"padding": ((2, 2), (2, 2)) if padding == 2 else padding}
        expected = references.conv2d(x[None], kernel, bias, **given)[0]
        found = seen.matrix.times()
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)
        matrix = seen.matrix.dense()
        np.testing.assert_array_equal((matrix @ x.ravel() + seen.matrix.bias).reshape(found.shape), expected)


def test_any_geometry_in_whole_numbers():
    rng = np.random.default_rng()
    for _ in range(40):
        taps, dilation, strides = rng.integers(1, 4, 2), rng.integers(1, 3, 2), rng.integers(1, 4, 2)
        pads, groups = rng.integers(0, 4, (2, 2)), int(rng.integers(1, 4))
        sizes = (taps - 1) * dilation + 1 + rng.integers(0, 4, 2)
        x = rng.integers(-9, 10, (*sizes, 2 * groups))
        kernel = rng.integers(-9, 10, (*taps, 2, groups * int(rng.integers(1, 3))))
        how = {name: tuple(map(int, value)) for name, value in (("strides", strides), ("dilation", dilation))}
        how |= {"padding": tuple(map(tuple, pads.tolist())), "groups": groups}
        seen = convolution_views(x, kernel, **how)
        expected = references.conv2d(x[None], kernel, **how)[0]
        np.testing.assert_array_equal(seen.matrix.times(), expected)
        np.testing.assert_array_equal(seen.matrix.dense() @ x.ravel(), expected.ravel())
        assert seen.convolution.wiring.count == len(seen.matrix.entries().rows)


@pytest.mark.parametrize("case", WORKED["convolution"], ids=lambda case: case["name"])
def test_worked_convolutions(case):
    """Among them -15, 6, 6600 and 0, as sums of products that a person can check."""
    seen = convolution_views(case["image"], case["filter"], strides=case["stride"], padding=case["padding"])
    found = seen.matrix.times()[..., 0]
    assert found.dtype == np.int64
    looks = [[seen.filter.at((i, j)).sum for j in range(found.shape[1])] for i in range(found.shape[0])]
    assert (np.array(looks) == found).all()
    shown = np.trunc(100 * found / case["divide_by"]) / 100 if "divide_by" in case else found
    np.testing.assert_array_equal(shown, case["expected"])
    if "relu" in case:
        np.testing.assert_array_equal(np.maximum(found, 0), case["relu"])


def test_the_four_by_nine_matrix_of_a_two_by_two_filter_on_a_three_by_three_image():
    seen = convolution_views(np.arange(9).reshape(3, 3), [[2, 3], [5, 7]], [1])
    expected = [
        [2, 3, 0, 5, 7, 0, 0, 0, 0],
        [0, 2, 3, 0, 5, 7, 0, 0, 0],
        [0, 0, 0, 2, 3, 0, 5, 7, 0],
        [0, 0, 0, 0, 2, 3, 0, 5, 7],
    ]
    np.testing.assert_array_equal(seen.matrix.dense(), expected)
    assert [equation.text() for equation in seen.equation.equations] == [
        "αA + βB + γD + δE + b = P",
        "αB + βC + γE + δF + b = Q",
        "αD + βE + γG + δH + b = R",
        "αE + βF + γH + δJ + b = S",
    ]
    assert seen.equation.at((1, 1)).numbers() == "2·4 + 3·5 + 5·7 + 7·8 + 1 = 115"
    assert seen.equation.at((0, 0)).latex() == r"\alpha A + \beta B + \gamma D + \delta E + b = P"
    assert seen.equation.latex().splitlines()[1] == r"\alpha A + \beta B + \gamma D + \delta E + b &= P \\"
    assert len(seen.network.edges()) == 16
    assert seen.cost.zeros == 20


def test_the_efficiency_of_the_edge_filter():
    """A 320x280 picture and a filter of two weights, without making a matrix."""
    tracemalloc.start()
    cost = convolution_cost((320, 280), (2, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    rows = {row["name"]: row for row in WORKED["counts"] if row["name"].startswith("320x280")}
    convolution = rows["320x280 image, 2x1 kernel: convolution"]
    dense = rows["320x280 image, 2x1 kernel: the same as a dense matrix"]
    sparse = rows["320x280 image, 2x1 kernel: the same as a sparse matrix"]
    assert cost.convolution.stored == convolution["stored_floats"] == 2
    assert cost.convolution.operations == convolution["muls_and_adds"] == 267_960
    assert cost.sparse.stored == sparse["stored_floats"] == 178_640
    assert cost.sparse.operations == sparse["muls_and_adds"] == 267_960
    assert cost.dense.stored == dense["stored_floats"] > 8e9
    assert cost.dense.operations > dense["muls_and_adds_more_than"]
    assert cost.text().splitlines()[-3:] == [
        "convolution                 2        0          178,640         89,320         267,960",
        "sparse matrix         178,640  267,961          178,640         89,320         267,960",
        "dense matrix    8,003,072,000        0    8,003,072,000  8,002,982,680  16,006,054,680",
    ]


def test_a_layer_of_vgg_is_counted_without_its_matrix():
    cost = convolution_cost((224, 224, 64), (3, 3, 64, 64), bias=True, padding="same")
    assert cost.convolution.stored == 36_928
    assert cost.convolution.multiplications == 1_849_688_064
    assert cost.dense.stored == 3_211_264**2 + 3_211_264
    inside = (224 * 3 - 2) ** 2
    assert cost.sparse.multiplications == inside * 64 * 64


def test_a_convolution_inside_a_nested_network_with_an_activation():
    inner = Sequential([Input((5, 5, 1)), layers.Conv2D(2, 2, activation="relu", name="c")], name="base")
    x = Input((5, 5, 1))
    model = Model(x, layers.Flatten()(inner(x)))
    seen = views(model, "base/c", np.random.default_rng().normal(size=(5, 5)).astype(np.float32))
    assert seen.matrix.difference[0] < 1e-6
    assert (seen.convolution.output < 0).any()
