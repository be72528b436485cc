"""Keras' own applications rebuilt from the files that Keras writes of them, with the same logits."""

import math

import jax
import numpy as np
import pytest
from test_exchange_keras import answer
from test_exchange_layouts import assert_same

from striate.formats import exchange
from striate.formats.foreign import ForeignTensors, read_tensors

keras = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]

CASES = {
    "ResNet50": 64,
    "ResNet50V2": 64,
    "VGG16": 32,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "DenseNet121": 64,
    "Xception": 75,
    "InceptionV3": 80,
    "EfficientNetB0": 64,
    "NASNetMobile": 64,
}
"""Sides of the pictures."""


def redraw(layer, rng):
    """Kernels that keep the size of a signal, statistics and biases that matter."""
    alone = isinstance(layer, keras.layers.DepthwiseConv2D)
    for weight in layer.weights:
        if weight.name in ("moving_mean", "beta", "bias"):
            weight.assign(rng.normal(0, 0.1, weight.shape))
        if "kernel" in weight.name:
            own = alone or weight.name.startswith("depthwise")
            fan = math.prod(weight.shape[:-2] if own else weight.shape[:-1])
            weight.assign(rng.normal(0, math.sqrt(2 / fan), weight.shape))


@pytest.mark.parametrize("name", CASES)
def test_an_application_of_keras_is_rebuilt_with_the_same_logits(name, tmp_path):
    shape = (CASES[name], CASES[name], 3)
    options = {"input_shape": shape, "classes": 10, "classifier_activation": None}
    model = getattr(keras.applications, name)(weights=None, **options)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        redraw(layer, rng)
    model.save(tmp_path / "a.keras")
    found = read_tensors(tmp_path / "a.keras")
    built = exchange.rebuild(found)
    network = built.network
    variables = exchange.into_variables(network, found, ignore=built.ignore)
    x = rng.uniform(0, 255, (2, *shape)).astype(np.float32)
    expected = answer(model, x)
    ours = np.asarray(jax.jit(lambda v, x: network.apply(v, x).output)(variables, x))
    assert np.abs(expected[0] - expected[1]).max() > 1e-3 * np.abs(expected).max()  # the pictures matter
    assert np.abs(ours - expected).max() <= 1e-4 * np.abs(expected).max()
    numbers = ForeignTensors(found.kind, found.tensors, {})
    mapped = exchange.map_tensors(network, numbers, ignore=built.ignore)
    assert mapped.convention == "keras3"
    assert_same(mapped.variables, variables)
