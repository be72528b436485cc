"""A convolution whose output maps each read some of the input channels only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate import ops
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Sees, Shape, Weight, Window
from striate.layers._conv_shared import CONV_RULES, declare, fit, window_of
from striate.layers._rules import RefusedError, Rule, Sizes, as_sequence, as_whole
from striate.layers._shapes import image, refuse


def _table(value: Any, axes: int) -> tuple[tuple[int, ...], ...]:
    """For each output map the channels it reads, in ascending order, each once."""
    rows = tuple(tuple(as_whole(entry, 0) for entry in as_sequence(row)) for row in as_sequence(value))
    if not rows or any(not row or len(set(row)) != len(row) for row in rows):
        raise RefusedError
    return tuple(tuple(sorted(row)) for row in rows)


_CONNECTIONS = Rule(
    "value",
    "a tuple for each output map of the input channels it reads, each once",
    "Write for instance connections=((0, 1), (1, 2)).",
    _table,
    (None, 3, "01", (), ((),), (0, 1), ((0, 0),), ((0, -1),), ((0, 1.5),), ((0, True),)),
)


@dataclass(frozen=True, repr=False)
class PartialConv2D(Layer):
    """Slides kernels over some of the channels of a picture: a connection table says which map reads which.

    z[n, i, j, f] = bias[f] + sum_{u, v, c in connections[f]} x[n, i s + u, j s + v, c] kernel[u, v, (c, f)]

    Only kernels of connections that exist are kept: the last axis of `kernel` goes through the table row by
    row, f being slow and c fast.

    Args:
        connections: for each output map the input channels it reads; there are as many maps as rows.
        kernel_size, strides: the size of the kernel and s, each an int or (vertical, horizontal).
        padding: as for Conv2D. data_format: "channels_last" or None.
        activation: a name such as "relu", or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: what the loss adds for them.

    >>> conv = PartialConv2D(((0, 1), (1, 2), (0, 1, 2)), 5)
    >>> {name: weight.shape for name, weight in conv.weights((14, 14, 3)).items()}
    {'kernel': (5, 5, 7), 'bias': (3,)}

    LeCun et al., Gradient-based learning applied to document recognition, 1998, table I. Neither Keras nor
    PyTorch has such a layer.
    """

    KIND: ClassVar[str] = "partial_conv"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = {**CONV_RULES, "connections": _CONNECTIONS}

    connections: Any
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    data_format: str | None = "channels_last"
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    @property
    def filters(self) -> int:
        """How many output maps there are."""
        return len(self.connections)

    @property
    def links(self) -> int:
        """How many pairs of an input channel and an output map are connected."""
        return sum(map(len, self.connections))

    def output_shape(self, *inputs: Shape) -> Shape:
        """(H, W, channels) -> (windows on each axis..., maps)."""
        *sizes, channels = image(self, inputs)
        last = max(map(max, self.connections))
        if last >= channels:
            happened = f"its table names channel {last}, and the input {inputs[0]} has {channels}"
            raise refuse(self, happened, f"channels from 0 to {channels - 1}", "Correct the table.")
        return (*fit(self, tuple(sizes), window_of(self, tuple(sizes))), self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (*kernel_size, connections) and bias (maps,)."""
        return declare(self, (self.filters,), kernel=(*self.kernel_size, self.links))

    def window(self, *inputs: Shape) -> Window:
        """The kernel's window."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """One for each kernel entry at each output position."""
        return math.prod(self.output_shape(*inputs)[:-1]) * math.prod(self.kernel_size) * self.links

    def whole_kernel(self, kernel: jax.Array, channels: int) -> jax.Array:
        """(kh, kw, channels, maps): the kernel of the Conv2D that does the same, 0 where nothing connects."""
        sources = np.concatenate([np.asarray(row) for row in self.connections])
        maps = np.repeat(np.arange(self.filters), [len(row) for row in self.connections])
        empty = jnp.zeros((*self.kernel_size, channels, self.filters), kernel.dtype)
        return empty.at[:, :, sources, maps].set(kernel)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, H, W, channels) -> (N, H', W', maps)."""
        (x,) = inputs
        kernel = self.whole_kernel(weights["kernel"], x.shape[-1])
        z = ops.conv2d(x, kernel, weights.get("bias"), strides=self.strides, padding=self.padding)
        return finish(z, self.activation)
