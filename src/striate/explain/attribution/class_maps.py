"""Maps of a class at a layer, weighted by gradients: Grad-CAM, Grad-CAM++, LayerCAM; and CAM without them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate import layers
from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading, score_name
from striate.explain._tracing import trace
from striate.explain.attribution._aim import Aim, Target, aim_at
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._baselines import need_pictures
from striate.explain.attribution._layers import named_layer
from striate.explain.attribution._parts import toward_scores, weights_of
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.network import Network
from striate.network.shapes import Step


def grad_cam(
    reading: Reading, target: Target = None, *, layer: str | None = None, rectified: bool = True
) -> Attribution:
    """The layer's channels, each weighted by its mean gradient.

    A = relu(sum_k w_k a_k), w_k = mean over places of df/da_k

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        layer: whose map; the last map of the network unless given.
        rectified: False keeps what speaks against the class.

    Selvaraju et al., Grad-CAM: visual explanations from deep networks via gradient-based localization, 2017.
    """
    aim, name, values, slopes = _at(reading, target, layer, "grad-cam")
    weighted = (values * slopes.mean((1, 2), keepdims=True)).sum(-1)
    about = f"The channels of {name}, each weighted by the mean gradient of the score there."
    return _map(reading, aim, "grad-cam", name, weighted, about, rectified)


def grad_cam_plus_plus(reading: Reading, target: Target = None, *, layer: str | None = None) -> Attribution:
    """Grad-CAM whose weights count each place of an object, however small it is.

    A = relu(sum_k w_k a_k), w_k = sum over places of g^2 / (2 g^2 + g^3 sum a_k) relu(g), g = df/da_k

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        layer: whose map; the last map of the network unless given.

    Chattopadhyay, Sarkar, Howlader and Balasubramanian, Grad-CAM++, 2018.
    """
    aim, name, values, slopes = _at(reading, target, layer, "grad-cam++")
    square, cube = slopes**2, slopes**3
    under = 2 * square + cube * values.sum((1, 2), keepdims=True)
    shares = np.divide(square, under, out=np.zeros_like(square), where=np.abs(under) > 1e-12)
    weights = (shares * np.maximum(slopes, 0)).sum((1, 2), keepdims=True)
    about = f"The channels of {name}, weighted by their positive gradients, small objects as much as large."
    return _map(reading, aim, "grad-cam++", name, (values * weights).sum(-1), about, rectified=True)


def layer_cam(reading: Reading, target: Target = None, *, layer: str | None = None) -> Attribution:
    """The layer's channels, each place weighted by its own positive gradient; good at early layers too.

    A = relu(sum_k relu(df/da_k) a_k)

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        layer: whose map; the last map of the network unless given.

    Jiang, Zhang, Hou, Cheng and Wei, LayerCAM: exploring hierarchical class activation maps, 2021.
    """
    aim, name, values, slopes = _at(reading, target, layer, "layer-cam")
    about = f"The channels of {name}, each place weighted by its own positive gradient."
    return _map(
        reading, aim, "layer-cam", name, (values * np.maximum(slopes, 0)).sum(-1), about, rectified=True
    )


def class_activation(reading: Reading, target: Target = None) -> Attribution:
    """The last map weighted by the dense layer behind the global average: its mean is the score less bias.

    A = sum_k a_k w_{k, class}

    Args:
        reading: a model with pictures in it. target: as for `attribute`.

    Raises:
        ArgumentError: the network does not end in global average pooling and a dense layer.

    Zhou, Khosla, Lapedriza, Oliva and Torralba, Learning deep features for discriminative localization, 2016.
    """
    need_pictures(reading, "cam")
    name, dense = _average_and_dense(reading.network)
    aim, kernel = aim_at(reading, target), np.asarray(weights_of(reading.variables, dense.owner)["kernel"])
    values, _ = _values_and_slopes(reading, aim, name)
    weighted = (values * (np.asarray(aim.weights) @ kernel.T)[:, None, None]).sum(-1)
    about = (
        f"The channels of {name}, weighted by {dense.owner}; the map's mean is the score but for the bias."
    )
    return _map(reading, aim, "cam", name, weighted, about, rectified=False)


def _at(
    reading: Reading, target: Target, layer: str | None, method: str
) -> tuple[Aim, str, np.ndarray, np.ndarray]:
    """The aim, the layer's name, its values (N, h, w, K) and the score's gradient for them."""
    need_pictures(reading, method)
    name = named_layer(reading.network, layer)
    aim = aim_at(reading, target)
    return aim, name, *_values_and_slopes(reading, aim, name)


def _values_and_slopes(reading: Reading, aim: Aim, name: str) -> tuple[np.ndarray, np.ndarray]:
    program = slopes_at(reading.network, name)

    def both(inputs: Mapping[str, jax.Array], weights: jax.Array) -> tuple[jax.Array, jax.Array]:
        return program(reading.variables, inputs, weights)

    values, slopes = by_rows(both, rows_at_once(reading.network), reading.inputs, aim.weights)
    return np.asarray(values), np.asarray(slopes)


@lru_cache(maxsize=32)
def slopes_at(network: Network, name: str) -> Any:
    """(variables, inputs, aim's weights) -> a value of the network and the aimed scores' gradient for it."""
    program = toward_scores(network)

    def both(
        variables: Mapping[str, Any], inputs: Mapping[str, jax.Array], weights: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        def total(nudge: jax.Array) -> tuple[jax.Array, jax.Array]:
            values = trace(program, variables, inputs, nudges={name: nudge}).values
            return (values[program.outputs[0]] * weights).sum(), values[name]

        shape = (len(weights), *(program.steps[name].shape or ()))
        slopes, values = jax.grad(total, has_aux=True)(jnp.zeros(shape, jnp.float32))
        return values, slopes

    return jax.jit(both)


def _map(
    reading: Reading, aim: Aim, method: str, name: str, values: np.ndarray, about: str, rectified: bool
) -> Attribution:
    shown = np.maximum(values, 0) if rectified else values
    return Attribution(method, shown, aim, reading, about, layer=name, signed=not rectified)


def _average_and_dense(network: Network) -> tuple[str, Step]:
    """The name of the map before the global average, and the dense layer behind it."""
    program = toward_scores(network)
    dense = program.steps[score_name(network)]
    step, passed = dense, (layers.Dropout, layers.Flatten, layers.Identity)
    if type(dense.layer) is layers.Dense:
        step = program.steps.get(dense.inputs[0], dense)
        while isinstance(step.layer, passed):
            step = program.steps.get(step.inputs[0], dense)
        if type(step.layer) is layers.GlobalAveragePooling2D and step.inputs[0] in program.steps:
            return step.inputs[0], dense
    happened = f"the scores come from {dense.owner}, which reads {step.path}"
    expected = "a network that ends in GlobalAveragePooling2D and one Dense layer"
    raise ArgumentError(
        Problem("cam", happened, expected, "Use grad-cam, which any convolutional network has.")
    )
