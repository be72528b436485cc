"""Rules of layers in which the largest or the smallest number wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.explain.addresses.rules.base import Ledger, Place, Rule, Site, joined, one, slopes_at, values_at
from striate.explain.addresses.rules.grid import Grid
from striate.explain.addresses.rules.linear import grown, shrunk
from striate.explain.addresses.terms import Block, Made, Source, block, constant


@dataclass(frozen=True, eq=False)
class Largest(Rule):
    """Max pooling: the largest number of each window; of equals the first in reading order.

    Args:
        grid: the windows. keepdims: whether the output has spatial axes.
    """

    EQUATION: ClassVar[str] = "the largest of the window"

    grid: Grid
    keepdims: bool = True

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The winner alone."""
        places, won = self._window(ledger, site, place)
        if won is None:
            return Made(self.EQUATION, (block(constant(-np.inf, "-inf")),), self._notes(ledger, site, place))
        column = values_at(ledger, site.reads[0], places[won : won + 1])
        return Made(self.EQUATION, (block(column),), self._notes(ledger, site, place))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """The gradients of the windows that it wins."""
        wins = [z for z in self._windows_with(place) if self._wins(ledger, site, z, place)]
        rank = ledger.value(site.path).ndim
        return (block(slopes_at(ledger, site.path, np.array(wins, np.int64).reshape(-1, rank))),)

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """How many windows it is in, and how many it wins."""
        held = self._windows_with(place)
        wins = sum(self._wins(ledger, site, z, place) for z in held)
        return (f"It is in {len(held)} window{'' if len(held) == 1 else 's'} and is the largest of {wins}.",)

    def _windows_with(self, place: Place) -> list[Place]:
        outs = self.grid.seers(place[1:-1])[1] if self.keepdims else np.zeros((1, 0), np.int64)
        return [(place[0], *map(int, out), place[-1]) for out in outs]

    def _wins(self, ledger: Ledger, site: Site, z: Place, place: Place) -> bool:
        places, won = self._window(ledger, site, z)
        return won is not None and tuple(places[won]) == place

    def _window(self, ledger: Ledger, site: Site, z: Place) -> tuple[np.ndarray, int | None]:
        """The places of a window in reading order, and which of them wins; None where the padding does."""
        out = z[1:-1] if self.keepdims else (0,) * len(self.grid.sizes)
        taps, met = self.grid.seen(out)
        places = joined(z[0], met, z[-1])
        values = ledger.value(site.reads[0])[tuple(places.T)]
        if np.isnan(values).any():
            return places, int(np.flatnonzero(np.isnan(values))[0])
        won = int(np.argmax(values))
        lost = np.isneginf(values[won]) and bool(taps[won].any()) and self.grid.outside(out)
        return places, None if lost and self._padding_first(taps, won) else won

    def _padding_first(self, taps: np.ndarray, won: int) -> bool:
        """Whether a place of the padding comes before the winner: padding is -inf, and the first wins."""
        number = int(np.ravel_multi_index(tuple(taps[won]), self.grid.window.size))
        return number > won

    def _notes(self, ledger: Ledger, site: Site, z: Place) -> tuple[str, ...]:
        """The window's other numbers, ties, and places outside."""
        places, won = self._window(ledger, site, z)
        if won is None:
            return ("All numbers of the window are -inf, so that the padding wins and no gradient passes.",)
        values = ledger.value(site.reads[0])[tuple(places.T)]
        notes = [f"The largest of {len(values)}."]
        ties = [places[k] for k in np.flatnonzero(values == values[won]) if k != won]
        if ties:
            names = ", ".join(
                str(Source(site.reads[0], False, np.array([tie])).address(0)) for tie in ties[:4]
            )
            more = "" if len(ties) <= 4 else f" and {len(ties) - 4} more"
            notes.append(f"As large: {names}{more}; the first in reading order gets the gradient.")
        return tuple(notes)


@dataclass(frozen=True, eq=False)
class Extreme(Rule):
    """Maximum and Minimum: the largest or smallest of several inputs; equals share the gradient.

    Args:
        sign: 1 for the largest, -1 for the smallest. shapes: of each input, without batch. shape: of the
            output.
    """

    sign: int
    shapes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]

    def equation(self) -> str:
        """Which of them."""
        return f"the {'largest' if self.sign > 0 else 'smallest'} of the inputs"

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The winners, each with its part."""
        blocks, names = [], []
        for position, part in enumerate(self._parts(ledger, site, place)):
            if part:
                column = values_at(ledger, site.reads[position], one(shrunk(place, self.shapes[position])))
                blocks.append(block(column) if part == 1 else block(constant(part, f"{part:g}"), column))
                names.append(str(column.sources[0].address(0)))
        notes = (f"Equal: {', '.join(names)}; they share the gradient.",) if len(names) > 1 else ()
        return Made(self.equation(), tuple(blocks), notes)

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Its part of the gradient wherever it wins."""
        outs = grown(place, self.shapes[position], self.shape)
        parts = np.array([self._parts(ledger, site, tuple(map(int, z)))[position] for z in outs])
        wins = parts > 0
        form = f"{parts[wins][0]:g}" if len(set(parts[wins])) == 1 else "part"
        share = () if (parts[wins] == 1).all() else (constant(parts[wins], form),)
        return (block(*share, slopes_at(ledger, site.path, outs[wins])),)

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """At how many places it wins."""
        outs = grown(place, self.shapes[position], self.shape)
        parts = [self._parts(ledger, site, tuple(map(int, z)))[position] for z in outs]
        which = "largest" if self.sign > 0 else "smallest"
        return (f"It is the {which} at {sum(p > 0 for p in parts)} of {len(parts)} places.",)

    def _parts(self, ledger: Ledger, site: Site, z: Place) -> list[float]:
        """The part of the gradient of each input: two by two, as the engine compares them."""
        pairs = zip(site.reads, self.shapes, strict=True)
        values = [float(self.sign * ledger.value(path)[shrunk(z, shape)]) for path, shape in pairs]
        parts, best = [1.0], values[0]
        for value in values[1:]:
            if value > best:
                parts = [0.0] * len(parts) + [1.0]
            else:
                kept = 0.5 if value == best else 1.0
                parts = [kept * part for part in parts] + [1.0 - kept]
            best = max(best, value)
        return parts
