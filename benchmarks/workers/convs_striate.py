"""Answers [[n, h, ci, co, k, s], "fwd" | "dw" | "dx"] with how long our convolution takes."""

import json
import sys
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from _clock import measure

from striate import ops


@cache
def calls(shape: tuple[int, ...]) -> dict[str, object]:
    n, h, ci, co, k, s = shape
    random = np.random.default_rng(0)

    def floats(*sizes: int) -> jax.Array:
        return jnp.asarray(random.standard_normal(sizes), jnp.float32)

    x, kernel, bias = floats(n, h, h, ci), floats(k, k, ci, co), floats(co)

    def conv(x: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
        return ops.conv2d(x, kernel, bias, strides=s, padding=k // 2)

    forward = jax.jit(conv)
    dy = floats(*forward(x, kernel, bias).shape)
    dx = jax.jit(lambda dy, kernel: jax.vjp(lambda x: conv(x, kernel, bias), x)[1](dy))
    dw = jax.jit(lambda x, dy: jax.vjp(lambda k, b: conv(x, k, b), kernel, bias)[1](dy))
    return {
        "fwd": lambda: jax.block_until_ready(forward(x, kernel, bias)),
        "dw": lambda: jax.block_until_ready(dw(x, dy)),
        "dx": lambda: jax.block_until_ready(dx(dy, kernel)),
    }


for line in sys.stdin:
    shape, work = json.loads(line)
    print(json.dumps(measure(calls(tuple(shape))[work])), flush=True)
