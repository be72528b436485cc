"""Transposed convolution: from the shape that a convolution puts out back to the shape it takes in."""

from __future__ import annotations

from collections.abc import Sequence

import jax

from striate.errors import Problem, ShapeError
from striate.ops import _conv_native
from striate.ops._arguments import bias_fits, floats, per_channel, rank_is, same_type
from striate.ops._conv_gradients import Spec, input_gradient
from striate.ops.geometry import Padding, as_tuple, by, resolve_transposed_padding, transposed_output_size


def conv2d_transpose(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
) -> jax.Array:
    """Let every pixel paint the kernel, times its value, at stride-wide steps, and add up.

    y[n, i s + u d - before, j s + v d - before, f] += x[n,i,j,c] kernel[u,v,f,c]

    It is the gradient of `conv2d` for its input, run forward (Zeiler and others, "Deconvolutional networks",
    2010).

    Args:
        x: (N, H, W, C).
        kernel: (kh, kw, F, C), filters before channels as in Keras.
        bias: (F,) or None.
        strides: how far apart neighbours paint.
        padding: "valid", "same" (the output is size * stride), or what is cut off: an int, or
            ((top, bottom), (left, right)).
        output_padding: rows added at the far side, smaller than the stride; None lets Keras' rule choose.
        dilation: gaps between the kernel's taps.

    Returns:
        (N, H', W', F), with derivatives as for `conv2d`.

    Raises:
        ShapeError, ArgumentError: as for `conv2d`.

    >>> import jax.numpy as jnp
    >>> conv2d_transpose(jnp.ones((1, 4, 4, 3)), jnp.ones((3, 3, 8, 3)), strides=2, padding="same").shape
    (1, 8, 8, 8)
    """
    where = "conv2d_transpose"
    return _transpose(2, where, x, kernel, bias, strides, padding, output_padding, dilation)


def conv1d_transpose(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
) -> jax.Array:
    """Transposed convolution of rows: `conv2d_transpose` with x (N, W, C) and kernel (kw, F, C).

    >>> import jax.numpy as jnp
    >>> conv1d_transpose(jnp.ones((1, 4, 3)), jnp.ones((3, 8, 3)), strides=2).shape
    (1, 9, 8)
    """
    where = "conv1d_transpose"
    return _transpose(1, where, x, kernel, bias, strides, padding, output_padding, dilation)


def _transpose(
    rank: int,
    where: str,
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None,
    strides: int | Sequence[int],
    padding: Padding,
    output_padding: int | Sequence[int] | None,
    dilation: int | Sequence[int],
) -> jax.Array:
    """Check everything, then paint; one dimension is two dimensions with a height of one."""
    images, taps = floats(x, where), floats(kernel, where, "kernel")
    offset = None if bias is None else floats(bias, where, "bias")
    same_type(where, x=images, kernel=taps, bias=offset)
    rank_is(images, rank + 2, "(N, H, W, C)" if rank == 2 else "(N, W, C)", where)
    rank_is(taps, rank + 2, "(kh, kw, F, C)" if rank == 2 else "(kw, F, C)", where, "kernel")
    _check_channels(images, taps, where)
    bias_fits(offset, (taps.shape[-2],), where)
    kernel_sizes = taps.shape[:-2]
    steps, gaps = as_tuple(strides, rank, where, "strides"), as_tuple(dilation, rank, where, "dilation")
    pads = resolve_transposed_padding(padding, kernel_sizes, steps, gaps, output_padding, where=where)
    sizes = transposed_output_size(images.shape[1:-1], kernel_sizes, steps, pads, gaps)
    _check_sizes(sizes, padding, where)
    y = _paint(images, taps, steps, pads, gaps, sizes)
    return y if offset is None else y + per_channel(offset, y.ndim)


def _paint(
    x: jax.Array,
    kernel: jax.Array,
    strides: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    sizes: tuple[int, ...],
) -> jax.Array:
    """The input gradient of the convolution that has these numbers."""
    if len(strides) == 1:
        x, kernel, gap = x[:, None], kernel[None], dilation[0]
        return _paint(x, kernel, (1, strides[0]), ((0, 0), pads[0]), (1, gap), (1, sizes[0]))[:, 0]
    spec = Spec((strides[0], strides[1]), pads, (dilation[0], dilation[1]))
    geometry = _conv_native.geometry_of(*spec, 1)
    if _conv_native.takes(x, kernel, geometry):
        return _conv_native.input_gradient(x, kernel, geometry, (sizes[0], sizes[1]))
    return input_gradient(x, kernel, spec, (sizes[0], sizes[1]))


def _check_channels(x: jax.Array, kernel: jax.Array, where: str) -> None:
    """Refuse a kernel made for another number of channels; the usual slip is conv2d's order of axes."""
    channels, wanted = x.shape[-1], kernel.shape[-1]
    if channels == wanted:
        return
    happened = f"x {x.shape} has {channels} channels but kernel {kernel.shape} is made for {wanted}"
    cure = "Give kernel as (..., F, C): filters come before channels here."
    if x.shape[1] == wanted:
        cure = "Is x channels first? Move them last: jnp.moveaxis(x, 1, -1)."
    raise ShapeError(Problem(where, happened, "the same number of channels", cure))


def _check_sizes(sizes: tuple[int, ...], padding: Padding, where: str) -> None:
    """Refuse a padding that cuts everything away."""
    if min(sizes) < 1:
        happened = f"padding {padding!r} leaves an output of {by(sizes)}"
        raise ShapeError(Problem(where, happened, "at least 1 on every axis", "Use less padding."))
