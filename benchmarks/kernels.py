"""Our native kernels beside what stands in for them: plain sums, or the same arithmetic by XLA.

    python benchmarks/kernels.py [--repeats 15] [--write]

A 3x3 convolution by Winograd beside the sums in order, both ours; batch norm with relu, and a convolution of
one filter a channel, beside XLA's operations. Each row is a forward and a backward pass of a compiled
function, the two sides in turns; the ratio is that of the medians, below 1 where the kernel is faster.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _clock import clock
from _keeping import keep

from striate import ops
from striate.ops._conv_gradients import Spec
from striate.ops._grouped import convolve_groups

SQUARE = (
    *((128, 32, 32, 32), (32, 15, 64, 64), (32, 6, 64, 64)),
    *((8, 56, 64, 64), (8, 28, 128, 128), (8, 14, 256, 256), (16, 7, 512, 512), (8, 7, 512, 512)),
    *((1, 56, 64, 64), (1, 28, 128, 128)),
)
NORM = ((128, 32, 32, 16), (8, 56, 56, 64), (8, 56, 56, 256), (8, 28, 28, 512), (8, 7, 7, 2048))
ALONE = ((112, 32, 1), (112, 96, 2), (56, 144, 1), (28, 192, 1), (14, 384, 1), (14, 576, 2), (7, 960, 1))


def drawn(*shape: int) -> jax.Array:
    """Normal numbers."""
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


def both_ways(function: Callable[..., jax.Array], *arrays: jax.Array) -> Callable[[], Any]:
    """A compiled call that gives the value and all gradients."""

    def run(*arrays: jax.Array) -> Any:
        value, back = jax.vjp(function, *arrays)
        return value, back(jnp.ones_like(value))

    compiled = jax.jit(run)
    return lambda: jax.block_until_ready(compiled(*arrays))


def square(n: int, side: int, depth: int, breadth: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Winograd, and sums in order."""
    x, kernel = drawn(n, side, side, depth), drawn(3, 3, depth, breadth)

    def fast(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return ops.conv2d(x, kernel, padding="same")

    def plain(x: jax.Array, kernel: jax.Array) -> jax.Array:
        with ops.sums_in_order():
            return ops.conv2d(x, kernel, padding="same")

    name = f"3x3 convolution, {n} x {side} x {side}, {depth} to {breadth}, beside plain sums"
    return name, both_ways(fast, x, kernel), both_ways(plain, x, kernel)


def norm(*shape: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """Batch norm and relu: one operation, and three of XLA's."""
    x, gamma, beta = drawn(*shape), drawn(shape[-1]), drawn(shape[-1])

    def own(x: jax.Array, gamma: jax.Array, beta: jax.Array) -> jax.Array:
        return ops.normalize_batch(x, gamma, beta, 1e-3, relu=True)[0]

    def separate(x: jax.Array, gamma: jax.Array, beta: jax.Array) -> jax.Array:
        return ops.relu(ops.batch_norm(x, *ops.batch_moments(x), gamma, beta))

    arrays = (x, gamma, beta)
    return f"batch norm and relu, {shape}, beside XLA", both_ways(own, *arrays), both_ways(separate, *arrays)


def alone(side: int, channels: int, stride: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    """One filter a channel: our kernel, and the shifted products that XLA makes of it."""
    x, kernel = drawn(8, side, side, channels), drawn(3, 3, channels, 1)
    pads = ops.resolve_padding("same", (side, side), (3, 3), (stride, stride), (1, 1))
    spec = Spec((stride, stride), pads, (1, 1))

    def own(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return ops.depthwise_conv2d(x, kernel, strides=stride, padding="same")

    def shifted(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return convolve_groups(x, kernel.reshape(3, 3, 1, channels), spec, channels)

    name = f"one filter a channel, 8 x {side} x {side} x {channels} / {stride}, beside XLA"
    return name, both_ways(own, x, kernel), both_ways(shifted, x, kernel)


def compare(name: str, own: Callable[[], Any], other: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """Milliseconds of both and their ratio; what they give is close."""
    for a, b in zip(jax.tree.leaves(own()), jax.tree.leaves(other()), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4 * float(jnp.abs(b).max()), rtol=0)
    samples: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, taken in zip((own, other), samples, strict=True):
            began = clock()
            side()
            taken.append(1e3 * (clock() - began))
    mine, theirs = map(statistics.median, samples)
    print(f"{mine:8.2f} ms {theirs:8.2f} ms  ratio {mine / theirs:.2f}  {name}", flush=True)
    return {
        "work": name,
        "ms": round(mine, 3),
        "other_ms": round(theirs, 3),
        "ratio": round(mine / theirs, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="keep it in results/kernels.json")
    given = parser.parse_args()
    works = [*(square(*s) for s in SQUARE), *(norm(*s) for s in NORM), *(alone(*s) for s in ALONE)]
    rows = [compare(*work, given.repeats) for work in works]
    if given.write:
        keep("kernels", {"rows": rows})


if __name__ == "__main__":
    main()
