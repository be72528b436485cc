"""The many kinds of pixels that Pillow knows, as 8-bit grey or colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")


def to_grey_or_colour(picture: Image.Image) -> Image.Image | None:
    """The picture in mode L or RGB, transparent parts on white; None for kinds whose range is unknown."""
    if picture.mode in _GREY_16:
        values = np.asarray(picture).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
    if picture.mode in ("L", "RGB") and "transparency" not in picture.info:
        return picture
    if picture.mode == "1" and "transparency" not in picture.info:
        return picture.convert("L")
    if picture.mode in ("1", "L", "LA", "La"):
        return Image.fromarray(_on_white(np.asarray(picture.convert("LA")))[:, :, 0])
    if picture.mode in ("PA", "RGBA", "RGBa") or (
        picture.mode in ("P", "RGB") and "transparency" in picture.info
    ):
        return Image.fromarray(_on_white(np.asarray(picture.convert("RGBA"))))
    if picture.mode in ("P", "RGBX", "CMYK", "YCbCr"):
        return picture.convert("RGB")
    return None


def _on_white(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) from (H, W, C + 1), the last channel saying how opaque: (c a + 255 (255 - a)) / 255."""
    opacity = pixels[:, :, -1:].astype(np.uint16)
    colours = pixels[:, :, :-1].astype(np.uint16)
    return ((colours * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
