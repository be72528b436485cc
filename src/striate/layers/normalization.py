"""Normalization by the statistics of a batch, and by the neighbouring channels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate import ops
from striate.layers._base import Result, Shape, Weight
from striate.layers._pointwise import Pointwise, axis_rule, example_axis
from striate.layers._rule_kinds import flag, number, whole
from striate.layers._rules import Rule
from striate.layers._shapes import single
from striate.layers.initializers import INITIALIZER
from striate.layers.regularizers import REGULARIZER

_EPSILON = number("Give a small number such as 0.001.", minimum=0.0)


@dataclass(frozen=True, repr=False)
class BatchNormalization(Pointwise):
    """Brings every channel to mean beta and deviation gamma.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta

    While training, mean and variance are those of the batch, and the new moving averages, momentum * moving +
    (1 - momentum) * batch, come back in `Result.state`. Otherwise the moving averages are used.

    Args:
        axis: the axis of the channels, counted with the batch axis.
        momentum: how slowly the moving averages follow.
        epsilon: keeps the root away from 0.
        center, scale: whether there are beta and gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: how the
            weights start.
        beta_regularizer, gamma_regularizer: what the loss adds for them.

    >>> {name: weight.trainable for name, weight in BatchNormalization().weights((7, 7, 16)).items()}
    {'gamma': True, 'beta': True, 'moving_mean': False, 'moving_variance': False}

    As in Keras, `trainable=False` makes it use (and keep) its moving averages even while training. Momentum
    0.99 is PyTorch's 0.01; the moving variance is the biased one, where PyTorch keeps the unbiased one.

    Ioffe and Szegedy, Batch normalization, 2015.
    """

    KIND: ClassVar[str] = "norm"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "axis": axis_rule(),
        "momentum": number("Give a number such as 0.99.", minimum=0.0, maximum=1.0),
        "epsilon": _EPSILON,
        "center": flag("Write center=False to leave beta out."),
        "scale": flag("Write scale=False to leave gamma out."),
        **{
            f"{name}_initializer": INITIALIZER for name in ("beta", "gamma", "moving_mean", "moving_variance")
        },
        **{f"{name}_regularizer": REGULARIZER for name in ("beta", "gamma")},
    }

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    moving_mean_initializer: Any = "zeros"
    moving_variance_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape = single(self, inputs)
        example_axis(self, shape, self.axis)
        return shape

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """gamma, beta, moving_mean and moving_variance, one number for each channel."""
        shape = single(self, inputs)
        channels = (shape[example_axis(self, shape, self.axis)],)
        declared = {}
        if self.scale:
            declared["gamma"] = Weight(channels, self.gamma_initializer, True, self.gamma_regularizer)
        if self.center:
            declared["beta"] = Weight(channels, self.beta_initializer, True, self.beta_regularizer)
        declared["moving_mean"] = Weight(channels, self.moving_mean_initializer, False)
        declared["moving_variance"] = Weight(channels, self.moving_variance_initializer, False)
        return declared

    def macs(self, *inputs: Shape) -> int:
        """One for each number, mean and deviation being folded into scale and shift."""
        return math.prod(single(self, inputs))

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        if train and self.trainable:
            return self.by_batch(weights, inputs[0])
        x = jnp.moveaxis(inputs[0], self.axis, -1)
        mean, variance = weights["moving_mean"], weights["moving_variance"]
        y = ops.batch_norm(x, mean, variance, weights.get("gamma"), weights.get("beta"), self.epsilon)
        return Result(jnp.moveaxis(y, -1, self.axis), {})

    def by_batch(self, weights: Mapping[str, jax.Array], inputs: jax.Array, relu: bool = False) -> Result:
        """By the statistics of the batch, and perhaps with relu; the moving averages move."""
        x = jnp.moveaxis(inputs, self.axis, -1)
        gamma, beta = weights.get("gamma"), weights.get("beta")
        y, mean, variance = ops.normalize_batch(x, gamma, beta, self.epsilon, relu)
        state = {
            "moving_mean": self._moved(weights["moving_mean"], mean),
            "moving_variance": self._moved(weights["moving_variance"], variance),
        }
        return Result(jnp.moveaxis(y, -1, self.axis), state)

    def _moved(self, moving: jax.Array, batch: jax.Array) -> jax.Array:
        """The moving average after this batch, which no gradient reaches."""
        batch = jax.lax.stop_gradient(batch).astype(moving.dtype)
        return self.momentum * moving + (1 - self.momentum) * batch


@dataclass(frozen=True, repr=False)
class LocalResponseNormalization(Pointwise):
    """Divides each number by the activity of its neighbours.

    y[c] = x[c] / (k + alpha sum_{c' near c} x[c']^2)^beta

    Args:
        size: how many neighbouring channels count, itself included.
        alpha, beta, k: the constants of the equation, AlexNet's by default.

    >>> LocalResponseNormalization().output_shape((55, 55, 96))
    (55, 55, 96)

    PyTorch divides alpha by size; TensorFlow counts `depth_radius` channels to each side.
    Keras has no such layer.

    Krizhevsky et al., ImageNet classification with deep convolutional neural networks, 2012.
    """

    KIND: ClassVar[str] = "lrn"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "size": whole("Give how many channels count, such as 5."),
        "alpha": number("Give a number such as 1e-4.", minimum=0.0),
        "beta": number("Give a number such as 0.75.", minimum=0.0),
        "k": number("Give a positive number such as 2.", minimum=1e-12),
    }

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0

    def macs(self, *inputs: Shape) -> int:
        """One for each neighbour of each number."""
        return math.prod(single(self, inputs)) * self.size

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C)."""
        (x,) = inputs
        return Result(ops.local_response_norm(x, self.size, self.alpha, self.beta, self.k))
