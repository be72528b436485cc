"""How much faster are our gradients than JAX's own? Ratios from one process, called once and inside a loop.

    python benchmarks/ops_gradients.py [--batch 128] [--repeats 7] [--write]

Every pair of programs is timed in turns in the same process, so that a busy machine slows both alike; each
number is the median over the repeats, and the ratio is what counts. "Entry" is one compiled call; "loop" is
one step inside `lax.scan`, where a training epoch lives. The layers are those of mnist-convnet. The native
kernels are left out: this is about the rules in pure JAX, which run everywhere.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("STRIATE_NATIVE", "0")

import jax
import jax.numpy as jnp
from _clock import clock
from jax import lax

from striate import ops

Program = Callable[..., jax.Array]
STEPS = 3
RESULTS = Path(__file__).parent / "results" / "ops-gradients.md"


def default_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The convolution whose gradient JAX derives."""
    order = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=order)


def default_pool(x: jax.Array) -> jax.Array:
    """The pooling whose gradient JAX derives."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def own_pool(x: jax.Array) -> jax.Array:
    """Our pooling of 2x2 windows."""
    return ops.max_pool(x, 2)


def network(conv: Program, pool: Program) -> Program:
    """The loss of mnist-convnet: conv 32, pool, conv 64, pool, conv 64, dense 64, dense 10."""

    def loss(
        x: jax.Array, first: jax.Array, second: jax.Array, third: jax.Array, dense: jax.Array
    ) -> jax.Array:
        maps = pool(ops.relu(conv(x, first)))
        maps = pool(ops.relu(conv(maps, second)))
        maps = ops.relu(conv(maps, third))
        return ops.relu(maps.reshape(x.shape[0], -1) @ dense)

    return loss


def cases(batch: int) -> dict[str, tuple[Program, Program, list[tuple[int, ...]], tuple[int, ...]]]:
    """Name: (ours, the default, shapes of the arguments, which of them want a gradient)."""
    conv, net = (
        (ops.conv2d, default_conv),
        (network(ops.conv2d, own_pool), network(default_conv, default_pool)),
    )
    weights = [(3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 64), (576, 64)]
    return {
        "conv 3x3, 28x28x1 to 32 (weights only)": (*conv, [(batch, 28, 28, 1), weights[0]], (1,)),
        "conv 3x3, 13x13x32 to 64": (*conv, [(batch, 13, 13, 32), weights[1]], (0, 1)),
        "conv 3x3, 5x5x64 to 64": (*conv, [(batch, 5, 5, 64), weights[2]], (0, 1)),
        "max pool 2x2 of 26x26x32": (own_pool, default_pool, [(batch, 26, 26, 32)], (0,)),
        "max pool 2x2 of 11x11x64": (own_pool, default_pool, [(batch, 11, 11, 64)], (0,)),
        "the whole network": (*net, [(batch, 28, 28, 1), *weights], (1, 2, 3, 4)),
    }


def step(function: Program, wanted: tuple[int, ...]) -> Callable[..., tuple[jax.Array, ...]]:
    """One forward and backward pass."""

    def run(*arguments: jax.Array) -> tuple[jax.Array, ...]:
        return jax.grad(lambda *a: 0.5 * jnp.sum(jnp.square(function(*a))), wanted)(*arguments)

    return run


def looped(function: Program, wanted: tuple[int, ...]) -> Callable[..., list[jax.Array]]:
    """The same inside a loop, each pass depending on the one before so that none can be left out."""
    once = step(function, wanted)

    def run(*arguments: jax.Array) -> list[jax.Array]:
        def body(carry: list[jax.Array], _: None) -> tuple[list[jax.Array], None]:
            moved = list(carry)
            for position, gradient in zip(wanted, once(*carry), strict=True):
                moved[position] = moved[position] - 1e-9 * gradient
            return moved, None

        return lax.scan(body, list(arguments), None, length=STEPS)[0]

    return run


def medians(programs: list[Callable], arguments: list[jax.Array], repeats: int, passes: int) -> list[float]:
    """Milliseconds for each pass of each program, measured in turns."""
    compiled = [jax.jit(program) for program in programs]
    for program in compiled:
        jax.block_until_ready(program(*arguments))
    times: list[list[float]] = [[] for _ in compiled]
    for _ in range(repeats):
        for kept, program in zip(times, compiled, strict=True):
            start = clock()
            jax.block_until_ready(program(*arguments))
            kept.append((clock() - start) / passes * 1e3)
    return [statistics.median(kept) for kept in times]


def rows(batch: int, repeats: int) -> list[str]:
    """The table, a line for each case."""
    lines = [
        "| layer | entry: ours | default | ratio | loop: ours | default | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, (own, default, shapes, wanted) in cases(batch).items():
        keys = jax.random.split(jax.random.key(0), len(shapes))
        arguments = [jax.random.normal(key, shape) * 0.1 for key, shape in zip(keys, shapes, strict=True)]
        entry = medians([step(own, wanted), step(default, wanted)], arguments, repeats, 1)
        loop = medians([looped(own, wanted), looped(default, wanted)], arguments, repeats, STEPS)
        cells = [f"{ours:.2f} ms | {theirs:.2f} ms | {theirs / ours:.1f}x" for ours, theirs in (entry, loop)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def hardware() -> str:
    """The processor's name and how many cores we see."""
    named = Path("/proc/cpuinfo")
    text = named.read_text() if named.exists() else ""
    models = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure, print, and with --write keep the table beside this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="save the table in benchmarks/results/")
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    kind = "CPU time of all threads" if clock is time.process_time else "wall time"
    versions = f"Python {platform.python_version()}, JAX {jax.__version__}"
    head = [
        "# Gradients of convolution and pooling, ours against JAX's own",
        "",
        f"`python benchmarks/ops_gradients.py --batch {options.batch} --repeats {options.repeats}`",
        "",
        f"{hardware()}; {versions}; load before the run {load}.",
        f"Forward and backward pass of one batch of {options.batch} without the native kernels; {kind},",
        f"medians of {options.repeats} runs taken in turns; a ratio above 1 means that ours is faster.",
        "",
    ]
    print("\n".join(head))
    table = rows(options.batch, options.repeats)
    if options.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("\n".join([*head, *table]) + "\n")


if __name__ == "__main__":
    main()
