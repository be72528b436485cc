"""A picture at the colour and the size of a network's input; on the host, in Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image

from striate.images._recipe_rules import AnyFit

MARGIN = 8 / 7
"""How much larger than its input a network wants a picture before the middle is cut out: 256 to 224."""


def fitted(picture: Image.Image, size: tuple[int, int] | None, channels: int, fit: AnyFit) -> np.ndarray:
    """Bring a picture to a colour and a size.

    Args:
        picture: of mode L or RGB. size: (H, W) in pixels, or None to leave it alone.
        channels: 1 for grey, 3 for colour. fit: as `Preprocessing` explains them.

    Returns:
        (H, W, channels) uint8.
    """
    mode = "L" if channels == 1 else "RGB"
    if picture.mode != mode:  # converting a picture to what it is copies it
        picture = picture.convert(mode)
    if size is not None and (picture.height, picture.width) != size:
        picture = _resized(picture, size, fit)
    pixels = np.asarray(picture)
    return pixels[:, :, None] if channels == 1 else pixels


def _resized(picture: Image.Image, size: tuple[int, int], fit: AnyFit) -> Image.Image:
    """The picture at exactly this (H, W)."""
    height, width = size
    if fit == "stretch":
        return picture.resize((width, height), Image.Resampling.BILINEAR)
    if fit.startswith("centre"):
        return _middle(picture, size, fit.endswith("bicubic"))
    ratios = width / picture.width, height / picture.height
    if fit == "crop":
        ratio = max(ratios)
        margin_x = (picture.width - width / ratio) / 2
        margin_y = (picture.height - height / ratio) / 2
        box = (max(margin_x, 0.0), max(margin_y, 0.0), picture.width - margin_x, picture.height - margin_y)
        box = (*box[:2], min(box[2], picture.width), min(box[3], picture.height))
        return picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    ratio = min(ratios)
    inner = (
        min(width, max(1, round(picture.width * ratio))),
        min(height, max(1, round(picture.height * ratio))),
    )
    canvas = Image.new(picture.mode, (width, height))
    small = picture.resize(inner, Image.Resampling.BILINEAR)
    canvas.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def _middle(picture: Image.Image, size: tuple[int, int], bicubic: bool) -> Image.Image:
    """The middle of the picture, scaled so that the size is 7/8 of its shorter side."""
    height, width = size
    ratio = MARGIN * max(width / picture.width, height / picture.height)
    whole = round(picture.width * ratio), round(picture.height * ratio)
    how = Image.Resampling.BICUBIC if bicubic else Image.Resampling.BILINEAR
    left, top = (whole[0] - width) // 2, (whole[1] - height) // 2
    return picture.resize(whole, how).crop((left, top, left + width, top + height))
