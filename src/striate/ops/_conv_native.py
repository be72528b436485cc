"""Convolution by the native kernels where the program is compiled for a CPU, by XLA's operations elsewhere.

Three functions that are linear in each argument, and each one's derivatives are the other two, so
derivatives of every order exist and all of them are fast.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jax import lax

from striate.ops import _native, _ways
from striate.ops._conv_gradients import Spec
from striate.ops._grouped import convolve_groups
from striate.ops.geometry import Pads, output_size

THIN = 4
"""Groups of fewer channels or filters leave vector units idle; XLA's shifted products are faster."""

LANES = 16
"""Floats in the longest vector of any instruction set."""

Pair = tuple[jax.Array, jax.Array]


class Geometry(NamedTuple):
    """The static numbers of one convolution, an entry for each of the two spatial axes.

    `direct` asks that every output be the sum of its products and nothing faster (see `sums_in_order`);
    `half` that the numbers that are multiplied be rounded to bfloat16 (see `products_of`).
    """

    strides: tuple[int, int]
    pads: Pads
    dilation: tuple[int, int]
    groups: int
    direct: bool = False
    half: bool = False

    def sizes(self, image: tuple[int, ...], taps: tuple[int, ...]) -> tuple[int, int]:
        """The output's rows and columns."""
        rows, columns = output_size(image, taps, self.strides, self.pads, self.dilation)
        return rows, columns

    def attributes(self, sizes: tuple[int, int]) -> dict[str, Any]:
        """What the library is told; it sees the zeros behind the image from the output's sizes."""
        before = tuple(pad[0] for pad in self.pads)
        numbers = {
            "strides": self.strides,
            "padding": before,
            "dilation": self.dilation,
            "groups": self.groups,
            "direct": int(self.direct),
            "half": int(self.half),
        }
        return {**numbers, "sizes": sizes}


def geometry_of(strides: tuple[int, int], pads: Pads, dilation: tuple[int, int], groups: int) -> Geometry:
    """The numbers of a convolution that is traced now, and how it is wanted."""
    return Geometry(strides, pads, dilation, groups, _ways.in_order(), _ways.half() and groups == 1)


def fits(x: jax.Array, kernel: jax.Array, groups: int) -> bool:
    """True if the library has a fast kernel for these arrays."""
    thin = groups > 1 and min(kernel.shape[2], kernel.shape[3] // groups) < THIN
    return _native.fit(x, kernel) and (not thin or is_depthwise(kernel, groups))


def takes(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> bool:
    """True if a convolution is one of those below: the library has a fast kernel, or numbers are rounded."""
    whole = all(array.dtype == jnp.float32 and array.size > 0 for array in (x, kernel))
    return fits(x, kernel, geometry.groups) or (geometry.half and whole)


def is_depthwise(kernel: jax.Array, groups: int) -> bool:
    """True for one filter a channel and whole vectors of channels, which have kernels of their own."""
    return groups > 1 and kernel.shape[2] == 1 and kernel.shape[3] == groups and groups % LANES == 0


def native_forward(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array,
    *,
    geometry: Geometry,
    relu: bool = False,
    pool: int = 1,
    addend: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The convolution with bias, perhaps plus `addend`, perhaps relu, perhaps 2x2 maxima; and where the
    largest was.
    """
    sizes = geometry.sizes(x.shape[1:3], kernel.shape[:2])
    shape = (x.shape[0], sizes[0] // pool, sizes[1] // pool, kernel.shape[3])
    corners = shape if pool > 1 else (0,)
    results = (jax.ShapeDtypeStruct(shape, x.dtype), jax.ShapeDtypeStruct(corners, jnp.uint8))
    attributes = geometry.attributes(sizes)
    given = (x, kernel, bias, jnp.zeros(0, x.dtype) if addend is None else addend)
    y, argmax = _native.call("conv_forward", results, *given, relu=int(relu), **attributes)
    return y, argmax


def native_input_gradient(
    dy: jax.Array,
    kernel: jax.Array,
    y: jax.Array | None = None,
    argmax: jax.Array | None = None,
    *,
    geometry: Geometry,
    sizes: tuple[int, int],
) -> jax.Array:
    """The gradient for x; with y or argmax, dy is that of the output of relu or of the maxima."""
    shape = (dy.shape[0], *sizes, kernel.shape[2] * geometry.groups)
    attributes = geometry.attributes(geometry.sizes(sizes, kernel.shape[:2]))
    result = jax.ShapeDtypeStruct(shape, dy.dtype)
    return _native.call("conv_input_gradient", result, dy, *_traces(y, argmax), kernel, **attributes)


def native_weight_gradients(
    x: jax.Array,
    dy: jax.Array,
    y: jax.Array | None = None,
    argmax: jax.Array | None = None,
    *,
    geometry: Geometry,
    taps: tuple[int, int],
) -> tuple[jax.Array, jax.Array]:
    """The gradients for kernel and bias; y and argmax as in `native_input_gradient`."""
    kernel = jax.ShapeDtypeStruct((*taps, x.shape[3] // geometry.groups, dy.shape[3]), x.dtype)
    results = (kernel, jax.ShapeDtypeStruct((dy.shape[3],), x.dtype))
    attributes = geometry.attributes(geometry.sizes(x.shape[1:3], taps))
    dkernel, dbias = _native.call("conv_kernel_gradient", results, x, dy, *_traces(y, argmax), **attributes)
    return dkernel, dbias


def _traces(y: jax.Array | None, argmax: jax.Array | None) -> tuple[jax.Array, jax.Array]:
    """What the forward pass left behind; an empty array says that there was no relu, or no pooling."""
    return (
        jnp.zeros(0, jnp.float32) if y is None else y,
        jnp.zeros(0, jnp.uint8) if argmax is None else argmax,
    )


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def affine(x: jax.Array, kernel: jax.Array, bias: jax.Array, geometry: Geometry) -> jax.Array:
    """conv(x, kernel) + bias for x (N, H, W, C), kernel (kh, kw, C / groups, F), bias (F,)."""

    def native(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
        return native_forward(x, kernel, bias, geometry=geometry)[0]

    return _native.either(native, partial(_plain_affine, geometry=geometry), x, kernel, bias)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def input_gradient(dy: jax.Array, kernel: jax.Array, geometry: Geometry, sizes: tuple[int, int]) -> jax.Array:
    """The gradient for x of spatial `sizes`; run forward, it is the transposed convolution."""
    native = partial(native_input_gradient, geometry=geometry, sizes=sizes)
    plain = partial(_plain_input_gradient, geometry=geometry, sizes=sizes)
    return _native.either(native, plain, dy, kernel)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def weight_gradients(
    x: jax.Array, dy: jax.Array, geometry: Geometry, taps: tuple[int, int]
) -> tuple[jax.Array, jax.Array]:
    """The gradients for a kernel of `taps` and for the bias, from one pass over x and dy."""
    native = partial(native_weight_gradients, geometry=geometry, taps=taps)
    plain = partial(_plain_weight_gradients, geometry=geometry, taps=taps)
    return _native.either(native, plain, x, dy)


def _rounded(geometry: Geometry, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """The numbers that are multiplied; XLA would leave out a conversion there and back."""
    return tuple(lax.reduce_precision(a, 8, 7) for a in arrays) if geometry.half else arrays


def _plain_affine(x: jax.Array, kernel: jax.Array, bias: jax.Array, geometry: Geometry) -> jax.Array:
    x, kernel = _rounded(geometry, x, kernel)
    spec = Spec(geometry.strides, geometry.pads, geometry.dilation)
    return convolve_groups(x, kernel, spec, geometry.groups) + bias[None, None, None]


def _plain_input_gradient(
    dy: jax.Array, kernel: jax.Array, geometry: Geometry, sizes: tuple[int, int]
) -> jax.Array:
    dy, kernel = _rounded(geometry, dy, kernel)
    spec = Spec(geometry.strides, geometry.pads, geometry.dilation)
    x = jnp.zeros((dy.shape[0], *sizes, kernel.shape[2] * geometry.groups), dy.dtype)
    return jax.vjp(lambda x: convolve_groups(x, kernel, spec, geometry.groups), x)[1](dy)[0]


def _plain_weight_gradients(
    x: jax.Array, dy: jax.Array, geometry: Geometry, taps: tuple[int, int]
) -> tuple[jax.Array, jax.Array]:
    x, dy = _rounded(geometry, x, dy)
    spec = Spec(geometry.strides, geometry.pads, geometry.dilation)
    kernel = jnp.zeros((*taps, x.shape[3] // geometry.groups, dy.shape[3]), x.dtype)
    (dkernel,) = jax.vjp(lambda kernel: convolve_groups(x, kernel, spec, geometry.groups), kernel)[1](dy)
    return dkernel, jnp.sum(dy, axis=(0, 1, 2))


def _affine_forward(
    x: jax.Array, kernel: jax.Array, bias: jax.Array, geometry: Geometry
) -> tuple[jax.Array, Pair]:
    return affine(x, kernel, bias, geometry), (x, kernel)


def _affine_backward(
    geometry: Geometry, saved: Pair, dy: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, kernel = saved
    sizes, taps = (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1])
    dx = cast(jax.Array, input_gradient(dy, kernel, geometry, sizes))
    dkernel, dbias = cast(Pair, weight_gradients(x, dy, geometry, taps))
    return dx, dkernel, dbias


def _input_forward(
    dy: jax.Array, kernel: jax.Array, geometry: Geometry, sizes: tuple[int, int]
) -> tuple[jax.Array, Pair]:
    return cast(jax.Array, input_gradient(dy, kernel, geometry, sizes)), (dy, kernel)


def _input_backward(geometry: Geometry, sizes: tuple[int, int], saved: Pair, dx: jax.Array) -> Pair:
    dy, kernel = saved
    taps = (kernel.shape[0], kernel.shape[1])
    ddy = cast(jax.Array, affine(dx, kernel, jnp.zeros(kernel.shape[3], dx.dtype), geometry))
    dkernel, _ = cast(Pair, weight_gradients(dx, dy, geometry, taps))
    return ddy, dkernel


def _weights_forward(
    x: jax.Array, dy: jax.Array, geometry: Geometry, taps: tuple[int, int]
) -> tuple[Pair, Pair]:
    return cast(Pair, weight_gradients(x, dy, geometry, taps)), (x, dy)


def _weights_backward(geometry: Geometry, taps: tuple[int, int], saved: Pair, given: Pair) -> Pair:
    x, dy = saved
    dkernel, dbias = given
    dx = cast(jax.Array, input_gradient(dy, dkernel, geometry, (x.shape[1], x.shape[2])))
    return dx, cast(jax.Array, affine(x, dkernel, dbias, geometry))


affine.defvjp(_affine_forward, _affine_backward)
input_gradient.defvjp(_input_forward, _input_backward)
weight_gradients.defvjp(_weights_forward, _weights_backward)
