"""A kernel packed once for many answers, in the order in which the native kernels read it.

Packing reads and writes every weight; for a single picture that takes longer than the convolution itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.ops import _native, _ways
from striate.ops._conv_native import Geometry


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PackedKernel:
    """A kernel that only the native kernels can read, and only forward.

    Args:
        data: its numbers, rounded ones two in a float's place. shape: (kh, kw, C, F) or (C, F), as it was.
        half: whether the numbers are rounded to bfloat16.
        points: on how many points a side it was evaluated for Winograd's products; 0: its taps as they are.
    """

    data: jax.Array
    shape: tuple[int, ...] = field(metadata={"static": True})
    half: bool = field(metadata={"static": True})
    points: int = field(metadata={"static": True})
    dtype: ClassVar[np.dtype] = np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """The number of axes that it had."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of weights that it had."""
        return math.prod(self.shape)

    @property
    def taps(self) -> tuple[int, int]:
        """Its rows and columns; a dense layer is a convolution with one tap."""
        return (self.shape[0], self.shape[1]) if self.ndim == 4 else (1, 1)


def pack_kernel(
    kernel: jax.Array | PackedKernel, sizes: tuple[int, int] | None = None
) -> jax.Array | PackedKernel:
    """A kernel (kh, kw, C, F) or (C, F) of one group, packed where there are native kernels, else as it is.

    It counts where the program is traced whether products of bfloat16 numbers are wanted (`products_of`), or
    sums in order.

    Args:
        kernel: that is packed.
        sizes: rows and columns of its answers, where it moves by single pixels and they are known; a 3x3
            kernel may then be packed for Winograd's products, and answers only such convolutions.
    """
    library = _native.library()
    if isinstance(kernel, PackedKernel) or library is None or not _native.fit(kernel):
        return kernel
    whole, half = kernel if kernel.ndim == 4 else kernel[None, None], _ways.half()
    fastest = sizes is not None and not half and not _ways.in_order()
    points = library.striate_points(*(sizes or ()), *whole.shape) if fastest else 0
    size = library.striate_packed_floats(*whole.shape, int(half), points)
    result = jax.ShapeDtypeStruct((size,), kernel.dtype)
    data = _native.call("conv_pack", result, whole, half=int(half), points=points)
    return PackedKernel(data, kernel.shape, half, points)


def convolve_packed(
    x: jax.Array,
    kernel: PackedKernel,
    bias: jax.Array | None,
    addend: jax.Array | None,
    *,
    geometry: Geometry,
    relu: bool = False,
    pool: int = 1,
    narrow: bool = False,
) -> jax.Array:
    """The same as `native_forward` on x (N, H, W, C); it has no gradient.

    x and addend may be bfloat16 where the kernel is rounded and the processor can; the answer is if `narrow`.
    """
    features = kernel.shape[-1]
    offset = jnp.zeros(features, kernel.dtype) if bias is None else bias
    sizes = geometry.sizes(x.shape[1:3], kernel.taps)
    shape = (x.shape[0], sizes[0] // pool, sizes[1] // pool, features)
    results = (
        jax.ShapeDtypeStruct(shape, jnp.bfloat16 if narrow else kernel.dtype),
        jax.ShapeDtypeStruct(shape if pool > 1 else (0,), jnp.uint8),
    )
    numbers = {**geometry.attributes(sizes), "half": int(kernel.half)}
    given = (x, kernel.data, offset, jnp.zeros(0, kernel.dtype) if addend is None else addend)
    numbers |= {"taps": kernel.taps, "points": kernel.points, "relu": int(relu)}
    return _native.call("conv_packed", results, *given, **numbers)[0]
