"""A model with one batch in it: the one door through which every explanation looks at a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import DataError, Problem
from striate.explain._tracing import trace
from striate.layers import Activation, Softmax
from striate.models import Model
from striate.network import Network
from striate.pages import grey
from striate.training._scaling import has_scaling_layer

SQUASHING = ("softmax", "sigmoid")
"""Activations that turn scores into probabilities; explanations of an answer begin at their argument."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A network, its weights, and a batch as the network sees it.

    Args:
        network, variables: the model's. inputs: {input name: (N, ...) float32}, scaled.
        given: (N, H, W, C) the first input as it was given, for showing.
        class_names: of the outputs in order, or None.
    """

    network: Network
    variables: Mapping[str, Any]
    inputs: dict[str, jax.Array]
    given: np.ndarray
    class_names: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        """The network and the number of examples, and no arrays."""
        return f"<Reading of {self.network.name}: {len(self.given)} examples>"

    @cached_property
    def values(self) -> dict[str, jax.Array]:
        """Every number of the forward pass, {name: (N, ...) array}, as `apply(record=True)` has it."""
        return tracer(self.network)(self.variables, self.inputs)

    @property
    def x(self) -> jax.Array:
        """(N, ...) the first input, scaled."""
        return next(iter(self.inputs.values()))

    @property
    def output(self) -> jax.Array:
        """(N, ...) the first output."""
        return self.values[self.network.program.outputs[0]]

    @property
    def scores(self) -> jax.Array:
        """(N, ...) the first output before its softmax or sigmoid, where explanations begin."""
        return self.values[score_name(self.network)]

    def picture(self, index: int = 0) -> np.ndarray:
        """(H, W, 3) uint8: one of the pictures, for showing."""
        pixels = self.given[index]
        if pixels.dtype == np.uint8:
            return grey(pixels, 0, 255)
        return grey(pixels)

    def class_name(self, number: int) -> str:
        """The name of a class, or its number."""
        return str(number) if self.class_names is None else self.class_names[number]


def read(model: Model, x: Any) -> Reading:
    """Put a batch into a model.

    Args:
        model: the model. x: (N, ...) array, one example without its batch axis, or for several inputs a tuple
            or a dict; raw uint8 pictures are scaled as the model was trained to.

    Raises:
        DataError: raw pictures that nobody scales.
        ShapeError: x does not fit the network.
    """
    network = model.network
    arrays = [np.asarray(a) for a in (x.values() if isinstance(x, Mapping) else _several(network, x))]
    whole = [_with_batch(a, spec.shape) for a, spec in zip(arrays, network.inputs, strict=True)]
    scaled = [_scaled(model, a) for a in whole]
    names = list(x) if isinstance(x, Mapping) else [spec.name for spec in network.inputs]
    inputs = network.read_inputs(dict(zip(names, scaled, strict=True)))
    return Reading(network, model.variables, inputs, whole[0], model.class_names)


@lru_cache(maxsize=16)
def tracer(network: Network) -> Any:
    """(variables, inputs) -> {name: array} of one forward pass, compiled; equal networks share it."""
    return jax.jit(lambda variables, inputs: trace(network.program, variables, inputs).values)


def score_name(network: Network) -> str:
    """The name of the scores: what the softmax or sigmoid at the end of the first output reads.

    >>> from striate.applications import mnist_convnet
    >>> score_name(mnist_convnet().network)
    'dense2/preactivation'
    """
    path = network.program.outputs[0]
    step = network.program.steps[path]
    layer: Any = step.layer
    if isinstance(layer, Softmax) or (isinstance(layer, Activation) and layer.activation in SQUASHING):
        return step.inputs[0]
    return f"{path}/preactivation" if getattr(layer, "activation", None) in SQUASHING else path


def _several(network: Network, x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple | list) and len(network.inputs) > 1 else [x]


def _with_batch(array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """One example gets its batch axis, and a grey picture its channel axis."""
    wanted = () if shape is None else tuple(shape)
    if array.shape in (wanted, wanted[:-1]) and wanted:
        array = array[None]
    return array[..., None] if array.ndim == len(wanted) and wanted[-1:] == (1,) else array


def _scaled(model: Model, array: np.ndarray) -> jax.Array:
    """Floats as they are, raw pictures as the model wants them."""
    if np.issubdtype(array.dtype, np.floating):
        return jnp.asarray(array, jnp.float32)
    if model.preprocessing is not None:
        return model.preprocessing.scale_pixels(array)
    if not has_scaling_layer(model.network):
        happened = f"the array holds {array.dtype} numbers, and the model does not scale them"
        cure = "Scale them as in training, for instance x / 255, or set model.preprocessing."
        raise DataError(Problem("x", happened, "floating-point numbers", cure))
    return jnp.asarray(array, jnp.float32)
