"""The filter view: a window slides over the input, multiplies, and adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explain.views._cells import cells, framed, tint
from striate.explain.views._names import bracketed, figure
from striate.explain.views.focus import Focus, shown
from striate.explain.views.wiring import OUTSIDE
from striate.layers._base import Shape
from striate.pages import Note, Panel, Part, Shown, Table, enlarge, grey

WRITTEN = 12
"""Grids with sides up to this get their numbers written into them."""

MOST_TERMS = 6
"""Windows with more products than this are not written out one below the other."""


LOWEST = 28
"""Rows that stand alone are drawn at least so high."""


@dataclass(frozen=True, eq=False)
class Look:
    """What happens at one place of the sliding window.

    Args:
        position: of the output number. patch, kernel, products: (taps..., C) of the channels that are read;
            a tap on padding meets zero. bias: or None. sum: of the products and the bias.
    """

    position: Shape
    patch: np.ndarray
    kernel: np.ndarray
    products: np.ndarray
    bias: np.generic | None
    sum: np.generic


@dataclass(frozen=True, eq=False)
class FilterView(Shown):
    """The window at each position: patch, kernel, products, sum.

    Args:
        title: a heading. focus: where to look.
    """

    title: str
    focus: Focus

    def at(self, position: Shape) -> Look:
        """The window at an output position."""
        convolution, filter = self.focus.convolution, self.focus.filter
        channels = convolution.wiring.links.read_by(filter).tolist()
        patch = np.stack([convolution.patch(position, channel) for channel in channels], -1)
        kernel = np.stack([convolution.taps_of(position, filter, channel) for channel in channels], -1)
        bias, products = convolution.bias_at(position, filter), patch * kernel
        total = products.sum() if bias is None else products.sum() + bias
        return Look(position, patch, kernel, products, bias, total)

    def parts(self) -> Sequence[Part]:
        """Input, patch, kernel, products and output, and what each channel adds."""
        focus, look = self.focus, self.at(self.focus.position)
        read = focus.convolution.wiring.links.read_by(focus.filter).tolist()
        own = read.index(focus.channel)
        kernel = look.kernel[..., own]
        added = figure(look.products[..., own].sum())
        return [
            Note(self._sentence(look, len(read))),
            Panel("input", self._input(), self._channel("", len(read))),
            Panel("under the window", grid(look.patch[..., own]), self._padding()),
            Panel("kernel", grid(kernel), self._channel("", len(read))),
            Panel("products", grid(look.products[..., own]), f"they add up to {added}"),
            Panel("output", self._output(), f"filter {focus.filter}, framed: {figure(look.sum)}"),
            *self._channels(look, read),
            *self._slides(),
        ]

    def _sentence(self, look: Look, channels: int) -> str:
        bias = "" if look.bias is None else f", the bias {figure(look.bias)} is added"
        over = f" over {channels} channels" if channels > 1 else ""
        return (
            f"The window lies where output {shown(look.position)} looks. {look.products.size} products{over} "
            f"add up to {figure(look.products.sum())}{bias}: {figure(look.sum)}."
        )

    def _channel(self, words: str, channels: int) -> str:
        return f"channel {self.focus.channel}" if channels > 1 else words

    def _padding(self) -> str:
        window = self.focus.convolution.wiring.window(self.focus.position)
        taps = int(np.prod([len(axis) for axis in window]))
        missed = taps - int(np.prod([int((axis != OUTSIDE).sum()) for axis in window]))
        return f"{missed} of {taps} taps meet no input" if missed else ""

    def _input(self) -> np.ndarray:
        focus = self.focus
        values = focus.convolution.x[..., focus.channel]
        window = focus.convolution.wiring.window(focus.position)
        return _marked(values, [axis[axis != OUTSIDE] for axis in window], picture=True)

    def _output(self) -> np.ndarray:
        focus = self.focus
        values = focus.convolution.answers(focus.filter)
        return _marked(values, [np.array([place]) for place in focus.position], picture=False)

    def _channels(self, look: Look, read: list[int]) -> list[Part]:
        """What the channels add, the largest parts first."""
        if len(read) == 1:
            return []
        sums = look.products.reshape(-1, len(read)).sum(0)
        order = np.argsort(-np.abs(sums), kind="stable")[:8]
        rows = [[f"channel {read[int(n)]}", figure(sums[n])] for n in order]
        rest = look.products.sum() - sums[order].sum()
        if len(read) > len(rows):
            rows.append([f"the other {len(read) - len(rows)}", figure(rest)])
        return [Table(["adds", "sum of its products"], rows)]

    def _slides(self) -> list[Part]:
        """The windows at other places, where there are few enough numbers to read."""
        looks = [self.at(position) for position in self.focus.near(9)]
        if looks[0].products.size > MOST_TERMS:
            return []
        rows = []
        for look in looks:
            pairs = zip(look.patch.ravel(), look.kernel.ravel(), strict=True)
            terms = [f"{bracketed(factor)}·{bracketed(value)}" for value, factor in pairs]
            terms += [] if look.bias is None else [bracketed(look.bias)]
            rows.append([shown(look.position), " + ".join(terms), figure(look.sum)])
        return [Table(["window at", "weight · input", "sum"], rows)]


def grid(values: np.ndarray) -> np.ndarray:
    """A small map as squares, with its numbers written in when there are few."""
    flat = np.atleast_2d(values)
    texts = [[figure(value, 2) for value in row] for row in flat] if max(flat.shape) <= WRITTEN else None
    return cells(tint(flat), texts, _side(flat))


def _side(flat: np.ndarray) -> int:
    """How large a square is: as a figure needs, and the whole no smaller than a page would make it."""
    longest = max(flat.shape)
    return (
        max(56 if longest < 8 else 44, -(-112 // longest)) if longest <= WRITTEN else max(2, 300 // longest)
    )


def _marked(values: np.ndarray, taken: list[np.ndarray], picture: bool) -> np.ndarray:
    """A map with a frame around the places that are taken on each axis."""
    flat = np.atleast_2d(values)
    if max(flat.shape) <= WRITTEN:
        pixels, wide = grid(flat), _side(flat)
    else:
        wide = max(1, 336 // max(flat.shape))
        pixels = enlarge(grey(flat) if picture else tint(flat, 1.0), wide)
    high = max(wide, LOWEST) if len(flat) == 1 else wide
    pixels = pixels.repeat(max(1, high // wide), 0) if max(flat.shape) > WRITTEN else pixels
    rows, columns = taken if len(taken) == 2 else (np.array([0]), taken[0])
    if not len(rows) or not len(columns):
        return pixels
    top, bottom = (0, len(pixels)) if len(flat) == 1 else (rows.min() * wide, (rows.max() + 1) * wide + 1)
    box = (top, columns.min() * wide, bottom, (columns.max() + 1) * wide + 1)
    return framed(pixels, box if wide > 6 else _roomy(box), 3 if wide > 6 else 2)


def _roomy(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A frame that can still be seen: at least eleven pixels on a side, around the same middle."""
    top, left, bottom, right = box
    down, across = max(0, 11 - (bottom - top)) // 2, max(0, 11 - (right - left)) // 2
    return top - down, left - across, bottom + down, right + across
