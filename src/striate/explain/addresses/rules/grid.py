"""Windows on a picture, asked from all sides: which input, which output and which tap belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.explain.addresses.rules.base import spread
from striate.layers._base import Window


@dataclass(frozen=True)
class Grid:
    """The windows of a layer along its spatial axes.

    Output p meets, at tap t, the input at p stride - before + t dilation; where the input is first pulled
    apart, only every `spread`-th of these is a real number.

    Args:
        window: of the layer. sizes: of its input. outs: of its output, one number for each spatial axis.
    """

    window: Window
    sizes: tuple[int, ...]
    outs: tuple[int, ...]

    @classmethod
    def whole(cls, sizes: tuple[int, ...]) -> Grid:
        """One window as large as the picture."""
        ones = (1,) * len(sizes)
        return cls(Window(sizes, ones, ones, ((0, 0),) * len(sizes)), sizes, ones)

    def seen(self, out: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(m, axes) taps and the input positions they meet from one output position; padding is left out."""
        return self._crossed([self._axis_seen(axis, np.array([p])) for axis, p in enumerate(out)], 1, 2)

    def seers(self, place: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(m, axes) taps and output positions that meet one input position."""
        return self._crossed([self._axis_seers(axis, i) for axis, i in enumerate(place)], 1, 0)

    def meetings(self, tap: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(m, axes) output positions and the input positions they meet at one tap."""
        axes = [self._axis_seen(axis, np.arange(out)) for axis, out in enumerate(self.outs)]
        kept = [pairs[pairs[:, 1] == t] for pairs, t in zip(axes, tap, strict=True)]
        return self._crossed(kept, 0, 2)

    def outside(self, out: tuple[int, ...]) -> int:
        """How many taps of one output position meet no number of the input."""
        return int(np.prod(self.window.size)) - len(self.seen(out)[0])

    def _axis_seen(self, axis: int, outs: np.ndarray) -> np.ndarray:
        """(m, 3): output, tap and input positions of one axis."""
        w, step = self.window, self._spread(axis)
        positions, taps = spread(outs, np.arange(w.size[axis]))
        met = positions * w.stride[axis] - w.padding[axis][0] + taps * w.dilation[axis]
        real = (met % step == 0) & (met >= 0) & (met < self.sizes[axis] * step)
        return np.stack([positions, taps, met // step], 1)[real]

    def _axis_seers(self, axis: int, place: int) -> np.ndarray:
        """(m, 3): output, tap and input positions of one axis, for one input."""
        w, taps = self.window, np.arange(self.window.size[axis])
        steps = place * self._spread(axis) + w.padding[axis][0] - taps * w.dilation[axis]
        real = (steps % w.stride[axis] == 0) & (steps >= 0) & (steps < self.outs[axis] * w.stride[axis])
        return np.stack([steps // w.stride[axis], taps, np.full_like(taps, place)], 1)[real]

    def _spread(self, axis: int) -> int:
        return 1 if self.window.spread is None else self.window.spread[axis]

    @staticmethod
    def _crossed(axes: list[np.ndarray], first: int, second: int) -> tuple[np.ndarray, np.ndarray]:
        """Two of the three columns, for every combination of the axes' rows."""
        rows = np.stack(spread(*axes), 1)
        return rows[:, :, first], rows[:, :, second]
