"""Attributions equal Captum's on the same weights: a plain and a residual network, every method it has.

Where a relu's argument is as small as rounding, two correct programs have different gradients. So of many
random pictures those are compared that keep furthest from every kink, on their whole way from the baseline.
"""

import jax
import numpy as np
import pytest
from peer_environment import ask

from striate.explain import read
from striate.explain._tracing import trace
from striate.explain.attribution import (
    deconvolution,
    grad_cam,
    gradient,
    guided_backpropagation,
    input_times_gradient,
    integrated_gradients,
    occlusion,
)
from striate.explain.attribution.integrated import quadrature
from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from striate.models import Input, Model, Sequential

pytestmark = pytest.mark.peers
RULES = ("gauss-legendre", "trapezoid", "midpoint", "left", "right")
STEPS, CANDIDATES, KEPT = 10, 48, 3


def plain():
    how = {"padding": "same", "activation": "relu"}
    convolutions = [Conv2D(8, 3, **how), Conv2D(8, 3, **how), MaxPooling2D(2)]
    more = [Conv2D(12, 3, **how), Conv2D(12, 3, **how), MaxPooling2D(2), Flatten()]
    dense = [Dense(20, activation="relu"), Dense(7, activation="softmax")]
    return Sequential([Input((12, 12, 3)), *convolutions, *more, *dense]), "conv4"


def residual():
    def conv(x, name, filters, size=3, strides=1, relu=True):
        x = Conv2D(filters, size, strides=strides, padding=size // 2, name=name)(x)
        x = BatchNormalization(name=f"{name}_norm")(x)
        return Activation("relu")(x) if relu else x

    image = Input((12, 12, 3))
    x = conv(image, "stem", 8)
    x = Activation("relu")(Add()([x, conv(conv(x, "a1", 8), "a2", 8, relu=False)]))
    y = conv(conv(x, "b1", 12, strides=2), "b2", 12, relu=False)
    x = Activation("relu", name="last")(Add()([conv(x, "short", 12, 1, 2, relu=False), y]))
    return Model(image, Dense(7, name="head")(GlobalAveragePooling2D()(x))), "last"


def drawn(model, rng):
    """Weights of which none is 0 or 1, so that every bias, mean and scale is at work."""

    def draw(path, array):
        name = path[-1].key
        if name in ("gamma", "moving_variance"):
            return rng.uniform(0.5, 2, array.shape).astype(np.float32)
        deviation = 0.3 if array.ndim == 1 else (2 / np.prod(array.shape[:-1])) ** 0.5
        return (deviation * rng.normal(size=array.shape)).astype(np.float32)

    return jax.tree_util.tree_map_with_path(draw, model.variables)


def far_from_kinks(model, x, base):
    """The pictures whose smallest distance to a kink, anywhere on the way, is largest."""
    places = np.unique(np.concatenate([quadrature(rule, STEPS)[0] for rule in RULES])).astype(np.float32)
    run = jax.jit(lambda x: trace(model.network.program, model.variables, {model.network.inputs[0].name: x}))
    margins = np.full(len(x), np.inf)
    for place in places:
        values = run(base + place * (x - base)).values
        for path, step in model.network.program.steps.items():
            margins = np.minimum(margins, margin(step, path, values))
    return x[np.argsort(margins)[-KEPT:]]


def margin(step, path, values):
    """(N,) how far a layer is from a kink: relu from 0, a maximum from a tie above 0."""
    if isinstance(step.layer, MaxPooling2D):
        n, h, w, c = values[step.inputs[0]].shape
        windows = np.asarray(values[step.inputs[0]]).reshape(n, h // 2, 2, w // 2, 2, c)
        first, second = np.sort(windows.transpose(0, 1, 3, 5, 2, 4).reshape(n, -1, 4), -1)[..., :1:-1].T
        return np.where(first > 0, first - second, np.inf).min(0)
    alone = isinstance(step.layer, Activation)
    read = values[step.inputs[0]] if alone else values.get(f"{path}/preactivation")
    kinked = getattr(step.layer, "activation", None) == "relu"
    return np.abs(np.asarray(read)).reshape(len(read), -1).min(1) if kinked else np.inf


@pytest.fixture(scope="module", params=[plain, residual])
def both(request, tmp_path_factory):
    """Our reading, the class map's layer, what was asked, and Captum's answers."""
    rng = np.random.default_rng()
    model, layer = request.param()
    model.variables = drawn(model, rng)
    base = rng.normal(size=(12, 12, 3)).astype(np.float32) / 4
    asked = {
        "x": far_from_kinks(model, rng.normal(size=(CANDIDATES, 12, 12, 3)).astype(np.float32), base),
        "base": base,
        "target": rng.integers(0, 7, KEPT),
        "window": np.array([5, 4]),
        "stride": np.array([3, 2]),
    }
    weights = {
        f"{kind}/{path}/{name}": np.asarray(array)
        for kind, layers in model.variables.items()
        for path, some in layers.items()
        for name, array in some.items()
    }
    folder = tmp_path_factory.mktemp("captum")
    answers = ask("captum_side.py", folder, request.param.__name__, **asked, **weights)
    return read(model, asked["x"]), layer, asked, answers


def equal(found, expected):
    """To 1e-4 of the largest value of each picture's map."""
    assert found.shape == expected.shape
    size = np.abs(expected).max(tuple(range(1, expected.ndim)), keepdims=True)
    assert size.min() > 0
    np.testing.assert_allclose(found / size, expected / size, rtol=0, atol=1e-4)


def test_scores(both):
    reading, _, _, answers = both
    equal(np.asarray(reading.scores), answers["scores"])


@pytest.mark.parametrize(
    ("name", "method", "options"),
    [
        ("gradient", gradient, {}),
        ("absolute", gradient, {"absolute": True}),
        ("input-x-gradient", input_times_gradient, {}),
        ("guided-backpropagation", guided_backpropagation, {}),
        ("deconvnet", deconvolution, {}),
    ],
)
def test_gradients(both, name, method, options):
    reading, _, asked, answers = both
    equal(method(reading, asked["target"], **options).values, answers[name])


@pytest.mark.parametrize("rule", RULES)
def test_integrated_gradients(both, rule):
    reading, _, asked, answers = both
    how = {"steps": STEPS, "baseline": asked["base"], "rule": rule}
    theirs = answers[f"integrated-{rule}"]
    if rule == "trapezoid":  # Captum's shares add up to (steps - 1) / steps, ours to 1
        theirs = theirs * STEPS / (STEPS - 1)
    equal(integrated_gradients(reading, asked["target"], **how).values, theirs)


def test_occlusion(both):
    reading, _, asked, answers = both
    how = {name: tuple(asked[name].tolist()) for name in ("window", "stride")}
    found = occlusion(reading, asked["target"], baseline=asked["base"], **how).values
    equal(np.repeat(found[..., None], 3, -1), answers["occlusion"])


@pytest.mark.parametrize(("name", "rectified"), [("grad-cam", False), ("grad-cam-relu", True)])
def test_grad_cam(both, name, rectified):
    reading, layer, asked, answers = both
    found = grad_cam(reading, asked["target"], layer=layer, rectified=rectified).values
    size = np.abs(answers["grad-cam"]).max((1, 2), keepdims=True)
    np.testing.assert_allclose(found[..., None] / size, answers[name] / size, rtol=0, atol=1e-4)


def test_the_layer_chosen_by_itself_is_the_last_map(both):
    reading, layer, asked, _ = both
    assert grad_cam(reading, asked["target"]).layer == layer
