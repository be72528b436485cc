"""Where windows lie on an image: padding, reach, and how many fit; plain integers, no array is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from striate.errors import ArgumentError, Problem, ShapeError

Padding = str | int | Sequence[Any]
"""How a caller says padding: "valid", "same", an int, or ((before, after), ...) with a pair for each axis."""

Pads = tuple[tuple[int, int], ...]
"""How we say it inside: (before, after) zeros, a pair for each spatial axis."""

PADDING_EXPECTED = (
    '"valid", "same", a whole number >= 0, or one (before, after) pair of them for each spatial axis'
)


def as_tuple(value: int | Sequence[int], rank: int, where: str, name: str) -> tuple[int, ...]:
    """Bring `3` or `(3, 3)` to one positive int for each of `rank` spatial axes.

    Raises:
        ArgumentError: the value is something else.

    >>> as_tuple(3, 2, "conv2d", "strides")
    (3, 3)
    """
    values = (value,) * rank if _is_whole(value) else tuple(value) if isinstance(value, Sequence) else ()
    if len(values) == rank and all(_is_whole(v) and v >= 1 for v in values):
        return tuple(int(v) for v in values)
    some = "a whole number >= 1" if rank == 1 else f"a whole number >= 1, or {rank} of them"
    raise ArgumentError(Problem(where, f"{name} is {value!r}", some, f"Pass for instance {name}=2."))


def reach(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """How many positions a dilated kernel spans on each axis: (k - 1) d + 1.

    >>> reach((3, 3), (1, 2))
    (3, 5)
    """
    return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))


def resolve_padding(
    padding: Padding,
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int] | None = None,
    *,
    edges: str = "drop",
    where: str = "window",
) -> Pads:
    """The zeros before and after each spatial axis.

    "same" makes ceil(size / stride) windows and puts the odd zero at the far side, as Keras does (PyTorch
    wants symmetric numbers instead). "causal" (one axis only) puts all zeros before. With `edges="keep"` the
    far side is lengthened so that the last, partial window counts.

    Args:
        padding: "valid", "same", "causal", an int for all sides, or a (before, after) pair for each axis.
        sizes, kernel, strides, dilation: one number for each spatial axis.
        edges: "drop" forgets a partial window at the far edge, "keep" counts it.
        where: who asks, for the error message.

    Returns:
        A (before, after) pair for each axis.

    Raises:
        ArgumentError: the padding or the edges are not understood.

    >>> resolve_padding("same", (28, 28), (3, 3), (2, 2))
    ((0, 1), (0, 1))
    >>> resolve_padding("valid", (7, 7), (2, 2), (2, 2), edges="keep")
    ((0, 1), (0, 1))
    """
    spans = reach(kernel, dilation or (1,) * len(kernel))
    pads = _read_padding(padding, sizes, spans, strides, where)
    if edges == "drop":
        return pads
    if edges != "keep":
        cure = "Choose edges='keep' to count partial windows at the far edge."
        raise ArgumentError(Problem(where, f"edges is {edges!r}", '"drop" or "keep"', cure))
    lengthened = zip(sizes, spans, strides, pads, strict=True)
    return tuple(_keep_edge(*axis) for axis in lengthened)


def output_size(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilation: Sequence[int] | None = None,
    *,
    where: str = "window",
    noun: str = "kernel",
) -> tuple[int, ...]:
    """How many windows fit on each axis: floor((size + before + after - reach) / stride) + 1.

    Raises:
        ShapeError: the window is larger than the padded image.

    >>> output_size((7, 7), (3, 3), (2, 2), ((0, 0), (0, 0)))
    (3, 3)
    """
    spans = reach(kernel, dilation or (1,) * len(kernel))
    padded = tuple(size + before + after for size, (before, after) in zip(sizes, pads, strict=True))
    if any(span > size for span, size in zip(spans, padded, strict=True)):
        raise ShapeError(_too_large(where, noun, tuple(kernel), spans, tuple(sizes), padded))
    return tuple((p - span) // s + 1 for p, span, s in zip(padded, spans, strides, strict=True))


def transposed_output_size(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> tuple[int, ...]:
    """The image a convolution with these numbers would have come from: (size - 1) s + reach - before - after.

    `pads` may be negative at the far side, where an output padding adds rows.

    >>> transposed_output_size((4, 4), (3, 3), (2, 2), ((0, 1), (0, 1)), (1, 1))
    (8, 8)
    """
    axes = zip(sizes, strides, reach(kernel, dilation), pads, strict=True)
    return tuple((size - 1) * s + span - before - after for size, s, span, (before, after) in axes)


def resolve_transposed_padding(
    padding: Padding,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int] | None = None,
    output_padding: int | Sequence[int] | None = None,
    *,
    where: str = "window",
) -> Pads:
    """What a transposed convolution cuts off before and after each axis of its full output.

    Keras' rules: "valid" keeps everything (and fills up to the stride when the kernel is shorter), "same"
    makes size * stride; with `output_padding` the output has (size - 1) stride + reach + output_padding
    ("valid") or (size - 1) stride + reach % 2 + output_padding ("same"). Numbers are cut from both sides, as
    in PyTorch, and `output_padding` is added at the far side. A negative far side adds zeros.

    Raises:
        ArgumentError: the padding or the output padding are not understood.

    >>> resolve_transposed_padding("same", (3, 3), (2, 2))
    ((0, 1), (0, 1))
    """
    spans = reach(kernel, dilation or (1,) * len(kernel))
    extra = _output_padding(output_padding, strides, where)
    axes = zip(spans, strides, extra, strict=True)
    if padding == "valid":
        return tuple((0, span - max(span, s) if e is None else -e) for span, s, e in axes)
    if padding == "same":
        return tuple(_transposed_same(*axis) for axis in axes)
    if isinstance(padding, str):
        raise _not_understood(padding, len(spans), where)
    pads = _read_padding(padding, kernel, spans, strides, where)
    return tuple((before, after - (e or 0)) for (before, after), e in zip(pads, extra, strict=True))


def by(sizes: Sequence[int]) -> str:
    """Sizes as people write them.

    >>> by((5, 3))
    '5x3'
    """
    return "x".join(str(size) for size in sizes)


def _read_padding(
    padding: Padding, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int], where: str
) -> Pads:
    """The pads a caller's word or numbers stand for, before edges are looked at."""
    rank = len(spans)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding == "same":
            return tuple(_same(*axis) for axis in zip(sizes, spans, strides, strict=True))
        if padding == "causal" and rank == 1:
            return ((spans[0] - 1, 0),)
    elif _is_whole(padding) and padding >= 0:
        return ((int(padding), int(padding)),) * rank
    elif isinstance(padding, Sequence) and len(padding) == rank and all(map(_is_pair, padding)):
        return tuple((int(before), int(after)) for before, after in padding)
    raise _not_understood(padding, rank, where)


def _not_understood(padding: Padding, rank: int, where: str) -> ArgumentError:
    """The error of a padding that is none of the known forms."""
    cure = "Write for instance padding=1, or padding=" + ("((1, 2),)." if rank == 1 else "((1, 2), (1, 2)).")
    return ArgumentError(Problem(where, f"padding is {padding!r}", PADDING_EXPECTED, cure))


def _same(size: int, span: int, stride: int) -> tuple[int, int]:
    """Zeros for ceil(size / stride) windows; the odd one goes to the far side."""
    total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def _transposed_same(span: int, stride: int, extra: int | None) -> tuple[int, int]:
    """What Keras cuts off for "same": the odd row at the far side, unless the kernel is shorter than that."""
    kept = stride + span - 2 if extra is None else span + span % 2 - 2 + extra
    before = min(kept - kept // 2, span - 1)
    return span - 1 - before, span - 1 - (kept - before)


def _output_padding(
    value: int | Sequence[int] | None, strides: Sequence[int], where: str
) -> tuple[int | None, ...]:
    """One number >= 0 and smaller than the stride for each axis, or None for each."""
    if value is None:
        return (None,) * len(strides)
    values = (
        (value,) * len(strides) if _is_whole(value) else tuple(value) if isinstance(value, Sequence) else ()
    )
    if len(values) == len(strides) and all(
        _is_whole(v) and 0 <= v < s for v, s in zip(values, strides, strict=True)
    ):
        return tuple(int(v) for v in values)
    expected = f"whole numbers >= 0 and smaller than the strides {tuple(strides)}"
    cure = "Leave output_padding out, or raise the strides."
    raise ArgumentError(Problem(where, f"output_padding is {value!r}", expected, cure))


def _keep_edge(size: int, span: int, stride: int, pads: tuple[int, int]) -> tuple[int, int]:
    """Lengthen the far side until the last element is inside some window that begins on the image."""
    before, after = pads
    windows = -(-max(size + before + after - span, 0) // stride) + 1
    if (windows - 1) * stride >= size + before:
        windows -= 1
    return before, max((windows - 1) * stride + span - size - before, after)


def _is_whole(value: object) -> TypeGuard[int]:
    """True for an int (NumPy's too) that is not a bool."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _is_pair(value: object) -> TypeGuard[Sequence[int]]:
    """True for two whole numbers that are not negative."""
    return isinstance(value, Sequence) and len(value) == 2 and all(_is_whole(v) and v >= 0 for v in value)


def _too_large(
    where: str,
    noun: str,
    kernel: tuple[int, ...],
    spans: tuple[int, ...],
    sizes: tuple[int, ...],
    padded: tuple[int, ...],
) -> Problem:
    """The problem of a window that does not fit, with dilation and padding said only when they matter."""
    kernel_text = by(kernel) if spans == kernel else f"{by(kernel)} (dilated to {by(spans)})"
    image_text = by(sizes) if padded == sizes else f"{by(sizes)} (padded to {by(padded)})"
    what = "image" if len(sizes) == 2 else "row of length" if len(sizes) == 1 else "volume"
    a_what = f"an image of at least {by(spans)}" if len(sizes) == 2 else f"a length of at least {by(spans)}"
    return Problem(
        where,
        f"the {noun} {kernel_text} is larger than the {what} {image_text}",
        a_what,
        f"Use a smaller {noun} or padding='same'.",
    )
