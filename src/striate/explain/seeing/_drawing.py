"""How the numbers of this room become pixels: signed pictures, sheets of them, and frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.explain._reading import Reading
from striate.explain.seeing._pixels import as_bytes, fitted
from striate.pages import diverging, enlarge, grey, tile

FRAME = (255, 140, 0)
EMPTY = 216
"""The grey of what lies outside a picture."""


def signed(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Numbers around zero: blue to red for one channel, around middle grey for three.

    Args:
        values: (H, W) or (H, W, C); channels other than three are added up.
        limit: the size of a number in full colour.

    Returns:
        (H, W, 3) uint8.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.ndim == 3 and numbers.shape[-1] != 3:
        numbers = numbers.sum(-1)
    if numbers.ndim == 2:
        return diverging(numbers, limit)
    top = limit or float(np.abs(numbers).max(initial=0)) or 1.0
    return as_bytes(0.5 + 0.5 * numbers / top)


def picture_of(reading: Reading) -> np.ndarray:
    """(H, W, 3) uint8: the only picture of a reading; the mean of its channels where they are no colours.

    Raises:
        DataError: there are several pictures. ArgumentError: there is none.
    """
    given = reading.given
    if len(given) != 1:
        happened, cure = f"there are {len(given)}", "Take one of them, such as images[0]."
        raise DataError(Problem("image", happened, "one picture", cure))
    if given.ndim != 4:
        happened, cure = f"an example has the shape {given.shape[1:]}", "Use read(model, x).values instead."
        raise ArgumentError(Problem("image", happened, "a picture, (H, W, C)", cure))
    return reading.picture() if given.shape[-1] in (1, 3) else grey(as_colour(given[0]))


def as_colour(picture: np.ndarray) -> np.ndarray:
    """(H, W, 1 or 3) the picture itself, or (H, W) the mean of its channels where they are no colours."""
    return picture if picture.shape[-1] in (1, 3) else picture.astype(np.float64).mean(-1)


def sheet_of(pictures: Sequence[np.ndarray], side: int = 64, columns: int | None = None) -> np.ndarray:
    """Pictures of one size in a grid, small ones enlarged and large ones shrunk to about `side` pixels.

    Args:
        pictures: (H, W, 3) uint8. side: of each in the grid. columns: in a row.
    """
    longer = max(pictures[0].shape[:2])
    if longer > side:
        height, width = (max(1, round(axis * side / longer)) for axis in pictures[0].shape[:2])
        return tile(
            [as_bytes(fitted(picture / np.float32(255), (height, width))) for picture in pictures], columns
        )
    return tile([enlarge(picture, max(1, side // longer)) for picture in pictures], columns)


def map_sheet(maps: np.ndarray, side: int = 64, columns: int | None = None) -> np.ndarray:
    """The channels of (H, W, C) side by side on one scale: black to white; blue to red when signed."""
    top = float(np.abs(maps[np.isfinite(maps)]).max(initial=0)) or 1.0
    planes = np.moveaxis(maps, -1, 0)
    if (maps < 0).any():
        return sheet_of([diverging(plane, top) for plane in planes], side, columns)
    return sheet_of([grey(plane, 0, top) for plane in planes], side, columns)


def framed(picture: np.ndarray, box: tuple[tuple[int, int], tuple[int, int]], factor: int = 1) -> np.ndarray:
    """A picture, enlarged, with the outline of a box of its pixels.

    Args:
        picture: (H, W, 3) uint8. box: ((first row, last row), (first column, last column)).
        factor: of the enlargement.
    """
    shown = enlarge(picture, factor).copy()
    (top, bottom), (left, right) = ((first * factor, (last + 1) * factor - 1) for first, last in box)
    width = max(1, min(2, min(bottom - top, right - left) // 6))
    for edge in range(width):
        shown[[top + edge, bottom - edge], left : right + 1] = FRAME
        shown[top : bottom + 1, [left + edge, right - edge]] = FRAME
    return shown


def cut(picture: np.ndarray, box: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """The pixels of a box."""
    (top, bottom), (left, right) = box
    return picture[top : bottom + 1, left : right + 1]


def set_in(
    patch: np.ndarray, box: tuple[tuple[int, int], tuple[int, int]], size: tuple[int, int]
) -> np.ndarray:
    """A patch in a grey rectangle of (H, W): where it met the upper or left border it lies far from it."""
    height, width = size
    room = np.full((height, width, 3), EMPTY, np.uint8)
    down = height - patch.shape[0] if box[0][0] == 0 else 0
    across = width - patch.shape[1] if box[1][0] == 0 else 0
    room[down : down + patch.shape[0], across : across + patch.shape[1]] = patch
    return room
