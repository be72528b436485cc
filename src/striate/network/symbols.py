"""Symbols: what layers are called on while a graph is drawn, in Keras' functional style."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from striate.errors import StriateError
from striate.layers._base import Layer, Shape
from striate.network._structure import Structure, whole_shape
from striate.network.shapes import unroll

_SERIAL = itertools.count()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer on symbols, or an input when there is no layer; each call is a thing of its own.

    Args:
        layer: what is called, None for an input.
        reads: the symbols it is called on.
        name: the wished name of an input.
        shape: the shape of an input.
        serial: calls are numbered as they are made, so each comes after the ones it reads.
    """

    layer: Layer | None = None
    reads: tuple[Symbol, ...] = ()
    name: str | None = None
    shape: Shape | None = None
    serial: int = field(default_factory=lambda: next(_SERIAL))


@dataclass(frozen=True, eq=False, repr=False)
class Symbol:
    """A value to come: the output of a call.

    Args:
        call: the call that makes it.
        shape: the shape of one example, None where a mistake hides it.
        output: which output it is, for a nested network with several.
    """

    call: Call
    shape: Shape | None
    output: int = 0

    def __repr__(self) -> str:
        """What makes it and its shape; the graph behind it can have as many paths as 2 to its depth."""
        layer = self.call.layer
        return f"<Symbol {self.call.name or 'Input' if layer is None else repr(layer)}: {self.shape}>"

    def followed_by(self, layer: Layer, *others: Symbol) -> Symbol | tuple[Symbol, ...]:
        """Put a layer behind this symbol and others; one symbol for each of its outputs."""
        reads = (self, *others)
        call = Call(layer, reads)
        symbols = tuple(Symbol(call, shape, index) for index, shape in enumerate(_shapes(layer, reads)))
        return symbols[0] if len(symbols) == 1 else symbols

    def __add__(self, other: Symbol) -> Any:
        """The sum, as `Add()([self, other])`."""
        from striate.layers import Add

        return Add()([self, other])

    def __mul__(self, other: Symbol) -> Any:
        """The product, as `Multiply()([self, other])`."""
        from striate.layers import Multiply

        return Multiply()([self, other])


def Input(
    shape: Sequence[int], batch_size: int | None = None, dtype: str | None = None, name: str | None = None
) -> Symbol:
    """The beginning of a network.

    Args:
        shape: the shape of one example, (H, W, C) for a picture; the batch axis is left out.
        batch_size, dtype: taken for Keras' sake and not used: a batch may have any size, numbers are float32.
        name: its name, "input1" and so on when left out.

    Raises:
        ArgumentError: the shape is not made of whole numbers; an axis of None is one of these.

    >>> Input((28, 28, 1)).shape
    (28, 28, 1)

    Unlike Keras, every axis has its size, so that shapes, costs and receptive fields are known.
    """
    concrete = whole_shape(shape, name or "Input")
    return Symbol(Call(name=name, shape=concrete), concrete)


def _shapes(layer: Layer, reads: tuple[Symbol, ...]) -> list[Shape | None]:
    """The shape of each output, None where a mistake hides it: the network tells it when it is made."""
    known = tuple(read.shape for read in reads if read.shape is not None)
    if isinstance(layer, Structure):
        if len(known) == len(reads) == len(layer.inputs):
            program = unroll(layer, known)
            return [program.shapes[path] for path in program.outputs]
        return [None] * len(layer.outputs)
    try:
        return [layer.output_shape(*known)] if len(known) == len(reads) else [None]
    except (StriateError, TypeError):
        return [None]
