"""Warnings about the border of the picture: windows full of padding, rows that no window reaches."""

from __future__ import annotations

from collections.abc import Iterator

from striate.errors import Problem
from striate.network._axis_view import AxisWindow
from striate.network.receptive import axis_windows
from striate.network.shapes import Step
from striate.ops.geometry import by

WASTE_SHARE, DROPPED_SHARE = 0.5, 0.1
MAX_TAPS = 10_000
"""Longer kernels are not looked at tap by tap."""


def border_warnings(step: Step) -> Iterator[Problem]:
    """What a layer with a window makes of the border."""
    inputs, shape = step.input_shapes or (), step.shape or ()
    window = step.layer.window(*inputs) if step.layer.SEES == "window" else None
    if window is None or not inputs or window.spread is not None or max(window.size) > MAX_TAPS:
        return
    windows, sizes, outputs = axis_windows(window), inputs[0][:-1], shape[:-1]
    if step.layer.KIND not in ("pool", "pad", "crop"):
        blind = list(_blind(step.path, windows, sizes, outputs))
        yield from blind or _waste(step.path, windows, sizes, outputs)
    if step.layer.KIND not in ("pad", "crop"):
        yield from _dropped(step, windows, sizes, outputs)


def _waste(
    path: str, windows: tuple[AxisWindow, ...], sizes: tuple[int, ...], outputs: tuple[int, ...]
) -> Iterator[Problem]:
    """More than half of all that the windows look at is padding."""
    real = 1.0
    for window, size, output in zip(windows, sizes, outputs, strict=True):
        real *= real_taps(window, size, output) / (window.size * output)
    if 1 - real > WASTE_SHARE:
        kernel = by([window.size for window in windows])
        happened = (
            f"{1 - real:.0%} of what its {kernel} kernel sees on the {by(sizes)} map are zeros of the padding"
        )
        cure = "Use padding='valid', a smaller kernel, or shrink the map less before."
        yield Problem(path, happened, "a kernel that sees mostly the map", cure, "warning")


def _blind(
    path: str, windows: tuple[AxisWindow, ...], sizes: tuple[int, ...], outputs: tuple[int, ...]
) -> Iterator[Problem]:
    """Positions at the border that see nothing but padding."""
    seeing = 1
    total = 1
    for window, size, output in zip(windows, sizes, outputs, strict=True):
        reach = (window.size - 1) * window.dilation
        first = max(-(-(window.before - reach) // window.stride), 0)
        last = min((size - 1 + window.before) // window.stride, output - 1)
        seeing, total = seeing * max(last - first + 1, 0), total * output
    if seeing < total:
        happened = f"{total - seeing:,} of its {total:,} positions see nothing but padding"
        cure = "Pad by less than the size of the kernel."
        yield Problem(path, happened, "positions that see the map", cure, "warning")


def _dropped(
    step: Step, windows: tuple[AxisWindow, ...], sizes: tuple[int, ...], outputs: tuple[int, ...]
) -> Iterator[Problem]:
    """Rows or columns at the far edge that no window reaches."""
    names = ("row", "column") if len(sizes) == 2 else ("position",)
    lost = []
    for name, window, size, output in zip(names, windows, sizes, outputs, strict=True):
        reach = (window.size - 1) * window.dilation + 1
        unseen = size - ((output - 1) * window.stride - window.before + reach)
        if unseen > DROPPED_SHARE * size and reach >= window.stride:
            lost.append(f"the last {'' if unseen == 1 else f'{unseen} '}of {size} {name}s")
    if lost:
        cure = "Use edges='keep' or padding='same'." if step.layer.KIND == "pool" else "Use padding='same'."
        happened = f"no window reaches {' and '.join(lost)}"
        yield Problem(step.path, happened, "windows that cover the map", cure, "warning")


def real_taps(window: AxisWindow, size: int, output: int) -> int:
    """How many of all taps along one axis lie on the map and not on its padding.

    >>> real_taps(AxisWindow(3, 1, 1, 1), 5, 5)
    13
    """
    count = 0
    for tap in range(window.size):
        start = window.before - tap * window.dilation
        first = max(-(-start // window.stride), 0)
        last = min((size - 1 + start) // window.stride, output - 1)
        count += max(last - first + 1, 0)
    return count
