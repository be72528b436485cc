"""What pictures say about themselves, and large ones decoded at a fraction: as if they were read in full."""

import io

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.images import Preprocessing, read_header, read_image, read_prepared
from striate.images.looks import look
from striate.images.reading import MAX_PIXELS, SPARE, decoded


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(height, width, seed=3):
    """A smooth random picture with an edge in it, for want of a photograph."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    picture.paste((250, 240, 10), (width // 5, height // 4, width // 2, height // 2))
    return picture


KINDS = {"JPEG": {}, "PNG": {}, "WEBP": {}, "GIF": {}, "BMP": {}, "TIFF": {}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_says_what_the_pixels_are(kind):
    data = encoded(scene(17, 23), kind)
    header = read_header(data)
    assert (header.format, header.height, header.width) == (kind, *read_image(data).shape[:2])
    assert not header.grey


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_grey_pictures_are_known_before_they_are_decoded(mode):
    picture = Image.new(mode, (4, 3))
    assert read_header(encoded(picture, "PNG")).grey
    assert read_image(encoded(picture, "PNG")).shape[2] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_headers_are_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene(16, 32), kind, exif=exif)
    header = read_header(data)
    assert (header.height, header.width) == read_image(data).shape[:2]


def test_the_pixels_of_a_png_are_not_decoded_for_its_orientation(monkeypatch):
    data = encoded(scene(16, 32), "PNG")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    assert read_header(data).width == 32


def test_headers_are_held_to_the_caps_of_reading():
    data = encoded(scene(17, 23), "PNG")
    for read in (read_header, read_image, lambda *a, **k: read_prepared(a[0], Preprocessing((4, 4)), **k)):
        with pytest.raises(DataError, match="it is 23 x 17 pixels; expected at most 390 pixels"):
            read(data, max_pixels=390)
        with pytest.raises(DataError, match="it is not recognized as a picture"):
            read(b"<svg/>")
        with pytest.raises(DataError, match="it is empty"):
            read(b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fit", ["stretch", "crop", "pad", "centre", "centre-bicubic"])
def test_prepared_pictures_are_those_of_reading_and_preparing(kind, fit):
    recipe = Preprocessing((20, 30), 3, fit=fit)
    data = encoded(scene(40, 50), kind)
    assert (read_prepared(data, recipe) == recipe.prepare(read_image(data))).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_is_prepared_as_it_is_read(mode, channels):
    picture = Image.fromarray(np.arange(60, dtype=np.uint16).reshape(6, 10) * 1000) if mode == "I;16" else (
        scene(6, 10).convert(mode))  # fmt: skip
    recipe = Preprocessing((3, 5), channels)
    data = encoded(picture, "PNG")
    assert (read_prepared(data, recipe) == recipe.prepare(read_image(data))).all()
    whole = Preprocessing(None, channels)
    assert (read_prepared(data, whole) == whole.prepare(read_image(data))).all()


@pytest.mark.parametrize("side", [16, 24, 32, 48, 64])
def test_a_large_jpeg_is_decoded_at_a_fraction_and_keeps_its_quality(side):
    data = encoded(scene(400, 500), "JPEG", quality=92)
    recipe = Preprocessing((side, side), 3)
    fraction = decoded("image", data, MAX_PIXELS, recipe.size).picture
    assert min(fraction.size) >= SPARE * side
    assert fraction.size[0] < 500
    away = read_prepared(data, recipe).astype(float) - recipe.prepare(read_image(data))
    assert np.abs(away).mean() < 1.0
    assert np.sqrt(np.square(away).mean()) < 2.0


@pytest.mark.parametrize("fit", ["centre", "centre-bicubic"])
def test_networks_that_are_compared_with_others_get_pictures_decoded_in_full(fit):
    data, recipe = encoded(scene(400, 500), "JPEG"), Preprocessing((32, 32), 3, fit=fit)
    assert (read_prepared(data, recipe) == recipe.prepare(read_image(data))).all()


def test_a_jpeg_that_is_hardly_larger_is_decoded_in_full():
    data = encoded(scene(47, 100), "JPEG")
    assert decoded("image", data, MAX_PIXELS, (16, 16)).picture.size == (100, 47)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_fraction_is_upright_and_remembers_the_whole(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene(320, 480), "JPEG", exif=exif, quality=95)
    found = decoded("image", data, MAX_PIXELS, (20, 20))
    assert (found.height, found.width) == read_image(data).shape[:2]
    assert max(found.picture.size) < 200
    recipe = Preprocessing((20, 20), 3)
    away = read_prepared(data, recipe).astype(float) - recipe.prepare(read_image(data))
    assert np.abs(away).mean() < 1.5


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_a_truncated_fraction_is_refused(sixteenth):
    data = encoded(scene(320, 480), "JPEG")
    with pytest.raises(DataError):
        read_prepared(data[: len(data) * sixteenth // 16], Preprocessing((20, 20)))


def test_sixteen_bits_of_colour_are_brought_to_eight_within_one():
    """Pillow takes the upper byte where v / 257 would be the nearest; no value is further off than one."""
    values = np.arange(0, 65_536, 37, dtype=np.uint16)
    values = values[: len(values) // 3 * 3].reshape(1, -1, 3)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    data = png(values.shape[1], 1, 16, 2, rows)
    wanted = np.rint(values / 257)
    assert np.abs(read_image(data).astype(int) - wanted).max() <= 1


def png(width, height, depth, colour, rows):
    """A PNG file of any depth and colour type, written by hand."""
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bits_with_opacity_lie_on_white():
    pixel = np.array([[[0x1234, 0xFFFF], [0x1234, 0]]], ">u2")
    data = png(2, 1, 16, 4, b"\0" + pixel.tobytes())
    found = read_image(data)
    assert np.abs(found[0, 0].astype(int) - 0x12).max() <= 1
    assert (found[0, 1] == 255).all()
    colour = np.array([[[0x1234, 0, 0xFFFF, 0xFFFF], [0, 0, 0, 0]]], ">u2")
    assert read_image(png(2, 1, 16, 6, b"\0" + colour.tobytes())).tolist() == [[[0x12, 0, 255], [255] * 3]]


def test_a_look_is_one_bit_for_each_pair_of_neighbours():
    ramp = np.tile(np.arange(0, 90, 10, dtype=np.uint8), (8, 1))[:, :, None]
    assert look(ramp) == 2**64 - 1
    assert look(ramp[:, ::-1]) == 0
    one = np.zeros((8, 9, 1), np.uint8)
    one[0, 1] = 255
    assert look(one) == 1 << 63
    one = np.zeros((8, 9, 3), np.uint8)
    one[7, 8] = 255
    assert look(one) == 1
