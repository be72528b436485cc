"""Which pixels each position along one axis depends on: exact, in closed form, for any length of the axis.

Position p sees pixels first(p) ... last(p). Convolution and pooling shift that interval by the same amount
from one position to the next; transposed convolution and upsampling do so only from one period to the next.
So the intervals of one period and the advance to the following period say everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

MAX_PERIOD = 1024
"""Longer periods (upsampling by more than this) are not followed."""

Interval = tuple[int, int] | None
"""First and last pixel seen; None for a position that sees nothing, in a gap of a transposed convolution."""


@dataclass(frozen=True)
class AxisView:
    """What the positions along one axis see, edges left aside.

    Args:
        intervals: what positions 0, 1, ... of the first period see.
        advance: how many pixels further the next period looks.
    """

    intervals: tuple[Interval, ...]
    advance: int

    def at(self, position: int) -> Interval:
        """What a position sees; negative positions lie in the padding and see what they would see there."""
        periods, index = divmod(position, len(self.intervals))
        interval = self.intervals[index]
        return interval and (interval[0] + periods * self.advance, interval[1] + periods * self.advance)

    @property
    def size(self) -> int:
        """The most pixels that a position spans."""
        return max((last - first + 1 for first, last in filter(None, self.intervals)), default=0)

    @property
    def stride(self) -> Fraction:
        """How many pixels lie between what neighbours see, on average."""
        return Fraction(self.advance, len(self.intervals))


IDENTITY = AxisView(((0, 0),), 1)
"""Each pixel sees itself."""


@dataclass(frozen=True)
class AxisWindow:
    """A window along one axis; `spread` pulls the image apart first (transposed convolution, upsampling)."""

    size: int
    stride: int
    dilation: int
    before: int
    spread: int = 1

    def taps(self, position: int) -> Interval:
        """First and last position (padding included) under the window, or None when it sees only gaps."""
        start = position * self.stride - self.before
        cycle = self.spread // math.gcd(self.spread, self.dilation)
        first = next(
            (j for j in range(min(cycle, self.size)) if (start + j * self.dilation) % self.spread == 0), None
        )
        if first is None:
            return None
        last = first + (self.size - 1 - first) // cycle * cycle
        return (start + first * self.dilation) // self.spread, (start + last * self.dilation) // self.spread


def through(view: AxisView, window: AxisWindow) -> AxisView | None:
    """What positions see through a window on positions that see `view`; None when that is too irregular."""
    old = len(view.intervals)
    period = old * window.spread // math.gcd(old * window.spread, window.stride)
    if max(period, window.spread) > MAX_PERIOD:
        return None
    intervals = tuple(_seen(view, window.taps(position)) for position in range(period))
    return AxisView(intervals, view.advance * (period * window.stride // (old * window.spread)))


def _seen(view: AxisView, taps: Interval) -> Interval:
    """The union of what positions taps[0] ... taps[1] see; intervals only ever move forward."""
    if taps is None:
        return None
    first, last = taps
    reach = min(last - first + 1, len(view.intervals))
    left = next((seen for i in range(reach) if (seen := view.at(first + i)) is not None), None)
    right = next((seen for i in range(reach) if (seen := view.at(last - i)) is not None), None)
    return left and right and (left[0], right[1])


def union(one: AxisView, other: AxisView) -> AxisView | None:
    """What positions see that look at both; None when the two drift apart or get too irregular."""
    period = math.lcm(len(one.intervals), len(other.intervals))
    if one.stride != other.stride or period > MAX_PERIOD:
        return None
    pairs = ((one.at(position), other.at(position)) for position in range(period))
    return AxisView(tuple(_hull(*pair) for pair in pairs), int(one.stride * period))


def _hull(one: Interval, other: Interval) -> Interval:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
