"""Fields that hold a small frozen value (an initializer, a regularizer), which may be given by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from striate.layers._rules import RefusedError, Rule


def snake_case(name: str) -> str:
    """The name of a class as Keras writes it in strings.

    >>> snake_case("GlorotUniform"), snake_case("L1L2")
    ('glorot_uniform', 'l1_l2')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def by_name(named: Mapping[str, Any], base: type, noun: str, example: str) -> Rule:
    """A rule for a value of class `base`, its class, or a name: of `named` or of the class, as in Keras."""
    by_class = {type(value).__name__: value for value in named.values()}

    def canonical(value: Any, axes: int) -> Any:
        if isinstance(value, base) and type(value).__name__ in by_class:
            return value
        name = value.__name__ if isinstance(value, type) else value
        found = named.get(name, by_class.get(name)) if isinstance(name, str) else None
        if found is None:
            raise RefusedError
        return found

    return Rule(
        "value",
        f"{noun} such as {example}, or one of the names " + ", ".join(named),
        "Give one of them; a function of your own cannot be saved with the model.",
        canonical,
        (None, "no_such_name", 3, len),
        choices=tuple(named),
    )
