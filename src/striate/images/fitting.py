"""A picture at the colour and the size of a network's input; on the host, in Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image

from striate.images._recipe_rules import AnyFit

MARGIN = 8 / 7
"""How much larger than its input a network wants a picture before the middle is cut out: 256 to 224."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge of a part of a picture, in its pixels."""


def fitted(
    picture: Image.Image, size: tuple[int, int] | None, channels: int, fit: AnyFit, box: Box | None = None
) -> np.ndarray:
    """Bring a picture to a colour and a size.

    Args:
        picture: of mode L or RGB. size: (H, W) in pixels, or None to leave it alone.
        channels: 1 for grey, 3 for colour. fit: as `Preprocessing` explains them.
        box: the part of it that counts, which may cut through pixels; by default all.

    Returns:
        (H, W, channels) uint8.
    """
    mode = "L" if channels == 1 else "RGB"
    if picture.mode != mode:  # converting a picture to what it is copies it
        picture = picture.convert(mode)
    whole = (0.0, 0.0, float(picture.width), float(picture.height))
    if size is not None and ((picture.height, picture.width) != size or (box or whole) != whole):
        picture = _resized(picture, size, fit, box or whole)
    pixels = np.asarray(picture)
    return pixels[:, :, None] if channels == 1 else pixels


def _resized(picture: Image.Image, size: tuple[int, int], fit: AnyFit, box: Box) -> Image.Image:
    """A part of the picture at exactly this (H, W)."""
    height, width = size
    left, top, right, bottom = box
    if fit == "stretch":
        return picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    if fit.startswith("centre"):
        return _middle(picture, size, fit.endswith("bicubic"))
    ratios = width / (right - left), height / (bottom - top)
    if fit == "crop":
        ratio = max(ratios)
        margin_x = max((right - left - width / ratio) / 2, 0.0)
        margin_y = max((bottom - top - height / ratio) / 2, 0.0)
        inner = (left + margin_x, top + margin_y, right - margin_x, bottom - margin_y)
        return picture.resize((width, height), Image.Resampling.BILINEAR, box=inner)
    ratio = min(ratios)
    shown = (
        min(width, max(1, round((right - left) * ratio))),
        min(height, max(1, round((bottom - top) * ratio))),
    )
    canvas = Image.new(picture.mode, (width, height))
    small = picture.resize(shown, Image.Resampling.BILINEAR, box=box)
    canvas.paste(small, ((width - shown[0]) // 2, (height - shown[1]) // 2))
    return canvas


def _middle(picture: Image.Image, size: tuple[int, int], bicubic: bool) -> Image.Image:
    """The middle of the picture, scaled so that the size is 7/8 of its shorter side."""
    height, width = size
    ratio = MARGIN * max(width / picture.width, height / picture.height)
    whole = round(picture.width * ratio), round(picture.height * ratio)
    how = Image.Resampling.BICUBIC if bicubic else Image.Resampling.BILINEAR
    left, top = (whole[0] - width) // 2, (whole[1] - height) // 2
    return picture.resize(whole, how).crop((left, top, left + width, top + height))


def may_shrink(fit: AnyFit) -> bool:
    """Whether a picture may be decoded at a fraction first; not where a network is compared with others."""
    return not fit.startswith("centre")
