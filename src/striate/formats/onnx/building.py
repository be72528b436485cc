"""The graph in the making: nodes and constants as plain data, and values that know which way they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from striate.layers._base import Shape


@dataclass(frozen=True)
class Value:
    """Numbers on their way through the graph.

    Args:
        name: in the graph.
        shape: of one example, as we have it: (H, W, C).
        first: whether the graph has the channels before the places: (N, C, H, W).
    """

    name: str
    shape: Shape
    first: bool = False

    @property
    def axes(self) -> int:
        """How many axes there are with the batch axis."""
        return len(self.shape) + 1

    def axis(self, ours: int) -> int:
        """Where an axis of ours, counted with the batch axis, lies in the graph."""
        ours = ours % self.axes
        if not self.first or ours == 0:
            return ours
        return 1 if ours == self.axes - 1 else ours + 1


@dataclass
class NodeText:
    """A node: what is done, to which values, and what comes out."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


@dataclass
class Builder:
    """Collects nodes and constants.

    Args:
        weights: {path of the layer that owns them: {weight: array}}.
    """

    weights: Mapping[str, Mapping[str, np.ndarray]]
    nodes: list[NodeText] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    scope: str = ""
    _turned: dict[tuple[str, bool], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _given: set[str] = field(default_factory=set)

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node in the scope of the layer at work; its output's name."""
        output = self._free(f"{self.scope}/{kind}")
        self.nodes.append(NodeText(kind, inputs, output, attributes))
        return output

    def constant(self, hint: str, array: Any, dtype: Any = np.float32) -> str:
        """Keep an array; its name."""
        name = self._free(f"{self.scope}/{hint}")
        self.constants[name] = np.ascontiguousarray(array, dtype)
        return name

    def whole(self, hint: str, numbers: Sequence[int]) -> str:
        """Keep whole numbers, such as the entries of a shape."""
        return self.constant(hint, list(numbers), np.int64)

    def weight(self, owner: str, weight: str, turned: np.ndarray) -> str:
        """Keep a weight once, however many layers share it; its name."""
        name = f"{owner}/{weight}"
        if name not in self.constants:
            self._taken.add(name)
            self.constants[name] = np.ascontiguousarray(turned, np.float32)
        return name

    def channels_first(self, value: Value) -> Value:
        """The value as (N, C, ...), turned by a node if it must be."""
        return self._turn(value, True)

    def channels_last(self, value: Value) -> Value:
        """The value as (N, ..., C), turned by a node if it must be."""
        return self._turn(value, False)

    def like(self, value: Value, model: Value) -> Value:
        """The value turned as another one lies."""
        return self._turn(value, model.first)

    def finish(self, value: Value, before: int, path: str) -> Value:
        """Give the last of the nodes since `before` the name of the layer, so that people find it."""
        if len(self.nodes) == before or self.nodes[-1].output != value.name or path in self._taken:
            return value
        self._taken.add(path)
        self.nodes[-1].output = path
        return Value(path, value.shape, value.first)

    def spread(self, numbers: np.ndarray, value: Value) -> np.ndarray:
        """Numbers of the last axes of ours, with the axes as the value has them, to meet it in arithmetic.

        A single number stays one; (C,) becomes (1, C, 1, 1) where channels come first.
        """
        if not numbers.ndim:
            return numbers
        whole = numbers.reshape((1,) * (value.axes - numbers.ndim) + numbers.shape)
        return np.moveaxis(whole, -1, 1) if value.first else whole

    def reserve(self, name: str) -> None:
        """Keep a name for an input."""
        self._taken.add(name)

    def give(self, value: Value, name: str) -> str:
        """Make a value an output of the graph under this name, in our order of axes."""
        last = self.channels_last(value)
        made_here = any(node.output == last.name for node in self.nodes)
        if last.name == name and made_here and name not in self._given:
            self._given.add(name)
            return name
        if any(node.output == name for node in self.nodes):
            self._rename(name, self._free(f"{name}/channels_first"))
        self._taken.add(name)
        self._given.add(name)
        self.nodes.append(NodeText("Identity", (last.name,), name, {}))
        return name

    def _rename(self, old: str, new: str) -> None:
        for node in self.nodes:
            node.inputs = tuple(new if each == old else each for each in node.inputs)
            node.output = new if node.output == old else node.output

    def _turn(self, value: Value, first: bool) -> Value:
        if value.first == first or len(value.shape) < 2:
            return Value(value.name, value.shape, first and len(value.shape) > 1)
        key = (value.name, first)
        if key not in self._turned:
            last = value.axes - 1
            order = (0, last, *range(1, last)) if first else (0, *range(2, last + 1), 1)
            scope, self.scope = self.scope, value.name
            self._turned[key] = self.op("Transpose", value.name, perm=order)
            self.scope = scope
        return Value(self._turned[key], value.shape, first)

    def _free(self, name: str) -> str:
        """The name, with a number if it is taken."""
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(found)
        return found
