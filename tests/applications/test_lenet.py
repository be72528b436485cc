"""LeNet-5: the paper's weights and connections layer by layer, its table, its arithmetic, its learning."""

import math

import jax
import numpy as np
import pytest

import striate as st
import striate.applications as applications
from striate.applications.lenet import TABLE
from striate.datasets import mnist
from striate.errors import ArgumentError
from striate.layers.radial_basis import digit_codes

NETWORK = applications.lenet5_1998().network
ROWS = {row.name: row for row in NETWORK.rows()}

PAPER = {
    "C1": (156, (28, 28, 6)),
    "S2": (12, (14, 14, 6)),
    "C3": (1_516, (10, 10, 16)),
    "S4": (32, (5, 5, 16)),
    "C5": (48_120, (1, 1, 120)),
    "F6": (10_164, (84,)),
}
"""Trainable parameters and map sizes as section II.B of the paper gives them."""


@pytest.mark.parametrize("name", PAPER)
def test_layers_have_the_papers_weights_and_sizes(name):
    weights, shape = PAPER[name]
    parts = [row for row in NETWORK.rows() if row.name.split(".")[0] == name]
    assert sum(row.trainable for row in parts) == weights
    assert parts[-1].output_shape == shape


def test_the_papers_sum():
    assert sum(weights for weights, _ in PAPER.values()) == 60_000 == NETWORK.totals.trainable
    assert NETWORK.totals.non_trainable == 84 * 10


def test_the_papers_connections():
    """122,304 and 151,600 connections count each bias once a place."""
    for name, connections in (("C1", 122_304), ("C3", 151_600)):
        biases = math.prod(ROWS[name].output_shape)
        assert ROWS[name].macs + biases == connections


COLUMNS = (
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
)
"""Table I of the paper: a row for each map of S2, a column for each map of C3."""


def test_the_connection_table():
    drawn = [[row[column] == "X" for row in COLUMNS] for column in range(16)]
    assert [[source in row for source in range(6)] for row in TABLE] == drawn
    assert sum(map(len, TABLE)) == 60
    assert len(set(TABLE)) == 16


def slow(variables, x):
    """The whole network in plain NumPy, float64, from the paper's words."""
    w = {
        path: {k: np.asarray(v, np.float64) for k, v in group.items()}
        for path, group in variables["params"].items()
    }

    def squash(a):
        return 1.7159 * np.tanh(2 / 3 * a)

    def convolve(maps, kernels, biases, sources):
        side = maps.shape[0] - 4
        out = np.zeros((side, side, len(sources)))
        for f, (read, kernel) in enumerate(zip(sources, kernels, strict=True)):
            for i, j in np.ndindex(side, side):
                out[i, j, f] = (maps[i : i + 5, j : j + 5, list(read)] * kernel).sum() + biases[f]
        return out

    def subsample(maps, scale, bias):
        summed = maps[::2, ::2] + maps[1::2, ::2] + maps[::2, 1::2] + maps[1::2, 1::2]
        return squash(summed * scale.reshape(-1) / 4 + bias)

    kernel = w["C1"]["kernel"]
    maps = squash(convolve(x, kernel.transpose(3, 0, 1, 2), w["C1"]["bias"], [(0,)] * 6))
    maps = subsample(maps, w["S2.scale"]["kernel"], w["S2.scale"]["bias"])
    ends = np.cumsum([len(row) for row in TABLE])
    kernels = np.split(w["C3"]["kernel"], ends[:-1], axis=2)
    maps = squash(convolve(maps, kernels, w["C3"]["bias"], TABLE))
    maps = subsample(maps, w["S4.scale"]["kernel"], w["S4.scale"]["bias"])
    c5 = squash(np.tensordot(maps, w["C5"]["kernel"], 3) + w["C5"]["bias"])
    f6 = squash(c5 @ w["F6"]["kernel"] + w["F6"]["bias"])
    return np.array([((f6 - code) ** 2).sum() for code in digit_codes()])


@pytest.fixture(scope="module")
def run():
    """Random weights, two pictures, and everything that the network makes of them."""
    rng = np.random.default_rng(0)
    variables = jax.eval_shape(lambda: NETWORK.init(0))
    variables = jax.tree.map(lambda a: rng.normal(0, 0.3, a.shape).astype(np.float32), variables)
    variables["params"]["F6"]["kernel"] *= np.float32(
        0.02
    )  # features near 0, as far from one digit as from another
    variables["state"]["output"]["centers"] = digit_codes().T
    x = rng.uniform(-0.1, 1.175, (2, 32, 32, 1)).astype(np.float32)
    wanted = ("output", "logits", "probabilities")
    record = jax.jit(lambda v, x: NETWORK.apply(v, x, record=wanted).record)(variables, x)
    return variables, x, record


def test_its_arithmetic_is_the_papers(run):
    variables, x, record = run
    distances = [slow(variables, one) for one in x]
    np.testing.assert_allclose(record["output"], distances, rtol=1e-4)
    np.testing.assert_array_equal(record["logits"], -record["output"])


def test_probabilities_are_those_of_the_papers_criterion(run):
    """-log p[d] is equation (9) without its constant class: y[d] + log sum exp(-y)."""
    *_, record = run
    distances = np.asarray(record["output"], np.float64)
    expected = distances + np.log(np.exp(-distances).sum(1, keepdims=True))
    np.testing.assert_allclose(-np.log(record["probabilities"]), expected, rtol=1e-4, atol=1e-4)


def test_small_pictures_are_put_in_the_middle():
    network = applications.lenet5_1998((28, 27, 1)).network
    border = network.rows()[0]
    assert (border.name, border.output_shape) == ("border", (32, 32, 1))
    assert border.layer.padding == ((2, 2), (2, 3))
    assert network.totals.trainable == 60_000


def test_other_classes_have_codes_at_random():
    layer = applications.lenet5_1998(classes=26).get_layer("output")
    assert (layer.codes, layer.trainable) == ("random", False)


def test_only_softmax_fits_distances():
    with pytest.raises(ArgumentError) as caught:
        applications.lenet5_1998(classifier_activation="relu")
    assert str(caught.value) == (
        "classifier_activation: got 'relu'; expected one of 'softmax', None.\n  Choose one of them."
    )


@pytest.mark.slow
def test_the_network_of_1998_reads_digits():
    """Four epochs on the digits, the last 5,000 of them held back; the paper made twenty passes."""
    (x, y), _ = mnist.load_data()
    x = (x[..., None] / 255 * 1.275 - 0.1).astype(np.float32)
    model = applications.lenet5_1998((28, 28, 1))
    model.seed = 0
    optimizer = st.optimizers.SGD(st.schedules.CosineDecay(0.005, 4 * 860), momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:-5000], y[:-5000], batch_size=64, epochs=4, verbose=0, seed=0)
    assert model.evaluate(x[-5000:], y[-5000:], verbose=0)[1] > 0.975
    np.testing.assert_array_equal(model.variables["state"]["output"]["centers"], digit_codes().T)
