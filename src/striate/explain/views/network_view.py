"""The network view: units joined by edges, of which many carry the same weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explain.views._graph_drawing import Line, Unit, drawn
from striate.explain.views._names import figure
from striate.explain.views.focus import Focus, position_of
from striate.layers._base import Shape
from striate.pages import Note, Panel, Part, Shown, Table

MOST_UNITS = 25
"""Units of one column that can still be told apart."""


@dataclass(frozen=True)
class Edge:
    """One input that reaches one output.

    Args:
        output, input: their indices, channels last, without the batch. weight: the index into the kernel.
        value: the weight's number. order: which of the filter's weights it is.
    """

    output: Shape
    input: Shape
    weight: Shape
    value: float
    order: int


@dataclass(frozen=True, eq=False)
class NetworkView(Shown):
    """The sparse edges from input units to output units, coloured by the weight they share.

    Args:
        title: a heading. focus: where to look.
    """

    title: str
    focus: Focus

    def edges(self, positions: Sequence[Shape] | None = None, channel: int | None = None) -> tuple[Edge, ...]:
        """The edges that end in these outputs of the filter.

        Args:
            positions: of outputs; those that are shown unless given. channel: only edges from this channel.
        """
        convolution, filter, names = self.focus.convolution, self.focus.filter, self.focus.names
        wiring, edges = convolution.wiring, []
        for position in self.positions if positions is None else positions:
            found = convolution.terms(position, filter, channel)
            for i, w, value in zip(
                found.inputs.tolist(), found.weights.tolist(), found.factors.tolist(), strict=True
            ):
                ends = (*position, filter), position_of(i, wiring.input_shape)
                weight = position_of(w, wiring.kernel_shape)
                edges.append(Edge(*ends, weight, value, names.order(w, filter)))
        return tuple(edges)

    @property
    def positions(self) -> list[Shape]:
        """The outputs that are shown: all of a few, else so many neighbours that their inputs fit."""
        wiring = self.focus.convolution.wiring
        if int(np.prod(wiring.places)) <= 9:
            return self.focus.near(9)
        for most in (4, 3, 2):
            found = self.focus.near(most)
            reached = {i for place in found for i in wiring.sources(self._flat(place)).ravel().tolist()}
            if len(reached) <= MOST_UNITS:
                return found
        return [self.focus.position]

    def _flat(self, position: Shape) -> np.ndarray:
        return np.array([np.ravel_multi_index(position, self.focus.convolution.wiring.places)])

    def parts(self) -> Sequence[Part]:
        """A sentence, the drawing, and what each colour stands for."""
        focus, names = self.focus, self.focus.names
        edges = self.edges(channel=focus.channel)
        inputs = sorted({edge.input for edge in edges} | self._strangers())
        shape = focus.convolution.wiring.input_shape
        left = [Unit(names.input(int(np.ravel_multi_index(i, shape))).text) for i in inputs[:MOST_UNITS]]
        right = [Unit(names.output(position, focus.filter).text) for position in self.positions]
        place = {index: number for number, index in enumerate(inputs[:MOST_UNITS])}
        lines = [
            Line(place[edge.input], self.positions.index(edge.output[:-1]), edge.order)
            for edge in edges
            if edge.input in place
        ]
        picture = drawn(left, right, lines)
        caption = self._caption(len(edges) - len(lines))
        return [Note(self._sentence()), Panel("edges", picture, caption, smooth=True), *self._legend()]

    def _strangers(self) -> set[Shape]:
        """Inputs that no shown output reads; of a small input they are shown too."""
        wiring, channel = self.focus.convolution.wiring, self.focus.channel
        places = wiring.input_shape[:-1]
        if int(np.prod(places)) > MOST_UNITS or len(self.positions) < int(np.prod(wiring.places)):
            return set()
        return {(*index, channel) for index in np.ndindex(*places)}

    def _sentence(self) -> str:
        wiring = self.focus.convolution.wiring
        full = wiring.rows * wiring.columns
        return (
            f"{wiring.count:,} edges join {wiring.columns:,} inputs and {wiring.rows:,} outputs; "
            f"a dense layer would have {full:,}. They share {int(np.prod(wiring.kernel_shape)):,} weights."
        )

    def _caption(self, hidden: int) -> str:
        wiring, parts = self.focus.convolution.wiring, []
        if wiring.input_shape[-1] > 1:
            parts.append(f"channel {self.focus.channel} of {wiring.input_shape[-1]}")
        if len(self.positions) < int(np.prod(wiring.places)):
            parts.append(f"{len(self.positions)} of {int(np.prod(wiring.places)):,} outputs")
        return ", ".join([*parts, *([f"{hidden} edges left out"] if hidden else [])])

    def _legend(self) -> list[Part]:
        """Each weight of the shown channel with its letter, number and how many edges carry it."""
        focus, found = self.focus, {}
        entries = focus.convolution.wiring.entries(None, focus.filter, focus.channel)
        if not focus.convolution.wiring.shared:
            return []
        weights, counts = np.unique(entries.weights, return_counts=True)
        numbers = focus.convolution.kernel.ravel()[weights]
        for weight, number, count in zip(weights.tolist(), numbers, counts.tolist(), strict=True):
            order = focus.names.order(weight, focus.filter)
            found[order] = [focus.names.weight(weight, focus.filter).text, figure(number), f"{count:,}"]
        rows = [found[order] for order in sorted(found)][:MOST_UNITS]
        return [Table(["weight", "number", "edges that share it"], rows)]
