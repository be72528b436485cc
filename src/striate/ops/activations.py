"""Activation functions by their Keras names; each works on arrays of any shape and keeps their type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp

from striate.ops._arguments import floats


def linear(x: jax.typing.ArrayLike) -> jax.Array:
    """x itself.

    >>> linear(-2.0).item()
    -2.0
    """
    return floats(x, "linear")


def relu(
    x: jax.typing.ArrayLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> jax.Array:
    """max(x, 0), with derivative 0 at 0 and below; NaN stays NaN.

    In general: max_value if x >= max_value, x if x > threshold, else negative_slope * (x - threshold).

    Args:
        x: (...) values.
        negative_slope: the slope below the threshold.
        max_value: the ceiling, or None.
        threshold: below it x counts as off.

    >>> relu(jax.numpy.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    """
    values = floats(x, "relu")
    below = negative_slope * (values - threshold) if negative_slope else jnp.zeros_like(values)
    y = jnp.where(values <= threshold, below, values)
    return y if max_value is None else jnp.where(y >= max_value, jnp.asarray(max_value, y.dtype), y)


def relu6(x: jax.typing.ArrayLike) -> jax.Array:
    """min(max(x, 0), 6).

    >>> relu6(jax.numpy.array([-1.0, 2.0, 9.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return relu(floats(x, "relu6"), max_value=6.0)


def leaky_relu(x: jax.typing.ArrayLike, negative_slope: float = 0.2) -> jax.Array:
    """x above 0, negative_slope * x below (Maas and others, 2013). Keras' layer has 0.3; PyTorch has 0.01.

    >>> leaky_relu(-2.0, 0.5).item()
    -1.0
    """
    return jax.nn.leaky_relu(floats(x, "leaky_relu"), negative_slope)


def elu(x: jax.typing.ArrayLike, alpha: float = 1.0) -> jax.Array:
    """x above 0, alpha (exp(x) - 1) below (Clevert and others, 2015).

    >>> elu(3.0).item()
    3.0
    """
    return jax.nn.elu(floats(x, "elu"), alpha)


def selu(x: jax.typing.ArrayLike) -> jax.Array:
    """scale * elu(x, alpha) with the constants that keep mean 0 and variance 1 (Klambauer and others, 2017).

    >>> round(selu(1.0).item(), 4)
    1.0507
    """
    return jax.nn.selu(floats(x, "selu"))


def gelu(x: jax.typing.ArrayLike, approximate: bool = False) -> jax.Array:
    """x times the normal distribution function at x; `approximate` uses tanh (Hendrycks and Gimpel, 2016).

    >>> round(gelu(1.0).item(), 4)
    0.8413
    """
    return jax.nn.gelu(floats(x, "gelu"), approximate=approximate)


def silu(x: jax.typing.ArrayLike) -> jax.Array:
    """x * sigmoid(x), also called swish.

    >>> silu(0.0).item()
    0.0
    """
    return jax.nn.silu(floats(x, "silu"))


def sigmoid(x: jax.typing.ArrayLike) -> jax.Array:
    """1 / (1 + exp(-x)).

    >>> sigmoid(0.0).item()
    0.5
    """
    return jax.nn.sigmoid(floats(x, "sigmoid"))


def hard_sigmoid(x: jax.typing.ArrayLike) -> jax.Array:
    """x / 6 + 1/2 between -3 and 3, then 0 and 1 (Keras 3; Keras 2 had 0.2 x + 0.5).

    >>> hard_sigmoid(3.0).item()
    1.0
    """
    return jax.nn.hard_sigmoid(floats(x, "hard_sigmoid"))


def hard_silu(x: jax.typing.ArrayLike) -> jax.Array:
    """x * hard_sigmoid(x), also called hard swish (Howard and others, 2019).

    >>> hard_silu(4.0).item()
    4.0
    """
    return jax.nn.hard_silu(floats(x, "hard_silu"))


def tanh(x: jax.typing.ArrayLike) -> jax.Array:
    """The hyperbolic tangent.

    >>> tanh(0.0).item()
    0.0
    """
    return jnp.tanh(floats(x, "tanh"))


def softplus(x: jax.typing.ArrayLike) -> jax.Array:
    """log(1 + exp(x)), without overflow.

    >>> softplus(1000.0).item()
    1000.0
    """
    return jax.nn.softplus(floats(x, "softplus"))


def softsign(x: jax.typing.ArrayLike) -> jax.Array:
    """x / (1 + |x|).

    >>> softsign(1.0).item()
    0.5
    """
    return jax.nn.soft_sign(floats(x, "softsign"))


def exponential(x: jax.typing.ArrayLike) -> jax.Array:
    """exp(x).

    >>> exponential(0.0).item()
    1.0
    """
    return jnp.exp(floats(x, "exponential"))


def mish(x: jax.typing.ArrayLike) -> jax.Array:
    """x * tanh(softplus(x)) (Misra, 2019).

    >>> mish(0.0).item()
    0.0
    """
    return jax.nn.mish(floats(x, "mish"))


def softmax(x: jax.typing.ArrayLike, axis: int = -1) -> jax.Array:
    """exp(x) / sum exp(x) along `axis`: positive numbers that add up to 1; the largest is subtracted first.

    >>> softmax(jax.numpy.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    return jax.nn.softmax(floats(x, "softmax"), axis=axis)


def log_softmax(x: jax.typing.ArrayLike, axis: int = -1) -> jax.Array:
    """x - log sum exp(x) along `axis`, without overflow.

    >>> round(log_softmax(jax.numpy.array([1000.0, 1000.0]))[0].item(), 4)
    -0.6931
    """
    return jax.nn.log_softmax(floats(x, "log_softmax"), axis=axis)


_NAMED = (
    *(linear, relu, relu6, leaky_relu, elu, selu, gelu, silu, sigmoid, hard_sigmoid, hard_silu),
    *(tanh, softplus, softsign, exponential, mish, softmax, log_softmax),
)

ACTIVATIONS: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {function.__name__: function for function in _NAMED} | {"swish": silu, "hard_swish": hard_silu}
)
"""Every activation by its Keras name; "swish" and "hard_swish" are second names."""
