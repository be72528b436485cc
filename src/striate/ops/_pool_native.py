"""How the native kernels of pooling are called."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from striate.ops import _native
from striate.ops._windows import Windows

MOST_PLACES = 255
LEAST_CHANNELS = 3
LEAST_CHANNELS_OF_SUMS = 16


def numbered(windows: Windows) -> bool:
    """Whether a byte can number the places of a window."""
    return windows.size[0] * windows.size[1] <= MOST_PLACES


def suits_maxima(windows: Windows, values: jax.Array) -> bool:
    """Whether the kernels can take these windows and are faster: vectors hold channels."""
    return numbered(windows) and values.shape[-1] >= LEAST_CHANNELS and _native.fit(values)


def suits_sums(windows: Windows, values: jax.Array) -> bool:
    """The same for sums, which XLA joins with what is around them unless it must first write a margin."""
    padded = any(before or after for before, after in windows.pads)
    return padded and values.shape[-1] >= LEAST_CHANNELS_OF_SUMS and _native.fit(values)


def native_largest(x: jax.Array, *, windows: Windows) -> jax.Array:
    """The maxima alone."""
    return _maxima(x, windows, (0,))[0]


def native_max(x: jax.Array, *, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """The maxima, and which place of its window each is."""
    return _maxima(x, windows, _shape_of_windows(x, windows))


def native_sent(place: jax.Array, dy: jax.Array, *, windows: Windows) -> jax.Array:
    """Every window's gradient at the place of its maximum."""
    return _native.call("pool_max_gradient", _image(dy, windows), place, dy, **_attributes(windows))


def native_sum(x: jax.Array, *, windows: Windows) -> jax.Array:
    """The sums."""
    result = jax.ShapeDtypeStruct(_shape_of_windows(x, windows), x.dtype)
    return _native.call("pool_sum", result, x, **_attributes(windows))


def native_spread(dy: jax.Array, *, windows: Windows) -> jax.Array:
    """Every window's gradient at all of its places."""
    return _native.call("pool_sum_gradient", _image(dy, windows), dy, **_attributes(windows))


def _maxima(x: jax.Array, windows: Windows, places: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """Maxima and places; places of shape (0,) are not made."""
    maxima = jax.ShapeDtypeStruct(_shape_of_windows(x, windows), x.dtype)
    results = (maxima, jax.ShapeDtypeStruct(places, jnp.uint8))
    return _native.call("pool_max", results, x, **_attributes(windows))


def _shape_of_windows(x: jax.Array, windows: Windows) -> tuple[int, ...]:
    return x.shape[0], *windows.fits, x.shape[3]


def _image(dy: jax.Array, windows: Windows) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((dy.shape[0], *windows.sizes, dy.shape[3]), dy.dtype)


def _attributes(windows: Windows) -> dict[str, Any]:
    return {"size": windows.size, "strides": windows.strides, "padding": windows.starts}
