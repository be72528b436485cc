"""Locally connected images: a convolution whose weights are not shared between places."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from striate.errors import Problem, ShapeError
from striate.ops._arguments import bias_fits, floats, rank_is, same_type
from striate.ops._conv_gradients import Spec, cut, pad_image
from striate.ops.geometry import Padding, as_tuple, output_size, resolve_padding


def locally_connected2d(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    *,
    size: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
) -> jax.Array:
    """Slide a window whose weights are different at every place.

    y[n,i,j,f] = bias[i,j,f] + sum_{u,v,c} x[n, i s + u, j s + v, c] kernel[i,j,(u,v,c),f]

    Args:
        x: (N, H, W, C) images.
        kernel: (H', W', kh * kw * C, F), the window flattened row by row, channels innermost.
        bias: (H', W', F) or None.
        size: the window (kh, kw), which the kernel's shape alone does not tell.
        strides, padding: as for `conv2d`.

    Returns:
        (N, H', W', F).

    Raises:
        ShapeError: the window is larger than the image or the kernel does not fit the image.
        ArgumentError: x holds integers, types differ, or a number is out of its range.

    >>> import jax.numpy as jnp
    >>> locally_connected2d(jnp.ones((1, 5, 5, 2)), jnp.ones((3, 3, 18, 4)), size=3).shape
    (1, 3, 3, 4)
    """
    where = "locally_connected2d"
    images, weights = floats(x, where), floats(kernel, where, "kernel")
    offset = None if bias is None else floats(bias, where, "bias")
    same_type(where, x=images, kernel=weights, bias=offset)
    rank_is(images, 4, "(N, H, W, C)", where)
    taps, steps = as_tuple(size, 2, where, "size"), as_tuple(strides, 2, where, "strides")
    pads = resolve_padding(padding, images.shape[1:3], taps, steps, where=where)
    windows = output_size(images.shape[1:3], taps, steps, pads, where=where)
    _check_kernel(images, weights, taps, windows)
    bias_fits(offset, (*windows, weights.shape[3]), where)
    patches = _patches(images, Spec((steps[0], steps[1]), pads, (1, 1)), taps, windows)
    y = jnp.einsum("nhwk,hwkf->nhwf", patches, weights)
    return y if offset is None else y + offset[None]


def _patches(x: jax.Array, spec: Spec, taps: tuple[int, ...], windows: tuple[int, ...]) -> jax.Array:
    """(N, H', W', kh * kw * C): at each place the window it sees, row by row."""
    padded = pad_image(x, spec.pads)
    wide = jnp.concatenate([cut(padded, 2, tap, windows[1], spec) for tap in range(taps[1])], axis=3)
    return jnp.concatenate([cut(wide, 1, tap, windows[0], spec) for tap in range(taps[0])], axis=3)


def _check_kernel(x: jax.Array, kernel: jax.Array, taps: tuple[int, ...], windows: tuple[int, ...]) -> None:
    """Refuse a kernel that is not one window of weights for each place."""
    wanted = (*windows, taps[0] * taps[1] * x.shape[3])
    if kernel.ndim != 4 or kernel.shape[:3] != wanted:
        happened = f"kernel has shape {kernel.shape} for x {x.shape}"
        expected = f"shape ({', '.join(map(str, wanted))}, filters)"
        cure = "Its axes are (rows out, columns out, window * channels, filters)."
        raise ShapeError(Problem("locally_connected2d", happened, expected, cure))
