"""Layers in a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.network import InputSpec, Network, sequential
from striate.training import _weights
from striate.training._batches import are_batches, is_array_like
from striate.training._model import Model
from striate.training._starts import lend
from striate.training._weighted import Weighted


class Sequential(Model):
    """A model whose layers each read the one before.

    Args:
        layers: the layers; `Input(shape)` first, or a first layer with `input_shape=`, or neither: then the
            first data that come settle the shape. Models may stand among the layers and give their weights
            as start values.
        name: its name; it begins the paths when the model is used as a layer.
        seed: decides the first weights, order and dropout; the one of `utils.set_random_seed` unless given.

    Raises:
        ArgumentError, ShapeError: all that is wrong with the row, at once.

    >>> from striate.layers import Dense
    >>> Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(2)]).count_params()
    58
    """

    def __init__(
        self, layers: Iterable[Any] | None = None, name: str | None = None, *, seed: int | None = None
    ) -> None:
        """Put the layers in a row; weights are drawn when they are first needed."""
        if layers is not None and not isinstance(layers, Iterable):
            happened, cure = f"got one {type(layers).__name__}", "Write Sequential([...]), with brackets."
            raise ArgumentError(Problem("Sequential", happened, "a list of layers", cure))
        self._items = list(layers or ())
        self._wished_name = name
        self._begin(self._row(), seed)

    def add(self, layer: Any) -> None:
        """Put a layer, a model or an `Input` at the end; weights that are there already stay."""
        self._items.append(layer)
        self._grow()

    def pop(self) -> Any:
        """Take the last layer away and give it back."""
        last = self._items.pop()
        self._grow()
        return last

    def build(self, input_shape: Any) -> None:
        """Settle the shape of the input, with None for the batch axis as in Keras."""
        shape = tuple(input_shape)
        self._settle(shape[1:] if shape and shape[0] is None else shape)

    def _row(self) -> Network:
        """The network of the items; its input may still be open."""
        layers = [lend(item) if isinstance(item, Weighted) else item for item in self._items]
        network = sequential(layers, name=self._wished_name)
        return network if network.inputs[0].shape is None else network.verify()

    def _grow(self) -> None:
        """Take the new row, keeping the weights that fit."""
        kept = None if self._variables is None else _weights.flat(self._variables)
        self._enter(self._row())
        if kept is not None and not self.network.errors():
            self._variables = None
            self._variables = _weights.overlaid(self.network, self.variables, kept)

    def _settle(self, shape: tuple[int, ...]) -> None:
        """Give an open input its shape."""
        spec = self.network.inputs[0]
        if spec.shape is None:
            network = replace(self.network, inputs=(InputSpec(spec.name, shape),))
            self._enter(network.verify())

    def _build_for(self, x: Any) -> None:
        """Settle an open input by the first data."""
        if self.network.inputs[0].shape is not None:
            return
        if are_batches(x, None) and isinstance(x, list | tuple):
            x = x[0][0]
        if is_array_like(x):
            self._settle(tuple(x.shape[1:]))
