"""Pooling: one number for each window of each channel, in one and two dimensions, with its own gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem, ShapeError
from striate.ops._arguments import floats
from striate.ops._pool_gradients import max_of_all, max_windows, sum_windows
from striate.ops._windows import Windows
from striate.ops.geometry import Padding, Pads, as_tuple, by, output_size, resolve_padding


def max_pool(
    x: jax.typing.ArrayLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    edges: str = "drop",
) -> jax.Array:
    """The largest value in each window; the first of equals, in reading order, gets the gradient.

    y[n,i,j,c] = max_{u,v} x[n, i s + u, j s + v, c]

    Args:
        x: (N, H, W, C) images or (N, W, C) rows.
        size: the window.
        strides: steps between windows; None means `size`.
        padding: as for `conv2d`; what is padded never enters a maximum or a mean.
        edges: "drop" forgets a partial window at the far edge, "keep" counts it (PyTorch's ceil_mode).

    Returns:
        (N, H', W', C) or (N, W', C). A window that holds NaN gives NaN. Reverse-mode derivatives of every
        order exist, forward mode (`jax.jvp`) does not, here and in the other poolings.

    Raises:
        ShapeError: x has other axes, or the window is larger than the image.
        ArgumentError: a number is out of its range, or x holds integers.

    >>> import jax.numpy as jnp
    >>> max_pool(jnp.arange(7.0).reshape(1, 7, 1), 2, edges="keep").ravel().tolist()
    [1.0, 3.0, 5.0, 6.0]
    """
    return _pool(max_windows, "max_pool", x, size, strides, padding, edges)


def average_pool(
    x: jax.typing.ArrayLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    edges: str = "drop",
) -> jax.Array:
    """The mean of each window over the values that are there, as in Keras (PyTorch counts the zeros too).

    Args:
        x, size, strides, padding, edges: as for `max_pool`.

    Returns:
        (N, H', W', C) or (N, W', C).

    Raises:
        ShapeError, ArgumentError: as for `max_pool`.

    >>> import jax.numpy as jnp
    >>> average_pool(jnp.arange(7.0).reshape(1, 7, 1), 2, edges="keep").ravel().tolist()
    [0.5, 2.5, 4.5, 6.0]
    """
    return _pool(_mean_windows, "average_pool", x, size, strides, padding, edges)


def l2_pool(
    x: jax.typing.ArrayLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    edges: str = "drop",
) -> jax.Array:
    """The length of each window as a vector: sqrt(sum x^2), with gradient 0 where it is 0.

    Args:
        x, size, strides, padding, edges: as for `max_pool`.

    Returns:
        (N, H', W', C) or (N, W', C).

    Raises:
        ShapeError, ArgumentError: as for `max_pool`.

    >>> import jax.numpy as jnp
    >>> l2_pool(jnp.array([[[3.0], [4.0]]]), 2).ravel().tolist()
    [5.0]
    """
    return _pool(_length_windows, "l2_pool", x, size, strides, padding, edges)


def global_max_pool(x: jax.typing.ArrayLike, keepdims: bool = False) -> jax.Array:
    """The largest value of each channel: (N, ..., C) to (N, C), or (N, 1, ..., C) with `keepdims`.

    >>> import jax.numpy as jnp
    >>> global_max_pool(jnp.arange(4.0).reshape(1, 2, 2, 1)).tolist()
    [[3.0]]
    """
    values = _spatial(floats(x, "global_max_pool"), "global_max_pool")
    flat = values.reshape(values.shape[0], prod(values.shape[1:-1]), values.shape[-1])
    return _shape_global(max_of_all(flat), values, keepdims)


def global_average_pool(x: jax.typing.ArrayLike, keepdims: bool = False) -> jax.Array:
    """The mean of each channel: (N, ..., C) to (N, C), or (N, 1, ..., C) with `keepdims`.

    >>> import jax.numpy as jnp
    >>> global_average_pool(jnp.arange(4.0).reshape(1, 2, 2, 1)).tolist()
    [[1.5]]
    """
    values = _spatial(floats(x, "global_average_pool"), "global_average_pool")
    mean = jnp.mean(values, axis=tuple(range(1, values.ndim - 1)))
    return _shape_global(mean, values, keepdims)


def _pool(
    kind: Callable[[jax.Array, Windows], jax.Array],
    where: str,
    x: jax.typing.ArrayLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: Padding,
    edges: str,
) -> jax.Array:
    """Check everything, then pool; a row is an image with a height of one."""
    images = floats(x, where)
    if images.ndim not in (3, 4):
        happened = f"x has shape {images.shape}, {images.ndim} axes"
        cure = "One example alone needs a batch axis: x[None]."
        raise ShapeError(Problem(where, happened, "(N, H, W, C) images or (N, W, C) rows", cure))
    rank = images.ndim - 2
    window = as_tuple(size, rank, where, "size")
    steps = window if strides is None else as_tuple(strides, rank, where, "strides")
    sizes = images.shape[1:-1]
    pads = resolve_padding(padding, sizes, window, steps, edges=edges, where=where)
    _check_pads(padding, pads, window, where)
    count = output_size(sizes, window, steps, pads, where=where, noun="window")
    if rank == 2:
        return kind(
            images,
            Windows(
                (sizes[0], sizes[1]), (window[0], window[1]), (steps[0], steps[1]), pads, (count[0], count[1])
            ),
        )
    windows = Windows((1, sizes[0]), (1, window[0]), (1, steps[0]), ((0, 0), pads[0]), (1, count[0]))
    return kind(images[:, None], windows)[:, 0]


def _mean_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The sum of every window over how many of its values lie on the image."""
    rows, columns = (_present(x.shape[1 + axis], axis, windows) for axis in range(2))
    counts = rows[:, None] * columns[None, :]
    return sum_windows(x, windows) / jnp.asarray(counts[None, :, :, None], x.dtype)


def _length_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The root of the sum of squares; the inner select keeps its infinite slope at 0 out of the gradient."""
    squares = sum_windows(jnp.square(x), windows)
    empty = squares == 0
    root = jnp.sqrt(jnp.where(empty, jnp.ones_like(squares), squares))
    return jnp.where(empty, jnp.zeros_like(root), root)


def _present(size: int, axis: int, windows: Windows) -> np.ndarray:
    """How many values of each window lie on the image, along one axis."""
    starts = np.arange(windows.fits[axis]) * windows.strides[axis] - windows.pads[axis][0]
    return np.minimum(starts + windows.size[axis], size) - np.maximum(starts, 0)


def _check_pads(padding: Padding, pads: Pads, window: tuple[int, ...], where: str) -> None:
    """Refuse explicit padding so wide that a window could lie wholly outside the image."""
    if isinstance(padding, str):
        return
    if any(before >= k or after >= k for (before, after), k in zip(pads, window, strict=True)):
        happened = f"padding {padding!r} is as wide as the window {by(window)}"
        cure = "Use less padding: a window must meet the image."
        raise ArgumentError(Problem(where, happened, "padding smaller than the window", cure))


def _spatial(x: jax.Array, where: str) -> jax.Array:
    """Refuse arrays without spatial axes, or with an empty one."""
    if x.ndim < 3 or 0 in x.shape[1:-1]:
        cure = "Pool before flattening."
        raise ShapeError(Problem(where, f"x has shape {x.shape}", "(N, H, W, C) or (N, W, C)", cure))
    return x


def _shape_global(pooled: jax.Array, x: jax.Array, keepdims: bool) -> jax.Array:
    """(N, C), or with a 1 for each spatial axis."""
    middle = (1,) * (x.ndim - 2) if keepdims else ()
    return pooled.reshape(x.shape[0], *middle, x.shape[-1])
