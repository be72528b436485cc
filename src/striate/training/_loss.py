"""What a loss is: a value that compares targets with predictions and can say which targets it wants."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import Problem
from striate.layers._rules import Rule, check_fields
from striate.training._target_checks import target_problems

TargetKind = Literal["index", "one_hot", "probability", "value", "none"]
"""What a loss wants for an example: a class number, a row of probabilities, numbers in 0..1, any numbers."""


@dataclass(frozen=True)
class Loss(abc.ABC):
    """A frozen value that compares targets with predictions.

    loss = Σ w · per_example(y, p) / N, where the weights w are 1 unless given. As in Keras the sum is divided
    by the number of examples and not by the sum of the weights.
    """

    TARGET: ClassVar[TargetKind] = "value"
    RULES: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self) -> None:
        """Bring each field to its canonical form and refuse, all at once, what its rule refuses."""
        check_fields(self)

    @abc.abstractmethod
    def per_example(self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike) -> jax.Array:
        """The loss of each example, (N,); other axes are averaged. It runs compiled and checks no labels."""

    def __call__(
        self, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weights: jax.typing.ArrayLike | None = None
    ) -> jax.Array:
        """The mean loss of a batch.

        Args:
            y: targets, (N, ...). p: predictions, (N, ...). weights: (N,), or None for 1 everywhere.

        Returns:
            A scalar.
        """
        losses = self.per_example(y, p)
        return jnp.mean(losses if weights is None else losses * jnp.asarray(weights).astype(losses.dtype))

    def check_targets(self, y: Any, output_shape: tuple[int, ...], where: str = "y") -> list[Problem]:
        """Everything that keeps these targets from being compared with an output, found on the host.

        Args:
            y: (N, ...) targets. where: the name in messages.
            output_shape: the shape of one example of the output.

        >>> from striate.training.losses import SparseCategoricalCrossentropy
        >>> print(SparseCategoricalCrossentropy().check_targets(np.array([3, 9, 10]), (10,))[0])
        y: row 2 holds the label 10; expected whole numbers from 0 to 9 for an output of 10 classes.
          Mend the labels, or give the last layer one unit for each class.
        """
        return target_problems([where], [np.asarray(y)], [output_shape], [self.TARGET])

    def check_activation(self, activation: str, where: str = "loss") -> list[Problem]:
        """A warning when the last layer's activation and `from_logits` speak of different things.

        Args:
            activation: the name of the last layer's activation. where: the name in messages.
        """
        from_logits, loss = getattr(self, "from_logits", None), type(self).__name__
        if from_logits and activation in ("softmax", "sigmoid", "log_softmax"):
            happened = f"{loss}(from_logits=True) behind {activation} would squash the numbers twice"
            cure = f"Write {loss}(), or take the activation away."
            return [Problem(where, happened, "logits, straight from a linear layer", cure, "warning")]
        if from_logits is False and activation == "linear":
            fitting = "sigmoid" if self.TARGET == "probability" else "softmax"
            happened = f"{loss}() behind a linear layer takes any number for a probability"
            cure = f"Write {loss}(from_logits=True), or end with activation='{fitting}'."
            return [Problem(where, happened, "probabilities", cure, "warning")]
        return []
