"""Layers that bring raw numbers to a good scale, so that a model takes its data as they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem
from striate.layers._base import Result, Shape
from striate.layers._moments import Moments
from striate.layers._pointwise import Pointwise, example_axis
from striate.layers._rule_kinds import flag
from striate.layers._rules import RefusedError, Rule, as_number, as_sequence, as_whole, optional
from striate.layers._shapes import label, refuse, single

_SMALLEST_DEVIATION = 1e-7
"""Divisors are at least this, as in Keras."""


def _numbers(value: Any, axes: int) -> Any:
    """A float, or tuples of floats nested like the array; all rows of one length."""
    if hasattr(value, "__float__") and not getattr(value, "ndim", 0):
        return as_number(value)
    rows = tuple(_numbers(entry, axes) for entry in as_sequence(value))
    if not rows or len({_shape_of(row) for row in rows}) > 1:
        raise RefusedError
    return rows


def _shape_of(numbers: Any) -> Shape:
    """The shape of nested tuples."""
    return (len(numbers), *_shape_of(numbers[0])) if isinstance(numbers, tuple) else ()


def _kept_axes(value: Any, axes: int) -> tuple[int, ...]:
    """Axes that keep their own statistics: None for none, else each once and never the batch axis."""
    if value is None:
        return ()
    kept = (as_whole(value),) if hasattr(value, "__index__") else tuple(map(as_whole, as_sequence(value)))
    if 0 in kept or len(set(kept)) != len(kept):
        raise RefusedError
    return kept


def _numbers_rule(expected: str, cure: str) -> Rule:
    wrong = (None, "1", True, float("nan"), (), (1.0, (2.0,)), {"mean": 1.0})
    return Rule("value", expected, cure, _numbers, wrong)


_STATISTIC = optional(_numbers_rule("a number or an array of them", "Give it, or call adapt(data)."))


def _as_float(x: jax.Array) -> jax.Array:
    """Whole numbers, such as raw pictures, as float32; floats as they are."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)


@dataclass(frozen=True, repr=False)
class Rescaling(Pointwise):
    """x * scale + offset; raw uint8 pictures come out as float32.

    Args:
        scale: a number such as 1 / 255, or one for each channel.
        offset: what is added afterwards, likewise.

    >>> Rescaling(1 / 127.5, offset=-1).output_shape((28, 28, 1))
    (28, 28, 1)
    """

    KIND: ClassVar[str] = "rescale"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "scale": _numbers_rule("a number, or one for each channel", "Give for instance 1 / 255."),
        "offset": _numbers_rule(
            "a number, or one for each channel", "Give for instance -1, or leave it out."
        ),
    }

    scale: Any
    offset: Any = 0.0

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape = single(self, inputs)
        for name in ("scale", "offset"):
            found = _shape_of(getattr(self, name))
            if found not in ((), shape[-1:]):
                happened = f"{name} has shape {found} for the input {shape}"
                raise refuse(self, happened, "one number, or one for each channel", f"Change {name}.")
        return shape

    def macs(self, *inputs: Shape) -> int:
        """One for each number."""
        return math.prod(single(self, inputs))

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C)."""
        x = _as_float(inputs[0])
        scale, offset = (_lift(jnp.asarray(n, x.dtype), x.ndim) for n in (self.scale, self.offset))
        return Result(x * scale + offset)


def _lift(numbers: jax.Array, ndim: int) -> jax.Array:
    """(C,) as (1, ..., 1, C); a single number as it is."""
    return numbers.reshape((1,) * (ndim - 1) + numbers.shape) if numbers.ndim else numbers


@dataclass(frozen=True, repr=False)
class Normalization(Pointwise):
    """(x - mean) / sqrt(variance), with statistics that are known beforehand.

    Args:
        axis: the axes that keep their own statistics, counted with the batch axis; None for one in all.
        mean, variance: the statistics, both or none; `adapt` finds them in data.
        invert: True multiplies and adds instead, which undoes it.

    >>> import numpy as np
    >>> layer = Normalization(axis=None).adapt(np.array([[1.0], [3.0]]))
    >>> layer.mean, layer.variance
    (2.0, 1.0)

    The statistics are hyperparameters of the layer and no weights: they are saved with the architecture.
    Unlike in Keras, a layer is a value that never changes, so that `adapt` returns a new one; and a layer
    without statistics is refused, where Keras lets everything through unchanged.
    """

    KIND: ClassVar[str] = "normalize"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "axis": Rule(
            "shape",
            "axes other than the batch axis 0, each once, or None",
            "Give -1 for the channels, or None for one mean and variance in all.",
            _kept_axes,
            (0, (1, 1), "1", 1.5, True),
        ),
        "mean": _STATISTIC,
        "variance": _STATISTIC,
        "invert": flag("Write invert=True to undo a normalization."),
    }

    axis: Any = -1
    mean: Any = None
    variance: Any = None
    invert: bool = False

    def conflicts(self) -> Iterable[Problem]:
        """One statistic without the other, of another shape, or a negative variance."""
        mean, variance = self.mean, self.variance
        if (mean is None) != (variance is None):
            found = f"got mean={mean} and variance={variance}"
            yield Problem(
                "Normalization.mean", found, "both or none of them", "Give both, or call adapt(data)."
            )
        elif mean is not None and _shape_of(mean) != _shape_of(variance):
            found = f"mean has shape {_shape_of(mean)} and variance {_shape_of(variance)}"
            yield Problem("Normalization.mean", found, "one shape for both", "Give as many of each.")
        elif mean is not None and min(_flat(variance)) < 0:
            found, cure = f"variance holds {min(_flat(variance)):g}", "Give squares of standard deviations."
            yield Problem("Normalization.variance", found, "no negative numbers", cure)

    def adapt(self, data: Any) -> Normalization:
        """A new layer with the statistics of `data`; this one stays as it is.

        Args:
            data: an array (N, ...) or an iterable of such batches; sums are made in float64.

        Raises:
            DataError: there are no data, they are not finite, or batches differ in shape.
        """
        moments = Moments.of(data, self.axis, label(self))
        return replace(self, mean=moments.mean.tolist(), variance=moments.variance.tolist())

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape = single(self, inputs)
        if self.mean is None:
            cure = "Use layer = layer.adapt(data), which returns a new layer, or give mean and variance."
            raise ArgumentError(
                Problem(label(self), "it has no statistics yet", "a mean and a variance", cure)
            )
        kept = sorted(example_axis(self, shape, axis) for axis in self.axis)
        wanted, found = tuple(shape[place] for place in kept), _shape_of(self.mean)
        if found not in ((), wanted):
            happened = f"mean has shape {found} for the input {shape} and axis {self.axis}"
            raise refuse(self, happened, f"one number or shape {wanted}", "Adapt it to data of this shape.")
        return shape

    def macs(self, *inputs: Shape) -> int:
        """One for each number."""
        return math.prod(single(self, inputs))

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        x = _as_float(inputs[0])
        self.output_shape(x.shape[1:])
        mean, variance = (self._lifted(numbers, x) for numbers in (self.mean, self.variance))
        deviation = jnp.maximum(jnp.sqrt(variance), jnp.asarray(_SMALLEST_DEVIATION, x.dtype))
        return Result(x * deviation + mean if self.invert else (x - mean) / deviation)

    def _lifted(self, numbers: Any, x: jax.Array) -> jax.Array:
        """The statistics with an axis of size 1 for each axis they do not keep."""
        array = jnp.asarray(numbers, x.dtype)
        if not array.ndim:
            return array
        kept = {axis % x.ndim for axis in self.axis}
        return array.reshape([size if axis in kept else 1 for axis, size in enumerate(x.shape)])


def _flat(numbers: Any) -> Iterable[float]:
    """The floats of nested tuples."""
    return (n for row in numbers for n in _flat(row)) if isinstance(numbers, tuple) else (numbers,)
