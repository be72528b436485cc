"""The letters on pictures: a font of the package's own, so that a picture is the same on every machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

_FILE = Path(__file__).parent / "data" / "dejavu-sans.ttf"


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Latin, Greek and Cyrillic letters, arrows and mathematical signs; Pillow's own font lacks most of them.

    Args:
        size: of the letters in pixels.

    >>> font(12).getlength("αβ") > 0
    True
    """
    return ImageFont.truetype(str(_FILE), size, layout_engine=ImageFont.Layout.BASIC)
