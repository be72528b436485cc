"""How an operation gets a gradient of our own instead of the one that JAX would derive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import jax

Function = TypeVar("Function", bound=Callable[..., Any])


def own_gradient(
    forward: Callable[..., tuple[Any, Any]],
    backward: Callable[..., tuple[Any, ...]],
    static: tuple[int, ...] = (),
) -> Callable[[Function], Function]:
    """Decorate a function with its reverse-mode rule; forward mode (`jax.jvp`) then refuses with a TypeError.

    Args:
        forward: takes the function's arguments, gives (output, what backward needs).
        backward: takes the static arguments, what forward saved and the output's gradient; gives a gradient
            for each argument that is not static.
        static: which arguments are no arrays.
    """

    def decorate(function: Function) -> Function:
        with_rule = jax.custom_vjp(function, nondiff_argnums=static)
        with_rule.defvjp(forward, backward)
        return cast(Function, with_rule)

    return decorate
