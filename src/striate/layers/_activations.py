"""Fused activations: the rule that turns our own functions into their names, and the step that uses one."""

from __future__ import annotations

from typing import Any

import jax

from striate import ops
from striate.layers._base import Result
from striate.layers._rules import RefusedError, Rule, optional


def activation_name(value: Any, axes: int = 2) -> str:
    """The name of an activation given as its name or as our own function."""
    if callable(value):
        value = next((name for name, function in ops.ACTIVATIONS.items() if function is value), None)
    if not isinstance(value, str) or value not in ops.ACTIVATIONS:
        raise RefusedError
    return str(value)


def _fused_name(value: Any, axes: int = 2) -> str | None:
    """The same, None standing for no activation at all, that is for "linear"."""
    name = activation_name(value)
    return None if name == "linear" else name


ACTIVATION = Rule(
    "choice",
    "one of the names " + ", ".join(ops.ACTIVATIONS),
    "Write the name; a function of your own cannot be saved with the model.",
    activation_name,
    (None, "no_such_name", 3, len),
    choices=tuple(ops.ACTIVATIONS),
)
"""The rule of a field that must hold an activation."""

FUSED_ACTIVATION = optional(
    Rule(
        ACTIVATION.widget,
        ACTIVATION.expected,
        ACTIVATION.cure,
        _fused_name,
        ACTIVATION.wrong,
        ACTIVATION.choices,
    )
)
"""The rule of the `activation` field of a layer that does something else first."""


def finish(preactivation: jax.Array, activation: str | None) -> Result:
    """A layer's last step: the activation, if any, whose argument stays visible."""
    if activation is None:
        return Result(preactivation)
    return Result(ops.ACTIVATIONS[activation](preactivation), inside={"preactivation": preactivation})
