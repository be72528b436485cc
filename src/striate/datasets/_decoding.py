"""IDX arrays and PNG pictures into arrays, strictly: every size is known beforehand and checked."""

from __future__ import annotations

import io
import json
import math

import numpy as np

from striate.datasets._arrays import Images
from striate.errors import DataError, Problem

CURE = "Fetch the data set again from a source you trust."
UINT8 = 0x08


def read_idx(data: bytes, shape: tuple[int, ...], where: str) -> Images:
    """The uint8 array of this shape that an IDX file holds.

    An IDX file is: two zero bytes, the type (8 for uint8), the number of axes, each axis as a
    big-endian 32-bit number, and then the bytes, with nothing behind them.

    Raises:
        DataError: any of it is otherwise.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), (2,), "two numbers").tolist()
    [7, 9]
    """
    head = 4 + 4 * len(shape)
    if len(data) < head:
        raise _refused(where, f"the IDX data have {len(data)} bytes", f"at least {head}")
    if data[:4] != bytes([0, 0, UINT8, len(shape)]):
        raise _refused(where, f"the IDX data start with {data[:4].hex(' ')}", f"00 00 08 {len(shape):02x}")
    found = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, head, 4))
    if found != shape:
        raise _refused(where, f"the IDX array is {found}", f"{shape}")
    if len(data) - head != math.prod(shape):
        raise _refused(where, f"{len(data) - head:,} bytes follow the IDX header", f"{math.prod(shape):,}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape).copy()


def read_png(data: bytes, size: tuple[int, int], where: str) -> Images:
    """The (H, W, 3) uint8 pixels of a PNG picture whose `size` (width, height) is known.

    Raises:
        DataError: it is no PNG, broken, animated, or has another size or mode than RGB.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != size or picture.mode != "RGB" or getattr(picture, "is_animated", False):
                happened = f"the picture is {picture.mode} {picture.size[0]}x{picture.size[1]}"
                raise _refused(where, happened, f"a still RGB picture of {size[0]}x{size[1]}")
            return np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refused(where, f"the PNG picture is broken ({error})", "a whole PNG picture") from None


def read_labels(text: bytes, count: int, classes: int, where: str) -> Images:
    """A JSON list of `count` labels from 0 to `classes` - 1 as a (count,) uint8 array.

    Raises:
        DataError: it is no such list; the first bad label is named with its index.
    """
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused(where, "the labels are not JSON", "a JSON list of numbers") from None
    if not isinstance(labels, list) or len(labels) != count:
        found = f"a list of {len(labels)}" if isinstance(labels, list) else f"a {type(labels).__name__}"
        raise _refused(where, f"the labels are {found}", f"a list of {count:,}")
    for index, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < classes:
            raise _refused(where, f"label {label!r} at index {index}", f"a number from 0 to {classes - 1}")
    return np.array(labels, np.uint8)


def _refused(where: str, happened: str, expected: str) -> DataError:
    """The error for data that are not what they should be."""
    return DataError(Problem(where, happened, expected, CURE))
