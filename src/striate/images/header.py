"""What a picture file says about itself before it is decoded: format, size, grey or colour."""

from __future__ import annotations

import os
from dataclasses import dataclass

from PIL import Image

from striate.errors import DataError
from striate.images.reading import (
    MAX_PIXELS,
    SIDEWAYS,
    bytes_of,
    check_size,
    opened,
    orientation_of,
    refuse_undecoded,
)

_GREY = ("1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True)
class Header:
    """A picture before it is decoded.

    Args:
        format: such as "JPEG". height: in pixels, upright. width: likewise. grey: whether it has no colours.
    """

    format: str
    height: int
    width: int
    grey: bool


def read_header(source: str | os.PathLike[str] | bytes, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Read what a picture says about itself; none of its pixels are decoded.

    A PNG file may say only behind its pixels that it is to be turned; that is not seen here.

    Args:
        source: a file, or its bytes. max_pixels: the most pixels it may have.

    Raises:
        DataError: it cannot be read, is of another format, or too large.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> Image.new("L", (3, 2)).save(buffer, "PNG")
    >>> read_header(buffer.getvalue())
    Header(format='PNG', height=2, width=3, grey=True)
    """
    name, data = bytes_of(source)
    try:
        with opened(data) as picture:
            check_size(picture, name, max_pixels)
            height, width = picture.height, picture.width
            if _turned(picture):
                height, width = width, height
            return Header(picture.format or "", height, width, picture.mode in _GREY)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders fail in many ways, and a damaged file is one problem
        refuse_undecoded(name, max_pixels, error)


def _turned(picture: Image.Image) -> bool:
    """Whether it lies on its side.

    Pillow turns the size of a TIFF itself, and would decode a PNG to find out, unless it said so in front.
    """
    if picture.format == "TIFF" or (picture.format == "PNG" and "exif" not in picture.info):
        return False
    return orientation_of(picture) in SIDEWAYS
