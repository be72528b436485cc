"""Where numbers stopped being numbers: the first layer that a NaN or an infinity comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from striate.network.graph import Network


def find_nonfinite(
    network: Network,
    variables: Mapping[str, Any],
    x: Any,
    *,
    train: bool = False,
    key: jax.Array | None = None,
) -> str | None:
    """The path of the first input or layer whose weights or output are not finite; None when all are.

    Args:
        network: the network.
        variables: its weights. Those of a layer are looked at before its output, for they would spoil it.
        x: what it was fed with, as for `apply`.
        train, key: as for `apply`; give the key of the failing step to see what it saw.

    >>> import jax.numpy as jnp
    >>> from striate.layers import Dense
    >>> from striate.network import find_nonfinite, sequential
    >>> network = sequential([Dense(2), Dense(2)], input_shape=(3,))
    >>> variables = network.init(0)
    >>> find_nonfinite(network, variables, jnp.ones((1, 3))) is None
    True
    >>> variables["params"]["dense2"]["bias"] = jnp.array([0.0, jnp.inf])
    >>> find_nonfinite(network, variables, jnp.ones((1, 3)))
    'dense2'
    """
    inputs = network.read_inputs(x)
    for name, array in inputs.items():
        if not _finite(array):
            return name
    record = network.apply(variables, inputs, train=train, key=key, record=True).record
    for path, step in network.program.steps.items():
        weights = [variables.get(group, {}).get(step.owner, {}) for group in ("params", "state")]
        inside = [array for name, array in record.items() if name.rpartition("/")[0] == path]
        if not all(_finite(array) for some in weights for array in some.values()):
            return step.owner
        if not all(_finite(array) for array in [*inside, record[path]]):
            return path
    return None


def _finite(array: jax.Array) -> bool:
    return bool(jnp.isfinite(array).all())
