"""A network run in NumPy float64, step by step: something independent to hold attributions against."""

import numpy as np

from striate import layers
from striate.ops.geometry import resolve_padding


def numpy_run(network, variables, given):
    """{name: (N, ...) float64} of every step; a name in `given` keeps what is given there."""
    values = {name: np.asarray(array, np.float64) for name, array in given.items()}
    for path, step in network.program.steps.items():
        if path in values:
            continue
        weights = {
            name: np.asarray(array, np.float64)
            for kind in ("params", "state")
            for name, array in variables.get(kind, {}).get(step.owner, {}).items()
        }
        before = f"{path}/preactivation"
        activation = getattr(step.layer, "activation", None)
        if before not in values:
            made = MADE[type(step.layer)](step.layer, weights, *(values[name] for name in step.inputs))
            values[path if activation is None or type(step.layer) is layers.Activation else before] = made
        if path not in values:
            values[path] = activate(activation, values[before])
    return values


def scores(network, variables, given):
    """(N, K) what the softmax or sigmoid reads."""
    values, end = numpy_run(network, variables, given), network.program.outputs[0]
    return values.get(f"{end}/preactivation", values[end])


def activate(name, z):
    if name == "softmax":
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)
    return {"relu": np.maximum(z, 0), "sigmoid": 1 / (1 + np.exp(-z))}[name]


def convolve(layer, weights, x):
    kernel, taps = weights["kernel"], weights["kernel"].shape[:2]
    pads = resolve_padding(layer.padding, x.shape[1:3], taps, layer.strides)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), *pads, (0, 0))), taps, (1, 2))
    windows = windows[:, :: layer.strides[0], :: layer.strides[1]]
    return np.einsum("nijcuv,uvcf->nijf", windows, kernel) + weights.get("bias", 0.0)


def pool(layer, _, x):
    (kh, kw), (n, h, w, c) = layer.pool_size, x.shape
    return x[:, : h // kh * kh, : w // kw * kw].reshape(n, h // kh, kh, w // kw, kw, c).max((2, 4))


def norm(layer, weights, x):
    scaled = (x - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + layer.epsilon)
    return scaled * weights["gamma"] + weights["beta"]


MADE = {
    layers.Conv2D: convolve,
    layers.MaxPooling2D: pool,
    layers.BatchNormalization: norm,
    layers.Dense: lambda _, weights, x: x @ weights["kernel"] + weights.get("bias", 0.0),
    layers.Flatten: lambda _, __, x: x.reshape(len(x), -1),
    layers.ReLU: lambda _, __, x: np.maximum(x, 0),
    layers.Activation: lambda layer, _, x: activate(layer.activation, x),
    layers.Add: lambda _, __, *x: sum(x),
    layers.Concatenate: lambda _, __, *x: np.concatenate(x, -1),
    layers.GlobalAveragePooling2D: lambda _, __, x: x.mean((1, 2)),
}


def aimed(reading, weights, x):
    """(N,) the aimed scores of other pictures x."""
    given = {reading.network.inputs[0].name: x}
    return (scores(reading.network, reading.variables, given) * np.asarray(weights, np.float64)).sum(1)


def difference_quotient(function, x, step=1e-5):
    """The slope of (N,) = function(x) for every number of x, by central differences: all examples at once."""
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape[1:]):
        moved = np.zeros(x.shape)
        moved[(slice(None), *place)] = step
        slopes[(slice(None), *place)] = (function(x + moved) - function(x - moved)) / (2 * step)
    return slopes
