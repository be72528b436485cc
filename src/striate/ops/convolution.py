"""Convolution in one and two dimensions: any kernel, stride, dilation and number of groups."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from striate.errors import Problem, ShapeError
from striate.ops._arguments import bias_fits, floats, per_channel, raise_all, rank_is, same_type
from striate.ops._conv_gradients import Spec
from striate.ops._conv_native import Geometry, affine, geometry_of, takes
from striate.ops._grouped import convolve_groups
from striate.ops.geometry import Padding, as_tuple, output_size, resolve_padding


def conv2d(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> jax.Array:
    """Slide `kernel` over images and take a weighted sum at each place (cross-correlation, no flip).

    y[n,i,j,f] = bias[f] + sum_{u,v,c} x[n, i s + u d, j s + v d, c] kernel[u,v,c,f]

    Args:
        x: (N, H, W, C) images.
        kernel: (kh, kw, C / groups, F).
        bias: (F,) or None.
        strides: steps between windows.
        padding: "valid", "same" (Keras' rule: the odd zero at the far side), an int for all sides,
            or ((top, bottom), (left, right)).
        dilation: gaps between the kernel's taps.
        groups: the channels and the filters are cut into this many parts that do not see each other.

    Returns:
        (N, H', W', F). Reverse-mode derivatives of every order exist; forward mode (`jax.jvp`) does not.

    Raises:
        ShapeError: the kernel is larger than the image, or channels, groups and filters do not fit together.
        ArgumentError: x holds integers, types differ, or a number is out of its range.

    >>> import jax.numpy as jnp
    >>> conv2d(jnp.ones((1, 5, 5, 3)), jnp.ones((3, 3, 3, 8)), strides=2).shape
    (1, 2, 2, 8)
    """
    return _conv(2, "conv2d", x, kernel, bias, strides, padding, dilation, groups)


def conv1d(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> jax.Array:
    """Slide `kernel` over rows and take a weighted sum at each place; the one-dimensional `conv2d`.

    Args:
        x: (N, W, C) rows.
        kernel: (kw, C / groups, F).
        bias: (F,) or None.
        strides, padding, dilation, groups: as for `conv2d`; padding may also be "causal" (all zeros before).

    Returns:
        (N, W', F).

    Raises:
        ShapeError, ArgumentError: as for `conv2d`.

    >>> import jax.numpy as jnp
    >>> conv1d(jnp.ones((1, 5, 3)), jnp.ones((3, 3, 8)), padding="causal").shape
    (1, 5, 8)
    """
    return _conv(1, "conv1d", x, kernel, bias, strides, padding, dilation, groups)


def depthwise_conv2d(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
) -> jax.Array:
    """Convolve each channel alone with `multiplier` filters of its own.

    y[n,i,j, c m + q] = bias + sum_{u,v} x[n, i s + u d, j s + v d, c] kernel[u,v,c,q]

    Args:
        x: (N, H, W, C) images.
        kernel: (kh, kw, C, multiplier).
        bias: (C * multiplier,) or None.
        strides, padding, dilation: as for `conv2d`.

    Returns:
        (N, H', W', C * multiplier), the filters of a channel side by side.

    Raises:
        ShapeError, ArgumentError: as for `conv2d`.

    >>> import jax.numpy as jnp
    >>> depthwise_conv2d(jnp.ones((1, 5, 5, 3)), jnp.ones((3, 3, 3, 2))).shape
    (1, 3, 3, 6)
    """
    return _depthwise(2, "depthwise_conv2d", x, kernel, bias, strides, padding, dilation)


def depthwise_conv1d(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
) -> jax.Array:
    """Convolve each channel of rows alone: `depthwise_conv2d` for x (N, W, C), kernel (kw, C, multiplier).

    >>> import jax.numpy as jnp
    >>> depthwise_conv1d(jnp.ones((1, 5, 3)), jnp.ones((3, 3, 2))).shape
    (1, 3, 6)
    """
    return _depthwise(1, "depthwise_conv1d", x, kernel, bias, strides, padding, dilation)


def _depthwise(
    rank: int,
    where: str,
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None,
    strides: int | Sequence[int],
    padding: Padding,
    dilation: int | Sequence[int],
) -> jax.Array:
    """A depthwise convolution as a convolution with a group for each channel."""
    images, taps = floats(x, where), floats(kernel, where, "kernel")
    rank_is(images, rank + 2, "(N, H, W, C)" if rank == 2 else "(N, W, C)", where)
    rank_is(
        taps, rank + 2, "(kh, kw, C, multiplier)" if rank == 2 else "(kw, C, multiplier)", where, "kernel"
    )
    channels = images.shape[-1]
    if taps.shape[-2] != channels:
        happened = (
            f"x {images.shape} has {channels} channels but kernel {taps.shape} is made for {taps.shape[-2]}"
        )
        raise ShapeError(
            Problem(where, happened, "the same number of channels", _channel_cure(images, taps.shape[-2]))
        )
    grouped = taps.reshape(*taps.shape[:-2], 1, -1)
    return _conv(rank, where, images, grouped, bias, strides, padding, dilation, channels)


def _conv(
    rank: int,
    where: str,
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike,
    bias: jax.typing.ArrayLike | None,
    strides: int | Sequence[int],
    padding: Padding,
    dilation: int | Sequence[int],
    groups: int,
) -> jax.Array:
    """Check everything, then convolve; one dimension is two dimensions with a height of one."""
    images, taps = floats(x, where), floats(kernel, where, "kernel")
    offset = None if bias is None else floats(bias, where, "bias")
    same_type(where, x=images, kernel=taps, bias=offset)
    rank_is(images, rank + 2, "(N, H, W, C)" if rank == 2 else "(N, W, C)", where)
    rank_is(
        taps, rank + 2, "(kh, kw, C / groups, F)" if rank == 2 else "(kw, C / groups, F)", where, "kernel"
    )
    (parts,) = as_tuple(groups, 1, where, "groups")
    raise_all(_channel_problems(images, taps, parts, where))
    bias_fits(offset, taps.shape[-1:], where)
    sizes, kernel_sizes = images.shape[1:-1], taps.shape[:-2]
    steps, gaps = as_tuple(strides, rank, where, "strides"), as_tuple(dilation, rank, where, "dilation")
    pads = resolve_padding(padding, sizes, kernel_sizes, steps, gaps, where=where)
    output_size(sizes, kernel_sizes, steps, pads, gaps, where=where)
    return _convolve_rank(images, taps, offset, steps, pads, gaps, parts)


def _convolve_rank(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None,
    strides: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> jax.Array:
    """Give a row a height of one, convolve, and take it away again."""
    if len(strides) == 2:
        geometry = geometry_of((strides[0], strides[1]), pads, (dilation[0], dilation[1]), groups)
        return _convolve(x, kernel, bias, geometry)
    geometry = geometry_of((1, strides[0]), ((0, 0), pads[0]), (1, dilation[0]), groups)
    return _convolve(x[:, None], kernel[None], bias, geometry)[:, 0]


def _convolve(x: jax.Array, kernel: jax.Array, bias: jax.Array | None, geometry: Geometry) -> jax.Array:
    """By the native kernels where they fit, else by XLA's operations."""
    if takes(x, kernel, geometry):
        offset = jnp.zeros(kernel.shape[3], x.dtype) if bias is None else bias
        return affine(x, kernel, offset, geometry)
    spec = Spec(geometry.strides, geometry.pads, geometry.dilation)
    y = convolve_groups(x, kernel, spec, geometry.groups)
    return y if bias is None else y + per_channel(bias, y.ndim)


def _channel_problems(x: jax.Array, kernel: jax.Array, groups: int, where: str) -> list[Problem]:
    """Everything that is wrong between channels, groups and filters."""
    channels, wanted, filters = x.shape[-1], kernel.shape[-2] * groups, kernel.shape[-1]
    problems = []
    if channels != wanted:
        of = f" in {groups} groups" if groups > 1 else ""
        happened = f"x {x.shape} has {channels} channels but kernel {kernel.shape} is made for {wanted}{of}"
        problems.append(Problem(where, happened, "the same number of channels", _channel_cure(x, wanted)))
    if filters % groups:
        happened = f"{filters} filters cannot be shared among {groups} groups"
        problems.append(Problem(where, happened, f"a multiple of {groups}", "Change the filters or groups."))
    return problems


def _channel_cure(x: jax.Array, wanted: int) -> str:
    """The likely mistake behind a wrong number of channels."""
    if x.shape[1] == wanted:
        return "Is x channels first? Move them last: jnp.moveaxis(x, 1, -1)."
    return f"Give x {wanted} channels, or make the kernel for {x.shape[-1]}."
