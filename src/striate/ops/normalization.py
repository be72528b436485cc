"""Normalization: by the statistics of a batch, and by the neighbours of a channel."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from striate.errors import Problem, ShapeError
from striate.ops._arguments import floats, per_channel, widened
from striate.ops.geometry import as_tuple


def batch_moments(x: jax.typing.ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Mean and (biased) variance of each channel over every other axis.

    Args:
        x: (N, ..., C).

    Returns:
        mean (C,), variance (C,); of float32 when x is of a shorter type, so that sums keep their digits.

    >>> import jax.numpy as jnp
    >>> [m.tolist() for m in batch_moments(jnp.array([[1.0], [3.0]]))]
    [[2.0], [1.0]]
    """
    values = floats(x, "batch_moments")
    wide = widened(values)
    axes = tuple(range(wide.ndim - 1))
    mean = jnp.mean(wide, axes)
    return mean, jnp.mean(jnp.square(wide - per_channel(mean, wide.ndim)), axes)


def batch_norm(
    x: jax.typing.ArrayLike,
    mean: jax.typing.ArrayLike,
    variance: jax.typing.ArrayLike,
    gamma: jax.typing.ArrayLike | None = None,
    beta: jax.typing.ArrayLike | None = None,
    epsilon: float = 1e-3,
) -> jax.Array:
    """Bring every channel to mean beta and deviation gamma.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta

    Ioffe and Szegedy, "Batch normalization", 2015. `epsilon` is Keras' 1e-3; PyTorch has 1e-5.

    Args:
        x: (N, ..., C).
        mean, variance: (C,), from `batch_moments` while training, running averages at prediction.
        gamma, beta: (C,) or None.
        epsilon: keeps the root away from zero.

    Returns:
        Values of x's shape and type.

    Raises:
        ShapeError: a statistic is not one number a channel; all of them are named at once.
        ArgumentError: x holds integers.

    >>> import jax.numpy as jnp
    >>> batch_norm(jnp.array([[1.0], [3.0]]), jnp.array([2.0]), jnp.array([1.0]), epsilon=0.0).tolist()
    [[-1.0], [1.0]]
    """
    values = floats(x, "batch_norm")
    wide = widened(values)
    given = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
    numbers = {name: floats(value, "batch_norm", name) for name, value in given.items() if value is not None}
    _check_channels(values, numbers)
    lifted = {name: per_channel(number.astype(wide.dtype), wide.ndim) for name, number in numbers.items()}
    scale = jax.lax.rsqrt(lifted["variance"] + epsilon)
    if "gamma" in lifted:
        scale = scale * lifted["gamma"]
    y = (wide - lifted["mean"]) * scale
    if "beta" in lifted:
        y = y + lifted["beta"]
    return y.astype(values.dtype)


def local_response_norm(
    x: jax.typing.ArrayLike, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> jax.Array:
    """Divide each value by the activity of its neighbouring channels.

    y[c] = x[c] / (k + alpha * sum_{c' near c} x[c']^2)^beta, over the `size` channels around c that exist.

    Krizhevsky and others, "ImageNet classification", 2012, whose defaults these are. PyTorch divides alpha
    by size.

    Args:
        x: (..., C).
        size: how many channels count, c itself among them; of an even size one more lies before than after.
        alpha, beta, k: the constants of the equation.

    Returns:
        Values of x's shape and type.

    Raises:
        ArgumentError: the size is not a whole number >= 1, or x holds integers.

    >>> import jax.numpy as jnp
    >>> local_response_norm(jnp.ones((1, 3)), size=3, alpha=1.0, beta=1.0, k=0.0)[0].tolist()
    [0.5, 0.3333333432674408, 0.5]
    """
    values = floats(x, "local_response_norm")
    (near,) = as_tuple(size, 1, "local_response_norm", "size")
    wide = widened(values)
    channels, before = values.shape[-1], near // 2
    margin = [(0, 0)] * (values.ndim - 1)
    squares = jnp.pad(jnp.square(wide), [*margin, (before, near - 1 - before)])
    activity = sum(
        (squares[..., start : start + channels] for start in range(1, near)), squares[..., :channels]
    )
    return (wide * (k + alpha * activity) ** -beta).astype(values.dtype)


def _check_channels(x: jax.Array, numbers: dict[str, jax.Array]) -> None:
    """Refuse statistics that are not one number for each channel."""
    channels = x.shape[-1:]
    problems = [
        Problem(
            "batch_norm",
            f"{name} has shape {number.shape} for x {x.shape}",
            f"shape {channels}",
            "Give one number for each channel, the last axis of x.",
        )
        for name, number in numbers.items()
        if number.shape != channels
    ]
    if problems:
        raise ShapeError(problems)
