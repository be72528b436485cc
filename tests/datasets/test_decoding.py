"""IDX, PNG and label lists: read strictly or refused by name."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from striate.datasets._decoding import read_idx, read_labels, read_png
from striate.errors import DataError


def idx(array, kind=8):
    """The IDX file of an array."""
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def png(array, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, **({"format": "png"} | options))
    return out.getvalue()


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 4, 5), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)


def test_idx_gives_a_writable_array():
    array = read_idx(idx(PICTURES), PICTURES.shape, "t")
    np.testing.assert_array_equal(array, PICTURES)
    array[0, 0, 0] = 1


IDX = {
    "empty": (b"", "t: the IDX data have 0 bytes; expected at least 16."),
    "short": (idx(PICTURES)[:15], "t: the IDX data have 15 bytes; expected at least 16."),
    "magic": (b"\1" + idx(PICTURES)[1:], "t: the IDX data start with 01 00 08 03; expected 00 00 08 03."),
    "type": (idx(PICTURES, 0x0D), "t: the IDX data start with 00 00 0d 03; expected 00 00 08 03."),
    "axes": (idx(PICTURES.reshape(12, 5)), "t: the IDX data start with 00 00 08 02; expected 00 00 08 03."),
    "shape": (idx(PICTURES.reshape(4, 3, 5)), "t: the IDX array is (4, 3, 5); expected (3, 4, 5)."),
    "cut": (idx(PICTURES)[:-1], "t: 59 bytes follow the IDX header; expected 60."),
    "long": (idx(PICTURES) + b"x", "t: 61 bytes follow the IDX header; expected 60."),
    "huge": (
        b"\0\0\x08\x03" + b"\xff" * 12 + bytes(60),
        "t: the IDX array is (4294967295, 4294967295, 4294967295); expected (3, 4, 5).",
    ),
}


@pytest.mark.parametrize("kind", IDX)
def test_idx_refuses(kind):
    data, message = IDX[kind]
    with pytest.raises(DataError) as caught:
        read_idx(data, (3, 4, 5), "t")
    assert str(caught.value) == f"{message}\n  Fetch the data set again from a source you trust."


def test_png_gives_its_pixels():
    np.testing.assert_array_equal(read_png(png(COLOUR), (9, 6), "t"), COLOUR)


def animated():
    out = io.BytesIO()
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    frames[0].save(out, "png", save_all=True, append_images=frames[1:])
    return out.getvalue()


def bomb():
    """A PNG whose header promises 10^9 pixels."""
    data = bytearray(png(COLOUR))
    data[16:24] = struct.pack(">II", 50_000, 20_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


PNG = {
    "grey": (png(COLOUR[..., 0]), "the picture is L 9x6; expected a still RGB picture of 9x6"),
    "alpha": (png(np.dstack([COLOUR, COLOUR[..., :1]])), "the picture is RGBA 9x6"),
    "turned": (png(COLOUR.transpose(1, 0, 2).copy()), "the picture is RGB 6x9"),
    "animated": (animated(), "the picture is RGB 9x6"),
    "cut": (png(COLOUR)[:-40], "the PNG picture is broken"),
    "not a picture": (b"hello", "the PNG picture is broken"),
    "another format": (png(COLOUR, format="bmp"), "the PNG picture is broken"),
    "bomb": (bomb(), "the PNG picture is broken"),
}


@pytest.mark.parametrize("kind", PNG)
def test_png_refuses(kind):
    data, message = PNG[kind]
    with pytest.raises(DataError) as caught:
        read_png(data, (9, 6), "t")
    assert str(caught.value).startswith(f"t: {message}")


def test_labels():
    labels = read_labels(b"[0, 9, 3]", 3, 10, "t")
    assert (labels.dtype, labels.tolist()) == (np.uint8, [0, 9, 3])


LABELS = {
    "not json": (b"[0, 1", "the labels are not JSON; expected a JSON list of numbers."),
    "deep": (b"[" * 100_000, "the labels are not JSON; expected a JSON list of numbers."),
    "object": (b"{}", "the labels are a dict; expected a list of 3."),
    "few": (b"[1]", "the labels are a list of 1; expected a list of 3."),
    "minus one": (b"[0, -1, 2]", "label -1 at index 1; expected a number from 0 to 9."),
    "too large": (b"[0, 1, 10]", "label 10 at index 2; expected a number from 0 to 9."),
    "true": (b"[0, true, 1]", "label True at index 1; expected a number from 0 to 9."),
    "float": (b"[0, 1.0, 1]", "label 1.0 at index 1; expected a number from 0 to 9."),
    "nan": (b"[0, NaN, 1]", "label nan at index 1; expected a number from 0 to 9."),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_refused(kind):
    data, message = LABELS[kind]
    with pytest.raises(DataError) as caught:
        read_labels(data, 3, 10, "t")
    assert str(caught.value) == f"t: {message}\n  Fetch the data set again from a source you trust."
