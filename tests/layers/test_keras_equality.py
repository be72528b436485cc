"""Values, gradients and parameter counts equal to Keras 3 on its JAX backend, over a product of options."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import striate.layers as layers

keras = pytest.importorskip("keras")

ROW, IMAGE = (7, 4), (6, 5, 4)
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def product(**choices):
    """Every combination of the choices, as keyword arguments."""
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


STEPS = [{}, {"strides": 2}, {"dilation_rate": 2}]
ENDS = [{"activation": "relu"}, {"activation": "tanh", "use_bias": False}]
PADDING = [{"padding": "valid"}, {"padding": "same"}]


def options(*groups):
    """Every combination of one set of arguments from each group."""
    return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*groups)]


CONV = [{"filters": 4, "kernel_size": 3}]
POOL = [{"pool_size": 2}, {"pool_size": 3, "strides": 2}, {"pool_size": 3, "strides": 1}]
STRETCH = [{}, {"strides": 2}, {"strides": 3, "output_padding": 1}, {"strides": 2, "kernel_size": 1}]

CASES = {
    "Conv1D": (ROW, options(CONV, STEPS, PADDING, [{"groups": 1}, {"groups": 2}])),
    "Conv2D": (IMAGE, options(CONV, STEPS, PADDING, [{"groups": 1}, {"groups": 2}], ENDS)),
    "DepthwiseConv1D": (ROW, options([{"kernel_size": 3}], STEPS, PADDING)),
    "DepthwiseConv2D": (
        IMAGE,
        options([{"kernel_size": 3}], STEPS, PADDING, product(depth_multiplier=[1, 2])),
    ),
    "SeparableConv1D": (ROW, options(CONV, STEPS, PADDING)),
    "SeparableConv2D": (IMAGE, options(CONV, STEPS, PADDING, product(depth_multiplier=[1, 2]))),
    "Conv1DTranspose": (ROW, options(CONV, STRETCH, PADDING)),
    "Conv2DTranspose": (IMAGE, options(CONV, [*STRETCH, {"dilation_rate": 2}], PADDING, ENDS[:1])),
    "Dense": ((6,), options([{"units": 3}], ENDS)),
    "MaxPooling1D": (ROW, options(POOL, PADDING)),
    "MaxPooling2D": (IMAGE, options(POOL, PADDING)),
    "AveragePooling1D": (ROW, options(POOL, PADDING)),
    "AveragePooling2D": (IMAGE, options(POOL, PADDING)),
    "GlobalMaxPooling1D": (ROW, product(keepdims=[False, True])),
    "GlobalMaxPooling2D": (IMAGE, product(keepdims=[False, True])),
    "GlobalAveragePooling1D": (ROW, product(keepdims=[False, True])),
    "GlobalAveragePooling2D": (IMAGE, product(keepdims=[False, True])),
    "Flatten": (IMAGE, [{}]),
    "Reshape": (IMAGE, product(target_shape=[(12, 10), (2, -1, 5)])),
    "Permute": (IMAGE, product(dims=[(2, 1, 3), (3, 1, 2)])),
    "RepeatVector": ((4,), [{"n": 3}]),
    "ZeroPadding1D": (ROW, [{}, {"padding": (1, 2)}]),
    "ZeroPadding2D": (IMAGE, product(padding=[1, (1, 2), ((0, 1), (2, 3))])),
    "Cropping1D": (ROW, [{}, {"cropping": (1, 2)}]),
    "Cropping2D": (IMAGE, product(cropping=[1, (1, 2), ((0, 1), (2, 1))])),
    "UpSampling1D": (ROW, product(size=[2, 3])),
    "UpSampling2D": (IMAGE, product(size=[2, (3, 1)], interpolation=["nearest", "bilinear"])),
    "LeakyReLU": (ROW, [{}, {"negative_slope": 0.1}]),
    "ELU": (ROW, [{}, {"alpha": 0.5}]),
    "PReLU": (IMAGE, [{}, {"shared_axes": (1, 2)}]),
    "ReLU": (ROW, [{}, {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.3}]),
    "Softmax": (IMAGE, product(axis=[-1, 1])),
    "Activation": (
        ROW,
        product(
            activation=["linear", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu"]
        )
        + product(activation=["log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax"])
        + product(activation=["softplus", "softsign", "swish", "tanh"]),
    ),
    "Rescaling": (IMAGE, product(scale=[0.5, [1.0, 2.0, 3.0, 4.0]], offset=[0.0, -1.0])),
    "Normalization": (
        IMAGE,
        [
            {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [4.0, 3.0, 2.0, 0.0]},
            {"axis": None, "mean": 0.5, "variance": 2.0, "invert": True},
            {"axis": 1, "mean": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "variance": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]},
        ],
    ),
}
ALL = [(name, shape, arguments) for name, (shape, cases) in CASES.items() for arguments in cases]


def draw(rng, shape):
    return jnp.asarray(rng.normal(size=shape).astype(np.float32))


def cotangent(shape):
    """A direction for the gradient that treats every number of the output differently."""
    return np.cos(np.arange(np.prod(shape), dtype=np.float32) * 1.7).reshape(shape)


def compiled(function, *arguments):
    """Run it as one program, built in the quickest way: thousands of small ones would take much longer."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})(*arguments)


def both_ways(name, arguments, shapes, seed):
    """[ours, theirs]: the output, the gradients of the weights and of the inputs."""
    rng = np.random.default_rng(seed)
    inputs = [draw(rng, (2, *shape)) for shape in shapes]
    mine, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    theirs.build([(None, *shape) for shape in shapes] if len(shapes) > 1 else (None, *shapes[0]))
    declared = mine.weights(*shapes)
    assert [tuple(v.shape) for v in theirs.trainable_variables] == [
        weight.shape for weight in declared.values() if weight.trainable
    ]
    assert [v.name for v in theirs.variables] == list(declared)
    assert theirs.count_params() == sum(np.prod(weight.shape) for weight in declared.values())

    def run_mine(values, xs):
        return mine.forward(dict(zip(declared, values, strict=True)), *xs).output

    def run_theirs(values, xs):
        return theirs.stateless_call(values, [], xs if len(xs) > 1 else xs[0])[0]

    def all_of(run, values, xs):
        output, back = jax.vjp(run, values, xs)
        return output, back(jnp.asarray(cotangent(output.shape)))

    weights = [draw(rng, weight.shape) for weight in declared.values()]
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        return compiled(
            lambda values, xs: [all_of(run, values, xs) for run in (run_mine, run_theirs)], weights, inputs
        )


def check(found):
    """Outputs and gradients equal, one by one."""
    mine, theirs = (jax.tree.leaves(part) for part in found)
    assert len(mine) == len(theirs)
    for ours, keras_array in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(ours, keras_array, **TOLERANCE)


@pytest.mark.parametrize(("name", "shape", "arguments"), ALL, ids=str)
def test_equal_to_keras(name, shape, arguments):
    check(both_ways(name, arguments, (shape,), len(str(arguments))))


@pytest.mark.parametrize(
    "name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
)
def test_merging_is_equal_to_keras(name):
    check(both_ways(name, {}, ((3, 2, 4), (3, 2, 4)), 5))


def test_merging_repeats_axes_of_size_one_like_keras():
    check(both_ways("Multiply", {}, ((3, 2, 4), (1, 1, 4)), 6))


def test_concatenation_along_an_axis_is_equal_to_keras():
    check(both_ways("Concatenate", {"axis": 1}, ((3, 2, 4), (2, 2, 4), (1, 2, 4)), 7))


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"axis": 1, "momentum": 0.8}, {"center": False, "scale": False}])
def test_batch_normalization_is_equal_to_keras(arguments, train):
    rng = np.random.default_rng(11)
    x = draw(rng, (4, *IMAGE)) * 3 + 1
    mine, theirs = layers.BatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)
    theirs.build((None, *IMAGE))
    weights = {name: jnp.abs(draw(rng, weight.shape)) for name, weight in mine.weights(IMAGE).items()}
    assert [v.name for v in theirs.variables] == list(weights)
    trained = [value for name, value in weights.items() if not name.startswith("moving")]
    kept = [value for name, value in weights.items() if name.startswith("moving")]

    def run_mine(trained, x):
        values = dict(zip(weights, [*trained, *kept], strict=True))
        result = mine.forward(values, x, train=train)
        moved = {**values, **result.state}
        return result.output, [moved["moving_mean"], moved["moving_variance"]]

    def run_theirs(trained, x):
        return theirs.stateless_call(trained, kept, x, training=train)

    check(compiled(lambda *a: [_with_gradients(run, *a) for run in (run_mine, run_theirs)], trained, x))


def _with_gradients(run, trained, x):
    output, back, state = jax.vjp(run, trained, x, has_aux=True)
    return output, state, back(jnp.asarray(cotangent(output.shape)))


def test_a_frozen_batch_normalization_uses_its_moving_averages():
    rng = np.random.default_rng(12)
    x = draw(rng, (4, *IMAGE))
    layer = layers.BatchNormalization(trainable=False)
    weights = {name: jnp.abs(draw(rng, weight.shape)) for name, weight in layer.weights(IMAGE).items()}
    training, predicting = (layer.forward(weights, x, train=train) for train in (True, False))
    np.testing.assert_array_equal(training.output, predicting.output)
    assert dict(training.state) == {}


@pytest.mark.parametrize("axis", [-1, 1, None])
def test_adapted_normalization_is_equal_to_keras(axis):
    data = np.random.default_rng(3).normal(2, 3, (50, 3, 4)).astype(np.float32)
    mine, theirs = layers.Normalization(axis=axis).adapt(data), keras.layers.Normalization(axis=axis)
    theirs.adapt(data)
    output = mine.forward({}, jnp.asarray(data[:2])).output
    np.testing.assert_allclose(output, theirs(data[:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2"])
def test_regularizers_are_equal_to_keras(name):
    w = np.random.default_rng(5).normal(size=(3, 4)).astype(np.float32)
    arguments = {"l1": 0.3, "l2": 0.2} if name == "L1L2" else {name.lower(): 0.3}
    mine = getattr(layers.regularizers, name)(**arguments)
    theirs = getattr(keras.regularizers, name)(**arguments)
    np.testing.assert_allclose(mine.penalty(jnp.asarray(w)), theirs(w), rtol=1e-6)
