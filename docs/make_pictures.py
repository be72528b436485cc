"""Make the README's picture: one digit on its way through a trained network, in the network's own numbers.

python docs/make_pictures.py runs/mnist/model.striate docs/images/digit.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import striate as st

PAPER, INK, ACCENT = (255, 255, 255), (24, 30, 62), (224, 92, 44)
HEIGHT, MARGIN, GAP, CAPTION = 400, 28, 4, 66
FONT = ImageFont.load_default(17)
SMALL = ImageFont.load_default(14)
COLUMNS = {"conv1": 4, "pool1": 4, "conv2": 6, "pool2": 6, "conv3": 6}
SHOWN = {"conv1": 24, "pool1": 24, "conv2": 36, "pool2": 36, "conv3": 36}


def shade(numbers: np.ndarray, side: int) -> Image.Image:
    """A map as a picture: paper where it is zero, ink where it is largest."""
    part = np.clip(numbers / max(float(numbers.max()), 1e-9), 0, 1)[..., None]
    pixels = (np.array(PAPER) * (1 - part) + np.array(INK) * part).astype(np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)


def column_of_maps(maps: np.ndarray, columns: int, number: int) -> Image.Image:
    """The first maps of a layer, (H, W, C), in reading order."""
    rows = -(-number // columns)
    side = (HEIGHT - GAP * (rows - 1)) // rows
    column = Image.new("RGB", (columns * (side + GAP) - GAP, HEIGHT), PAPER)
    for index in range(number):
        place = (index % columns * (side + GAP), index // columns * (side + GAP))
        column.paste(shade(maps[..., index], side), place)
        corner = (place[0] + side - 1, place[1] + side - 1)
        ImageDraw.Draw(column).rectangle([place, corner], outline=(214, 217, 228))
    return column


def bars(probabilities: np.ndarray) -> Image.Image:
    """The answer: a bar for each digit."""
    picture = Image.new("RGB", (170, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    step = HEIGHT / len(probabilities)
    for digit, probability in enumerate(probabilities):
        top = digit * step
        colour = ACCENT if digit == int(probabilities.argmax()) else (170, 176, 200)
        draw.text((0, top + step / 2 - 11), str(digit), fill=INK, font=FONT)
        draw.rectangle([20, top + 8, 22 + 90 * float(probability), top + step - 8], fill=colour)
        draw.text((120, top + step / 2 - 9), f"{100 * float(probability):.1f} %", fill=INK, font=SMALL)
    return picture


def assemble(parts: list[tuple[str, str, Image.Image]]) -> Image.Image:
    """All columns side by side, each with its name and shape below."""
    width = sum(part.width for *_, part in parts) + MARGIN * (len(parts) + 1)
    sheet = Image.new("RGB", (width, HEIGHT + MARGIN + CAPTION), PAPER)
    draw, left = ImageDraw.Draw(sheet), MARGIN
    for name, shape, part in parts:
        sheet.paste(part, (left, MARGIN))
        draw.text((left, HEIGHT + MARGIN + 10), name, fill=INK, font=FONT)
        draw.text((left, HEIGHT + MARGIN + 33), shape, fill=(110, 116, 140), font=SMALL)
        left += part.width + MARGIN
    return sheet


def main(model_path: str, picture_path: str, index: int = 18) -> None:
    """Run one test digit, keep every intermediate, draw them."""
    model = st.load(model_path)
    _, (pictures, _) = st.datasets.mnist.load_data()
    digit = pictures[index]
    x = model.preprocessing.scale_pixels(digit[None, ..., None])
    applied = model.network.apply(model.variables, x, record=True)
    parts = [("a digit", "28 x 28", shade(digit.astype(float), 168))]
    for name, columns in COLUMNS.items():
        maps = np.asarray(applied.record[name][0])
        shown = f"{maps.shape[0]} x {maps.shape[1]}, {SHOWN[name]} of {maps.shape[2]} maps"
        parts.append((f"{name}/output", shown, column_of_maps(maps, columns, SHOWN[name])))
    parts.append(("dense2/output", "the answer", bars(np.asarray(applied.output[0]))))
    Path(picture_path).parent.mkdir(parents=True, exist_ok=True)
    assemble(parts).save(picture_path, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
