"""Where numbers stopped being numbers: the first layer that a NaN or an infinity comes from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
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
    finite = jax.jit(partial(_finite, network, train))(variables, inputs, key)
    for path in [*inputs, *network.program.steps]:
        if not finite[path]:
            return path
    return None


def _finite(
    network: Network,
    train: bool,
    variables: Mapping[str, Any],
    inputs: dict[str, jax.Array],
    key: jax.Array | None,
) -> dict[str, jax.Array]:
    """For every input and layer whether all it holds and makes is finite; compiled to save memory."""
    record = network.apply(variables, inputs, train=train, key=key, record=True).record
    checked: dict[str, list[jax.Array]] = {name: [array] for name, array in inputs.items()}
    for group in ("params", "state"):
        for path, weights in variables.get(group, {}).items():
            checked.setdefault(path, []).extend(weights.values())
    for name, array in record.items():
        path = name if name in network.program.steps else name.rpartition("/")[0]
        checked.setdefault(path, []).append(array)
    return {
        path: jnp.stack([jnp.isfinite(array).all() for array in some]).all() for path, some in checked.items()
    }
