"""The door to the native kernels: finding the library, naming its functions, saying when they may be used.

Nothing else knows whether the kernels exist. `STRIATE_NATIVE=0` leaves them out, `STRIATE_ISA=avx2` (or
`plain`) chooses a lesser variant, `STRIATE_THREADS` (else `OMP_NUM_THREADS`) caps the threads of a call.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import lax

from striate._memory import use_large_pages

FUNCTIONS = (
    *("conv_forward", "conv_input_gradient", "conv_kernel_gradient", "conv_pack", "conv_packed"),
    *("norm_forward", "norm_gradient"),
    *("pool_max", "pool_max_gradient", "pool_sum", "pool_sum_gradient"),
)


@functools.cache
def library() -> ctypes.CDLL | None:
    """The loaded library, its functions made known to XLA; None where there is none or it is switched off."""
    if os.environ.get("STRIATE_NATIVE") == "0":
        return None
    folder = Path(__file__).parent
    for path in (folder / "striate_kernels.dev.so", folder / "striate_kernels.so"):
        if path.exists():
            return _register(path)
    return None


def _register(path: Path) -> ctypes.CDLL | None:
    """Load a library; one that this machine can not load is as good as none."""
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError:
        return None
    loaded.striate_isa.restype = ctypes.c_char_p
    loaded.striate_halves.restype = ctypes.c_int64
    loaded.striate_packed_floats.restype = ctypes.c_int64
    loaded.striate_packed_floats.argtypes = [ctypes.c_int64] * 6
    loaded.striate_points.restype = ctypes.c_int64
    loaded.striate_points.argtypes = [ctypes.c_int64] * 6
    for name in FUNCTIONS:
        capsule = jax.ffi.pycapsule(getattr(loaded, f"striate_{name}"))
        jax.ffi.register_ffi_target(f"striate_{name}", capsule, platform="cpu")
    use_large_pages()
    return loaded


def isa() -> str | None:
    """The instruction set in use: "avx512", "avx2", "neon" or "plain"; None in pure JAX."""
    loaded = library()
    return None if loaded is None else loaded.striate_isa().decode()


def takes_halves() -> bool:
    """True if packed convolutions read and write bfloat16: the processor multiplies such numbers."""
    loaded = library()
    return loaded is not None and bool(loaded.striate_halves())


def usable() -> bool:
    """True if programs may call the kernels at all.

    Several CPU devices in one process mean that someone shards arrays over them; XLA can split its own
    operations but not ours.
    """
    return jax.default_backend() == "cpu" and library() is not None and jax.local_device_count("cpu") == 1


def fit(*arrays: jax.Array) -> bool:
    """True if the kernels can take these arrays."""
    return all(array.dtype == np.float32 and array.size > 0 for array in arrays) and usable()


def either(native: Callable[..., Any], plain: Callable[..., Any], *arrays: jax.Array) -> Any:
    """Call `native` where the program is compiled for a CPU, `plain` elsewhere and under `jax.vmap`."""
    if not usable():
        return plain(*arrays)

    @jax.custom_batching.custom_vmap
    def chosen(*args: jax.Array) -> Any:
        return lax.platform_dependent(*args, cpu=native, default=plain)

    @chosen.def_vmap
    def batched(axis_size: int, in_batched: Sequence[bool], *args: jax.Array) -> tuple[Any, Any]:
        outputs = jax.vmap(plain, [0 if b else None for b in in_batched], axis_size=axis_size)(*args)
        return outputs, jax.tree.map(lambda _: True, outputs)

    return chosen(*arrays)


def call(name: str, results: Any, *arrays: jax.Array, **attributes: Any) -> Any:
    """Call one of the library's functions; whole numbers and tuples of them become 64-bit attributes."""
    numbers = {key: _attribute(value) for key, value in attributes.items()}
    return jax.ffi.ffi_call(f"striate_{name}", results)(*arrays, **numbers)


def _attribute(value: Any) -> Any:
    if isinstance(value, float):
        return np.float32(value)
    return np.int64(value) if isinstance(value, int) else np.asarray(value, np.int64)
