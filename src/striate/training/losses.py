"""Losses by Keras name: frozen values over the functions of `striate.ops`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate.layers._rule_kinds import flag, number
from striate.layers._rules import RefusedError, Rule
from striate.ops.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    sparse_categorical_crossentropy,
)
from striate.training._loss import Loss, TargetKind
from striate.training._registry import Registry

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "TargetKind",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson",
    "sparse_categorical_crossentropy",
]

_LOGITS = flag("True says that the last layer has no softmax or sigmoid.")
_SMOOTHING = number("Choose a small number such as 0.1, or 0 for none.", 0.0, 1.0)


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """-Σ_c y[c] log p[c] for one-hot rows y, (N, C).

    >>> import jax.numpy as jnp
    >>> round(float(CategoricalCrossentropy()(jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.5]]))), 4)
    0.6931
    """

    TARGET: ClassVar[TargetKind] = "one_hot"
    RULES: ClassVar[Mapping[str, Rule]] = {"from_logits": _LOGITS, "label_smoothing": _SMOOTHING}

    from_logits: bool = False
    label_smoothing: float = 0.0

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The surprise of each row."""
        return categorical_crossentropy(y, p, self.from_logits, self.label_smoothing)


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """-log p[y] for class numbers y, (N,), with label smoothing as in CategoricalCrossentropy.

    >>> import jax.numpy as jnp
    >>> round(float(SparseCategoricalCrossentropy()(jnp.array([1]), jnp.array([[0.5, 0.5]]))), 4)
    0.6931
    """

    TARGET: ClassVar[TargetKind] = "index"
    RULES: ClassVar[Mapping[str, Rule]] = {"from_logits": _LOGITS, "label_smoothing": _SMOOTHING}

    from_logits: bool = False
    label_smoothing: float = 0.0

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The surprise of each label."""
        return sparse_categorical_crossentropy(y, p, self.from_logits, self.label_smoothing)


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """The mean of -y log p - (1 - y) log(1 - p) for yes-or-no targets y from 0 to 1."""

    TARGET: ClassVar[TargetKind] = "probability"
    RULES: ClassVar[Mapping[str, Rule]] = {"from_logits": _LOGITS, "label_smoothing": _SMOOTHING}

    from_logits: bool = False
    label_smoothing: float = 0.0

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean surprise over an example's answers."""
        return binary_crossentropy(y, p, self.from_logits, self.label_smoothing)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of (p - y)²."""

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean over an example's numbers."""
        return mean_squared_error(y, p)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The mean of |p - y|."""

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean over an example's numbers."""
        return mean_absolute_error(y, p)


@dataclass(frozen=True)
class Huber(Loss):
    """e² / 2 for errors up to delta, delta (|e| - delta / 2) beyond it (Huber 1964)."""

    RULES: ClassVar[Mapping[str, Rule]] = {"delta": number("Choose a size such as 1.0.", 1e-6)}

    delta: float = 1.0

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean over an example's numbers."""
        return huber(y, p, self.delta)


@dataclass(frozen=True)
class Poisson(Loss):
    """p - y log p for counts y and rates p."""

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean over an example's numbers."""
        return poisson(y, p)


def _function(value: Any, axes: int) -> Callable[..., Any]:
    if not callable(value):
        raise RefusedError
    return value


@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A loss of your own, a JAX function of (y, p) that gives (N, ...) numbers; its targets are not checked.

    >>> import jax.numpy as jnp
    >>> cubic = get(lambda y, p: abs(p - y) ** 3)
    >>> cubic.per_example(jnp.array([[1.0]]), jnp.array([[3.0]])).tolist()
    [8.0]
    """

    TARGET: ClassVar[TargetKind] = "none"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "function": Rule("value", "a function of (y, p)", "Write def loss(y, p): ...", _function, (None, 3))
    }

    function: Callable[[Any, Any], jax.Array]

    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The mean of what the function gives for each example."""
        losses = self.function(y, p)
        return losses.reshape(losses.shape[0], -1).mean(axis=1)


_REGISTRY: Registry[Loss] = Registry(
    "loss",
    "losses",
    (
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
        BinaryCrossentropy,
        MeanSquaredError,
        MeanAbsoluteError,
        Huber,
        Poisson,
    ),
    {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"},
)


def get(identifier: Any) -> Loss:
    """The loss of this name or alias; a loss, its class, its config or a function will do as well.

    Raises:
        ArgumentError: listing the names that are known.

    >>> get("mse"), get("sparse_categorical_crossentropy")
    (MeanSquaredError(), SparseCategoricalCrossentropy(from_logits=False, label_smoothing=0.0))
    """
    if isinstance(identifier, Callable) and not isinstance(identifier, Loss | type):
        # The functions of this module stand for their classes, so that their targets are checked.
        name = str(getattr(identifier, "__name__", ""))
        return _REGISTRY.find(name)() if globals().get(name) is identifier else FunctionLoss(identifier)
    return _REGISTRY.get(identifier, Loss)  # type: ignore[type-abstract]
