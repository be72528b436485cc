"""Losses: one number for each example. They run compiled and never look at whether labels make sense."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem, ShapeError
from striate.ops._arguments import floats, widened

EPSILON = 1e-7
"""How far probabilities are kept from 0 and 1, as in Keras."""


def categorical_crossentropy(
    y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> jax.Array:
    """The surprise of a distribution over classes: -sum_c y[c] log p[c].

    Probabilities are divided by their sum and kept EPSILON away from 0 and 1, as in Keras; logits go through
    `log_softmax`. Label smoothing replaces y by y (1 - s) + s / C (Szegedy and others, 2016).

    Args:
        y: (N, ..., C) one-hot rows or distributions.
        p: (N, ..., C) probabilities, or logits.
        from_logits: whether p holds logits.
        label_smoothing: s, from 0 to 1.

    Returns:
        (N,), a mean over the positions between the first and the last axis; at least float32.

    Raises:
        ShapeError: y and p differ in shape.
        ArgumentError: the smoothing is out of range, or p holds integers.

    >>> import jax.numpy as jnp
    >>> categorical_crossentropy(jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.5]])).round(4).tolist()
    [0.6930999755859375]
    """
    where = "categorical_crossentropy"
    target, prediction = _pair(y, p, where)
    smooth = _smoothing(label_smoothing, where)
    target = target * (1 - smooth) + smooth / prediction.shape[-1] if smooth else target
    return _per_example(-jnp.sum(target * _log_probabilities(prediction, from_logits), axis=-1))


def sparse_categorical_crossentropy(
    y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> jax.Array:
    """Categorical cross-entropy for class numbers: -(1 - s) log p[y] - s Σ_c log p[c] / C.

    A number that is no class (negative, or C and above) makes the loss and its gradient NaN, so that training
    halts; Keras counts such an example as 0.

    Args:
        y: (N, ...) or (N, ..., 1) class numbers from 0 to C - 1.
        p: (N, ..., C) probabilities, or logits.
        from_logits: whether p holds logits.
        label_smoothing: s, from 0 to 1; Keras has it for one-hot rows only.

    Returns:
        (N,), a mean over the positions between the first and the last axis; at least float32.

    Raises:
        ShapeError: y does not give one class for each row of p.
        ArgumentError: the smoothing is out of range.

    >>> import jax.numpy as jnp
    >>> sparse_categorical_crossentropy(jnp.array([1]), jnp.array([[0.5, 0.5]])).round(4).tolist()
    [0.6930999755859375]
    """
    where = "sparse_categorical_crossentropy"
    prediction, labels = _wide(p, where), jnp.asarray(y).astype(jnp.int32)
    if labels.shape == (*prediction.shape[:-1], 1):
        labels = labels[..., 0]
    if labels.shape != prediction.shape[:-1] or prediction.ndim < 2:
        happened = f"y has shape {labels.shape} for predictions {prediction.shape}"
        cure = "Use categorical_crossentropy for one-hot rows."
        raise ShapeError(
            Problem(where, happened, f"one class number for each row, {prediction.shape[:-1]}", cure)
        )
    classes = jax.lax.broadcasted_iota(jnp.int32, prediction.shape, prediction.ndim - 1)
    logs = _log_probabilities(prediction, from_logits)
    known = (labels >= 0) & (labels < prediction.shape[-1])
    counted = (classes == labels[..., None]) | ~known[..., None]
    surprise = -jnp.sum(jnp.where(counted, logs, jnp.zeros_like(logs)), axis=-1)
    if smooth := _smoothing(label_smoothing, where):
        surprise = (1 - smooth) * surprise - smooth * jnp.mean(logs, axis=-1)
    return _per_example(surprise * jnp.where(known, 1.0, jnp.nan).astype(logs.dtype))


def binary_crossentropy(
    y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> jax.Array:
    """The surprise of yes-or-no answers: the mean of -y log p - (1 - y) log(1 - p).

    Label smoothing replaces y by y (1 - s) + s / 2.

    Args:
        y: (N, ...) numbers from 0 to 1.
        p: (N, ...) probabilities, kept EPSILON away from 0 and 1, or logits.
        from_logits: whether p holds logits.
        label_smoothing: s, from 0 to 1.

    Returns:
        (N,), the mean over all other axes; at least float32.

    Raises:
        ShapeError, ArgumentError: as for `categorical_crossentropy`.

    >>> import jax.numpy as jnp
    >>> binary_crossentropy(jnp.array([[1.0]]), jnp.array([[0.5]])).round(4).tolist()
    [0.6930999755859375]
    """
    where = "binary_crossentropy"
    target, prediction = _pair(y, p, where)
    smooth = _smoothing(label_smoothing, where)
    target = target * (1 - smooth) + 0.5 * smooth if smooth else target
    if from_logits:
        log_yes, log_no = jax.nn.log_sigmoid(prediction), jax.nn.log_sigmoid(-prediction)
    else:
        kept = jnp.clip(prediction, EPSILON, 1 - EPSILON)
        log_yes, log_no = jnp.log(kept), jnp.log(1 - kept)
    return _per_example(-target * log_yes - (1 - target) * log_no)


def mean_squared_error(y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
    """The mean of (p - y)^2 over all axes but the first.

    >>> mean_squared_error(jax.numpy.array([[1.0, 2.0]]), jax.numpy.array([[1.0, 4.0]])).tolist()
    [2.0]
    """
    target, prediction = _pair(y, p, "mean_squared_error")
    return _per_example(jnp.square(prediction - target))


def mean_absolute_error(y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
    """The mean of |p - y| over all axes but the first.

    >>> mean_absolute_error(jax.numpy.array([[1.0, 2.0]]), jax.numpy.array([[1.0, 4.0]])).tolist()
    [1.0]
    """
    target, prediction = _pair(y, p, "mean_absolute_error")
    return _per_example(jnp.abs(prediction - target))


def huber(y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, delta: float = 1.0) -> jax.Array:
    """The mean of e^2 / 2 for small errors, |e| <= delta, and of delta (|e| - delta / 2) for large ones.

    Huber, "Robust estimation of a location parameter", 1964.

    >>> huber(jax.numpy.array([[0.0, 0.0]]), jax.numpy.array([[1.0, 3.0]])).tolist()
    [1.5]
    """
    target, prediction = _pair(y, p, "huber")
    if not delta > 0:
        cure = "It is where the squared part ends, for instance delta=1.0."
        raise ArgumentError(Problem("huber", f"delta is {delta!r}", "a number > 0", cure))
    error = jnp.abs(prediction - target)
    return _per_example(jnp.where(error <= delta, 0.5 * jnp.square(error), delta * error - 0.5 * delta**2))


def poisson(y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
    """How badly rates p explain counts y: the mean of p - y log(p + EPSILON).

    >>> poisson(jax.numpy.array([[2.0]]), jax.numpy.array([[1.0]])).round(4).tolist()
    [1.0]
    """
    target, prediction = _pair(y, p, "poisson")
    return _per_example(prediction - target * jnp.log(prediction + EPSILON))


def _wide(p: jax.typing.ArrayLike, where: str) -> jax.Array:
    """Predictions of at least float32, for 1 - EPSILON is 1 in anything shorter."""
    return widened(floats(p, where, "p"))


def _pair(y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, where: str) -> tuple[jax.Array, jax.Array]:
    """Targets and predictions of one shape and type; (N,) and (N, 1) are matched, never broadcast."""
    prediction, target = _wide(p, where), jnp.asarray(y)
    if (*target.shape, 1) == prediction.shape or target.shape == (*prediction.shape, 1):
        target = target.reshape(prediction.shape)
    if target.shape != prediction.shape or prediction.ndim == 0:
        happened = f"y has shape {target.shape} for predictions {prediction.shape}"
        cure = "Compare the network's last layer with the labels' form."
        if where == "categorical_crossentropy" and target.shape == prediction.shape[:-1]:
            cure = "Use sparse_categorical_crossentropy for class numbers."
        raise ShapeError(Problem(where, happened, "the same shape for both", cure))
    return target.astype(prediction.dtype), prediction


def _log_probabilities(p: jax.Array, from_logits: bool) -> jax.Array:
    """log p along the last axis, finite for every finite p."""
    if from_logits:
        return jax.nn.log_softmax(p, axis=-1)
    share = p / jnp.sum(p, axis=-1, keepdims=True)
    return jnp.log(jnp.clip(share, EPSILON, 1 - EPSILON))


def _smoothing(value: float, where: str) -> float:
    """The smoothing, if it lies between 0 and 1."""
    if not 0 <= value <= 1:
        cure = "Pass for instance label_smoothing=0.1."
        raise ArgumentError(Problem(where, f"label_smoothing is {value!r}", "a number from 0 to 1", cure))
    return value


def _per_example(values: jax.Array) -> jax.Array:
    """The mean over all axes but the first."""
    return jnp.mean(values.reshape(values.shape[0], -1), axis=1) if values.ndim > 1 else values
