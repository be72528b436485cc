"""A matrix as a picture: with letters, with a square for each entry, or as a density."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from striate.explain.views._cells import INK, PALE, PAPER, cells, colour, tint
from striate.explain.views._names import figure
from striate.explain.views.convolution import Convolution
from striate.explain.views.focus import Focus
from striate.explain.views.wiring import Entries
from striate.pages import Panel
from striate.pages.lettering import font

LETTERS, WHOLE, SQUARES, PIXELS = 24, 120, 400, 360
"""Sides of matrices that are drawn with letters, with all filters, with squares, or as a density."""

CELL = 36


class Block(NamedTuple):
    """The part of a matrix that one filter makes of one channel; None stands for all of them."""

    filter: int | None
    channel: int | None


def lettered(focus: Focus, found: Entries, block: Block, numbers: np.ndarray) -> list[Panel]:
    """A small matrix twice: in letters and in numbers."""
    letters = [["0"] * found.shape[1] for _ in range(found.shape[0])]
    filters = _filters(focus, found, block)
    lists = (found.rows.tolist(), found.columns.tolist(), found.weights.tolist(), filters.tolist())
    for row, column, weight, filter in zip(*lists, strict=True):
        letters[row][column] = focus.names.weight(weight, filter).text
    texts = [[figure(value, 2) for value in row] for row in numbers]
    ground, caption = _colours(focus, found, block), _caption(focus, found, block)
    return [
        Panel("W in letters", cells(ground, letters, CELL), caption),
        Panel("W in numbers", cells(ground, texts, CELL), caption),
    ]


def picture(focus: Focus, found: Entries, block: Block) -> Panel:
    """A larger matrix: a colour for each weight, or how densely weights stand."""
    caption = _caption(focus, found, block)
    if max(found.shape) > SQUARES:
        return Panel("where the weights of W stand", density(found), f"{caption}; darker is denser")
    size = max(1, SQUARES // max(found.shape))
    ground = _colours(focus, found, block)
    pixels = cells(ground, None, size) if size > 3 else ground.repeat(size, 0).repeat(size, 1)
    return Panel("W, a colour for each weight", pixels, caption)


def equation(convolution: Convolution, output: np.ndarray) -> Panel:
    """The vectors of W x + b, side by side."""
    vectors = [("x", convolution.x.ravel())]
    if convolution.bias is not None:
        vectors.append(("b", np.broadcast_to(convolution.bias, convolution.wiring.output_shape).ravel()))
    name = "W x" if convolution.bias is None else "W x + b"
    return Panel("the vectors", _columns([*vectors, (name, output.ravel())]), "x is read row by row")


def density(found: Entries) -> np.ndarray:
    """How full each part of a large matrix is, at most PIXELS on a side; the matrix itself is not made."""
    scale = PIXELS / max(found.shape)
    shape = tuple(max(1, min(PIXELS, round(side * scale))) for side in found.shape)
    row = found.rows * shape[0] // found.shape[0]
    column = found.columns * shape[1] // found.shape[1]
    counts = np.bincount(row * shape[1] + column, minlength=shape[0] * shape[1]).reshape(shape)
    return tint(-np.sqrt(counts / max(counts.max(), 1)), 1.0)


def _filters(focus: Focus, found: Entries, block: Block) -> np.ndarray:
    """The filter of each entry."""
    if block.filter is not None:
        return np.full(len(found.rows), block.filter)
    return found.rows % focus.convolution.wiring.output_shape[-1]


def _colours(focus: Focus, found: Entries, block: Block) -> np.ndarray:
    """The colour of each weight, the one that it has in the other views where one filter is shown."""
    distinct, which = np.unique(found.weights, return_inverse=True)
    orders = range(len(distinct))
    one = block.filter if focus.convolution.wiring.output_shape[-1] > 1 else 0
    if one is not None and focus.names.lettered:
        orders = [focus.names.order(weight, one) for weight in distinct.tolist()]
    palette = np.array([colour(number) for number in orders] or [PALE], np.uint8)
    pixels = np.full((*found.shape, 3), PALE, np.uint8)
    pixels[found.rows, found.columns] = palette[which]
    return pixels


def _caption(focus: Focus, found: Entries, block: Block) -> str:
    """The size, and which part it is."""
    size, wiring = f"{found.shape[0]:,} x {found.shape[1]:,}", focus.convolution.wiring
    if block.filter is None or wiring.output_shape[-1] * wiring.input_shape[-1] == 1:
        return size
    return f"{size}: filter {block.filter} from channel {block.channel}"


def _columns(vectors: list[tuple[str, np.ndarray]]) -> np.ndarray:
    """Vectors as columns with their names above."""
    letters, gap, top = font(14), 26, 24
    widths = [max(CELL + 1, int(letters.getlength(name))) for name, _ in vectors]
    height = top + max(len(vector) for _, vector in vectors) * CELL + 1
    image = Image.new("RGB", (sum(widths) + gap * (len(vectors) - 1), height), PAPER)
    draw, left = ImageDraw.Draw(image), 0
    for (name, vector), width in zip(vectors, widths, strict=True):
        flat = vector.reshape(-1, 1)
        squares = cells(tint(flat), [[figure(value, 2)] for value in flat[:, 0]], CELL)
        middle = left + width // 2
        draw.text((middle, 2), name, INK, letters, anchor="ma")
        image.paste(Image.fromarray(squares), (middle - CELL // 2, top))
        left += width + gap
    return np.asarray(image)
