"""Random convolutions, and a slow reference in float64."""

import jax.numpy as jnp
import numpy as np

from striate.ops._conv_native import Geometry


def reference(x, kernel, bias, dy, g):
    """y, dx, dkernel, dbias with one matrix product a tap and group."""
    x, kernel, dy = (np.asarray(a, np.float64) for a in (x, kernel, dy))
    padded = np.pad(x, ((0, 0), *g.pads, (0, 0)))
    (rows, columns), depth = dy.shape[1:3], kernel.shape[2]
    breadth = kernel.shape[3] // g.groups
    y, dkernel, dpadded = (
        np.zeros(dy.shape) + np.asarray(bias),
        np.zeros(kernel.shape),
        np.zeros(padded.shape),
    )
    for u, v, group in np.ndindex(*kernel.shape[:2], g.groups):
        down = slice(u * g.dilation[0], u * g.dilation[0] + (rows - 1) * g.strides[0] + 1, g.strides[0])
        right = slice(v * g.dilation[1], v * g.dilation[1] + (columns - 1) * g.strides[1] + 1, g.strides[1])
        seen = (slice(None), down, right, slice(group * depth, (group + 1) * depth))
        mine = slice(group * breadth, (group + 1) * breadth)
        y[..., mine] += padded[seen] @ kernel[u, v][:, mine]
        dkernel[u, v][:, mine] = np.tensordot(padded[seen], dy[..., mine], ((0, 1, 2), (0, 1, 2)))
        dpadded[seen] += dy[..., mine] @ kernel[u, v][:, mine].T
    (top, _), (left, _) = g.pads
    dx = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]]
    return y, dx, dkernel, dy.sum((0, 1, 2))


def draw(random):
    """A random convolution; None if the kernel does not fit."""
    pick = lambda *values: int(random.choice(values))  # noqa: E731
    groups = pick(1, 1, 1, 2, 3)
    widest = 6 if groups > 1 else 70
    depth, breadth = min(widest, pick(1, 3, 4, 8, 17, 33, 64)), min(widest, pick(1, 3, 10, 16, 20, 32, 70))
    taps = (pick(1, 2, 3, 3, 5), pick(1, 2, 3, 3, 7))
    pads = tuple((pick(0, 1, 2, 3), pick(0, 1, 2)) for _ in range(2))
    g = Geometry((pick(1, 1, 2, 4), pick(1, 1, 2, 3)), pads, (pick(1, 1, 2), pick(1, 1, 3)), groups)
    shape = (pick(1, 2, 3), pick(1, 4, 7, 14, 19), pick(1, 5, 8, 15, 30), depth * groups)
    fits = all(
        size + sum(pad) >= (tap - 1) * d + 1
        for size, pad, tap, d in zip(shape[1:3], pads, taps, g.dilation, strict=True)
    )
    return (shape, (*taps, depth, breadth * groups), g) if fits else None


def floats(random, *shape):
    return jnp.asarray(random.standard_normal(shape), jnp.float32)
