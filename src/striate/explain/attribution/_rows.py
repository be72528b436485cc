"""How many examples run at once, and long arrays taken in parts of that length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from striate.network import Network

ROOM, MOST = 512 << 20, 32
"""Bytes of all activations together, and examples, that one part may have at most."""


def rows_at_once(network: Network) -> int:
    """A power of two: as many examples as share ROOM, at most MOST.

    >>> from striate.applications import mnist_convnet, resnet18
    >>> rows_at_once(mnist_convnet().network), rows_at_once(resnet18().network)
    (32, 16)
    """
    fitting = max(1, min(MOST, ROOM // (4 * network.totals.activations)))
    return 1 << (fitting.bit_length() - 1)


def by_rows(function: Callable[..., Any], size: int, *arrays: Any) -> Any:
    """Call a function with at most `size` rows of every array (or dict of arrays) and join its answers.

    The last part is filled up with copies of its last row, so that one compiled program serves all of them.
    """
    count = jax.tree.leaves(arrays)[0].shape[0]
    if count <= size:
        return function(*arrays)
    answers = []
    for start in range(0, count, size):
        rows = jnp.minimum(jnp.arange(start, start + size), count - 1)
        answers.append(function(*jax.tree.map(lambda array, rows=rows: jnp.asarray(array)[rows], arrays)))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts)[:count], *answers)


def repeated(array: jax.Array, copies: int) -> jax.Array:
    """(N, ...) as (copies N, ...), the examples in order, again and again."""
    return jnp.tile(array, (copies,) + (1,) * (array.ndim - 1))
