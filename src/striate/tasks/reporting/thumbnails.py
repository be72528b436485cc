"""Small pictures that stand in many places of a page but are stored in it once, on one sheet."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from striate.pages.html import escape
from striate.tasks.material import Portion

SIDE = 64
"""The longer side of a thumbnail, in CSS pixels, as far as a whole factor allows."""
ACROSS = 32
BLOCK = 8
"""Pictures on a JPEG sheet start at whole blocks, so that none colours its neighbour."""


@dataclass(frozen=True)
class Thumbnails:
    """The sheet and who lies where on it.

    Args:
        places: {row of the portion: place on the sheet}. names: {row: what a person calls the picture}.
        size: (h, w) of a thumbnail. step: (h, w) from one to the next. factor: how much they are enlarged.
        sheet: its address. extent: (h, w) of the sheet.
    """

    places: Mapping[int, int]
    names: Mapping[int, str]
    size: tuple[int, int]
    step: tuple[int, int]
    factor: int
    sheet: str
    extent: tuple[int, int]

    @classmethod
    def of(cls, portion: Portion, rows: Sequence[int]) -> Thumbnails:
        """The sheet of these pictures; equal rows share a place."""
        wanted = sorted({int(row) for row in rows})
        names = {row: portion.name(row) for row in wanted}
        if not wanted:
            return cls({}, {}, (1, 1), (1, 1), 1, "", (1, 1))
        small = [_shrunk(each) for each in portion.some(np.array(wanted))]
        height, width = small[0].shape[:2]
        colour = small[0].shape[2] == 3
        step = (_whole(height), _whole(width)) if colour else (height, width)
        across = min(ACROSS, len(small))
        extent = math.ceil(len(small) / across) * step[0], across * step[1]
        sheet = np.zeros((*extent, small[0].shape[2]), np.uint8)
        for place, each in enumerate(small):
            top, left = place // across * step[0], place % across * step[1]
            room = ((0, step[0] - height), (0, step[1] - width), (0, 0))
            sheet[top : top + step[0], left : left + step[1]] = np.pad(each, room, "edge")
        factor = max(1, SIDE // max(height, width))
        places = {row: place for place, row in enumerate(wanted)}
        return cls(places, names, (height, width), step, factor, _address(sheet), extent)

    def style(self) -> str:
        """The rules for all thumbnails."""
        height, width = (self.factor * side for side in self.size)
        tall, wide = (self.factor * side for side in self.extent)
        sharp = "image-rendering:pixelated;" if self.factor > 1 else ""
        image = f"background-image:url({self.sheet});" if self.sheet else ""
        return f".t{{width:{width}px;height:{height}px;{image}background-size:{wide}px {tall}px;{sharp}}}"

    def html(self, row: int, words: str = "") -> str:
        """One thumbnail, with the picture's name and `words` for who cannot see it or points at it."""
        across = self.extent[1] // self.step[1]
        place = self.places[int(row)]
        top, left = place // across * self.step[0], place % across * self.step[1]
        shift = f"background-position:-{self.factor * left}px -{self.factor * top}px"
        name = escape(f"{self.names[int(row)]}{words}")
        return f'<span class="t" role="img" aria-label="{name}" title="{name}" style="{shift}"></span>'


def picture(png: bytes) -> str:
    """The address of a PNG picture."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def jpeg(pixels: np.ndarray) -> str:
    """(H, W, 3) uint8 as an address, without loss that a person would see."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=85, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _address(sheet: np.ndarray) -> str:
    """Grey sheets keep every number; colours would make them too large."""
    if sheet.shape[2] == 3:
        return jpeg(sheet)
    stream = io.BytesIO()
    Image.fromarray(sheet[..., 0]).save(stream, "PNG")  # `optimize` takes nine times as long to save 3 %
    return picture(stream.getvalue())


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """A picture no larger than a thumbnail."""
    height, width = pixels.shape[:2]
    if max(height, width) <= SIDE:
        return pixels
    scale = SIDE / max(height, width)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    small = np.asarray(image.resize(size, Image.Resampling.BOX))
    return small[..., None] if small.ndim == 2 else small


def _whole(side: int) -> int:
    """The next whole block."""
    return -(-side // BLOCK) * BLOCK
