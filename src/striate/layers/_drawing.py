"""Random keys and weights made by NumPy: the numbers that JAX would draw, without a program to compile.

JAX compiles a program for each shape that it draws. Threefry counts: number i of a draw depends on the key
and on i alone (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011).
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

Words = np.ndarray[Any, np.dtype[np.uint32]]

_WAY = "threefry2x32"
_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_PART = 1 << 14
"""Numbers that are drawn at once, so that they stay in the processor's second cache."""


def key_of(seed: int) -> jax.Array:
    """`jax.random.key(seed)`, made without a program where a seed of 32 bits is its own key.

    >>> bool(key_of(7) == jax.random.key(7))
    True
    """
    plain = getattr(jax.config, "jax_default_prng_impl", "") == _WAY and 0 <= seed < 2**32
    return _key(np.array([0, seed], np.uint32)) if plain else jax.random.key(seed)


def folded(key: jax.Array, number: int) -> jax.Array:
    """`jax.random.fold_in(key, number)` for a number of 32 bits, without a program where that is possible.

    >>> bool(folded(key_of(7), 5) == jax.random.fold_in(jax.random.key(7), 5))
    True
    """
    words = key_words(key)
    if words is None:
        return jax.random.fold_in(key, number)
    first, second = _threefry(words, np.zeros(1, np.uint32), np.full(1, number, np.uint32))
    return _key(np.concatenate([first, second]))


def _key(words: Words) -> jax.Array:
    """The key with these words."""
    return jax.random.wrap_key_data(jax.device_put(words), impl=_WAY)


def key_words(key: jax.Array) -> Words | None:
    """The two words of a key that NumPy can draw with; None for traced keys and other ways of drawing."""
    if isinstance(key, Tracer) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return None
    plain = key.shape == () and str(jax.random.key_impl(key)) == _WAY
    counts = getattr(jax.config, "jax_threefry_partitionable", False)
    if not (plain and counts):
        return None
    with jax.ensure_compile_time_eval():  # the key may be known while a program around it is traced
        return np.asarray(jax.random.key_data(key))


def uniform(key: jax.Array, shape: tuple[int, ...], dtype: Any, low: float, high: float) -> jax.Array:
    """`jax.random.uniform(key, shape, dtype, low, high)`, drawn by NumPy where that gives the same numbers.

    >>> key = jax.random.key(3)
    >>> drawn = uniform(key, (2, 2), np.float32, -1.0, 1.0)
    >>> bool((drawn == jax.random.uniform(key, (2, 2), minval=-1.0, maxval=1.0)).all())
    True
    """
    words = key_words(key)
    if words is None or dtype != np.float32:
        return jax.random.uniform(key, shape, dtype, low, high)
    least, size = np.float32(low), math.prod(shape)
    width, drawn = np.float64(np.float32(high) - least), np.empty(size, np.float32)
    for start in range(0, size, _PART):
        stop = min(start + _PART, size)
        # A product and a sum, rounded once, as a processor's fused operation does it.
        drawn[start:stop] = _fractions(words, start, stop) * width + np.float64(least)
    return jax.device_put(np.maximum(least, drawn).reshape(shape))


def _fractions(key: Words, start: int, stop: int) -> np.ndarray:
    """Numbers start … stop - 1 of a draw, float64 with 23 bits, from 0 below 1."""
    counted = np.arange(start, stop, dtype=np.uint64)
    high, low = (counted >> np.uint64(32)).astype(np.uint32), counted.astype(np.uint32)
    first, second = _threefry(key, high, low)
    bits = ((first ^ second) >> np.uint32(9)) | np.uint32(0x3F800000)
    return bits.view(np.float32).astype(np.float64) - 1.0


def _threefry(key: Words, first: Words, second: Words) -> tuple[Words, Words]:
    """Threefry-2x32 with twenty rounds; whole numbers of 32 bits that overflow silently, as they should."""
    schedule = [key[:1], key[1:], key[:1] ^ key[1:] ^ np.uint32(_PARITY)] * 3
    first, second = first + schedule[0], second + schedule[1]
    for group in range(5):
        for turn in _TURNS[group % 2]:
            first += second
            second = (second << np.uint32(turn)) | (second >> np.uint32(32 - turn))
            second ^= first
        first += schedule[group + 1]
        second += schedule[group + 2] + np.uint32(group + 1)
    return first, second
