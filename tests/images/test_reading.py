"""Reading pictures: every kind of pixel, every orientation, and everything that must be refused."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.images import read_image
from striate.images import reading as reading_module

KINDS = "a JPEG, PNG, WebP, GIF, BMP or TIFF picture"
CURE = "\n  Open it in a picture viewer and save it again as PNG or JPEG, or leave it out."


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height=17, width=23, channels=3):
    values = np.random.default_rng(5).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(values if channels > 1 else values[:, :, 0])


def message(data, **options):
    with pytest.raises(DataError) as caught:
        read_image(data, **options)
    return str(caught.value)


def palette_picture(**info):
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2])
    image.info.update(info)
    return image


def with_alpha(mode, pixels):
    image = Image.new(mode, (len(pixels), 1))
    image.putdata(pixels)
    return image


def test_bilevel():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert read_image(encoded(image, "PNG")).tolist() == [[[0], [255]]]


def test_grey():
    assert read_image(encoded(with_alpha("L", [0, 7, 255]), "PNG")).tolist() == [[[0], [7], [255]]]


def test_grey_with_alpha_lies_on_white():
    data = encoded(with_alpha("LA", [(0, 255), (0, 0), (100, 128), (255, 3)]), "PNG")
    assert read_image(data).tolist() == [[[0], [255], [177], [255]]]


def test_grey_with_a_transparent_colour_lies_on_white():
    assert read_image(encoded(with_alpha("L", [5, 7]), "PNG", transparency=7)).tolist() == [[[5], [255]]]


def test_palette():
    colours = [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
    assert read_image(encoded(palette_picture(), "PNG")).tolist() == [colours]
    assert read_image(encoded(palette_picture(), "GIF")).tolist() == [colours]


def test_palette_with_a_transparent_colour_lies_on_white():
    wanted = [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]
    assert read_image(encoded(palette_picture(transparency=1), "PNG")).tolist() == wanted
    assert read_image(encoded(palette_picture(transparency=1), "GIF")).tolist() == wanted


def test_palette_with_graded_transparency_lies_on_white():
    data = encoded(palette_picture(transparency=bytes([255, 0, 51])), "PNG")
    assert read_image(data).tolist() == [[[10, 20, 30], [255, 255, 255], [218, 220, 222]]]


def test_palette_with_alpha_lies_on_white():
    image = Image.new("PA", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([(0, 255), (1, 0)])
    assert read_image(encoded(image, "TIFF")).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_colour():
    pixels = [(1, 2, 3), (250, 251, 252)]
    for kind in ("PNG", "BMP", "TIFF"):
        assert read_image(encoded(with_alpha("RGB", pixels), kind)).tolist() == [[list(p) for p in pixels]]
    assert read_image(encoded(with_alpha("RGB", pixels), "WEBP", lossless=True)).tolist() == [
        [list(p) for p in pixels]
    ]


def test_colour_with_alpha_lies_on_white():
    data = encoded(with_alpha("RGBA", [(10, 20, 30, 255), (10, 20, 30, 0), (0, 100, 255, 128)]), "PNG")
    assert read_image(data).tolist() == [[[10, 20, 30], [255, 255, 255], [127, 177, 255]]]


def test_colour_with_a_transparent_colour_lies_on_white():
    data = encoded(with_alpha("RGB", [(1, 2, 3), (4, 5, 6)]), "PNG", transparency=(4, 5, 6))
    assert read_image(data).tolist() == [[[1, 2, 3], [255, 255, 255]]]


def test_cmyk():
    image = with_alpha("CMYK", [(0, 0, 0, 0), (255, 0, 0, 0), (0, 0, 0, 255)])
    assert read_image(encoded(image, "TIFF")).tolist() == [[[255, 255, 255], [0, 255, 255], [0, 0, 0]]]
    jpeg = read_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100))
    np.testing.assert_allclose(jpeg[4, 4], [255, 0, 0], atol=3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_rounded_to_eight(kind):
    values = np.array([[0, 128, 129, 257, 32_768, 65_406, 65_407, 65_535]], np.uint16)
    found = read_image(encoded(Image.fromarray(values), kind))
    assert found[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 255]


def test_big_endian_sixteen_bits():
    image = Image.frombytes("I;16B", (2, 1), b"\x00\x80\xff\xff")
    assert read_image(encoded(image, "TIFF")).tolist() == [[[0], [255]]]


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_kinds_of_unknown_range_are_refused(mode):
    wanted = (
        f"image: its pixels are of the kind {mode!r}; expected grey, colour, palette or CMYK of 8 bits.{CURE}"
    )
    assert message(encoded(Image.new(mode, (2, 2)), "TIFF")) == wanted


UPRIGHT = np.array([[0, 80, 160], [200, 100, 40]], np.uint8)
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.kron(STORED[orientation], np.ones((16, 16), np.uint8))
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    found = read_image(encoded(Image.fromarray(stored), kind, exif=exif, **options))
    assert found.shape[:2] == (32, 48)
    np.testing.assert_allclose(found[8::16, 8::16, 0], UPRIGHT, atol=4)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_orientations_that_do_not_exist_count_as_none(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert read_image(encoded(noise(), "PNG", exif=exif)).shape == (17, 23, 3)


def test_damaged_exif_counts_as_none():
    data = encoded(noise(), "PNG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff broken")
    np.testing.assert_array_equal(read_image(data), np.asarray(noise()))


def frames(kind, **options):
    pictures = [Image.new("L", (8, 8), value) for value in (10, 120, 240)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_of_an_animation_is_taken(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    found = read_image(frames(kind, **options))
    assert found.shape[:2] == (8, 8)
    assert set(found.ravel().tolist()) == {10}


ENCODINGS = {
    "png": ("PNG", {}),
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True}),
    "webp": ("WEBP", {}),
    "lossless-webp": ("WEBP", {"lossless": True}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tiff": ("TIFF", {}),
    "lzw-tiff": ("TIFF", {"compression": "tiff_lzw"}),
}


@pytest.mark.filterwarnings("ignore:Truncated File Read")
@pytest.mark.parametrize("name", ENCODINGS)
def test_truncation_at_every_sixteenth_is_refused(name):
    kind, options = ENCODINGS[name]
    data = encoded(noise(), kind, **options)
    read_image(data)
    for sixteenth in range(1, 16):
        with pytest.raises(DataError):
            read_image(data[: len(data) * sixteenth // 16])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_truncated_animations_are_refused(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = frames(kind, **options)
    for sixteenth in range(1, 16):
        with pytest.raises(DataError):
            read_image(data[: len(data) * sixteenth // 16])


def test_a_missing_end_is_told():
    data = encoded(noise(), "PNG")
    assert message(data[:-12]) == f"image: its end is missing; expected a whole file.{CURE}"


def test_what_follows_the_end_does_not_matter():
    for kind, tail in (("PNG", b"x" * 5000), ("GIF", b"\0\r\n")):
        data = encoded(noise(channels=1), kind)
        np.testing.assert_array_equal(read_image(data + tail), read_image(data))


def test_truncation_is_told():
    data = encoded(noise(), "BMP")
    assert message(data[:-4]) == (
        "image: it cannot be decoded (image file is truncated (68 bytes not processed)); "
        f"expected {KINDS}, whole and undamaged.{CURE}"
    )


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *chunks, body=None):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 64 if body is None else body))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + chunk(b"IEND", b"")


def bmp(width, height):
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 70, 0, 0, 54) + info + b"\0" * 16


def test_a_forged_header_of_a_thousand_million_pixels_is_refused_before_decoding():
    wanted = f"image: it is too large to be decoded safely; expected at most 67,108,864 pixels.{CURE}"
    assert message(png(31_623, 31_623)) == wanted
    assert message(bmp(31_623, 31_623)) == wanted


def test_the_warning_of_a_bomb_is_an_error():
    wanted = f"image: it is too large to be decoded safely; expected at most 67,108,864 pixels.{CURE}"
    assert message(png(10_000, 10_000)) == wanted


def test_our_own_cap_lies_below_the_one_of_the_decoder():
    wanted = f"image: it is 9000 x 8000 pixels; expected at most 67,108,864 pixels.{CURE}"
    assert message(png(9_000, 8_000)) == wanted
    assert message(encoded(noise(), "PNG"), max_pixels=390) == (
        f"image: it is 23 x 17 pixels; expected at most 390 pixels.{CURE}"
    )
    assert read_image(encoded(noise(), "PNG"), max_pixels=391).shape == (17, 23, 3)


def test_a_cap_that_someone_lifted_in_pillow_does_not_lift_ours(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert "it is 31623 x 31623 pixels" in message(png(31_623, 31_623))


@pytest.mark.parametrize(("width", "height"), [(0, 4), (4, 0), (0, 0)])
def test_pictures_without_pixels_are_refused(width, height):
    wanted = f"image: it is not recognized as a picture; expected {KINDS}.{CURE}"
    assert message(png(width, height)) == wanted
    assert message(bmp(width, height)) == wanted


def gif(screen, frame):
    """A GIF whose frame has an extent of its own; (x, y, width, height)."""
    palette = bytes([0, 0, 0, 255, 255, 255])
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + palette
    return head + b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02\x02\x4c\x01\x00;"


def test_gif_frames_larger_than_their_screen_are_held_to_the_cap():
    assert "too large" in message(gif((1, 1), (0, 0, 65_535, 65_535)))
    assert "too large" in message(gif((65_535, 65_535), (0, 0, 1, 1)))
    assert "too large" in message(gif((1, 1), (65_534, 65_534, 1, 1)))
    assert read_image(gif((1, 1), (0, 0, 1, 1))).tolist() == [[[255, 255, 255]]]


def test_compressed_metadata_bombs_are_refused():
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * (2**26), 9))
    assert message(png(2, 2, bomb)).endswith(CURE)


def test_too_much_pixel_data_is_cut_off_by_the_decoder():
    data = png(4, 4, body=b"\0" * 2**24)
    assert read_image(data).shape == (4, 4, 1)


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "EPS", "PDF", "JPEG2000", "SGI", "DDS"])
def test_formats_off_the_list_are_refused(kind):
    try:
        data = encoded(noise(16, 16), kind)
    except (OSError, KeyError):
        pytest.skip("this Pillow cannot write it")
    assert message(data) == f"image: it is not recognized as a picture; expected {KINDS}.{CURE}"


@pytest.mark.parametrize(
    "data", [b"x", b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4", b"PK\x03\x04"]
)
def test_what_is_no_picture_is_refused(data):
    assert message(data).endswith(CURE)


def test_empty_missing_and_foreign_files(tmp_path):
    assert message(b"") == f"image: it is empty; expected {KINDS}.{CURE}"
    (tmp_path / "empty.png").touch()
    assert message(tmp_path / "empty.png") == f"empty.png: it is empty; expected {KINDS}.{CURE}"
    assert message(tmp_path / "none.png") == (
        "none.png: it cannot be read: No such file or directory; expected a picture file.\n"
        "  Check the name, the folder, and your right to read it."
    )
    assert message(tmp_path) == (
        f"{tmp_path.name}: it is a folder or a device; expected a picture file.\n"
        "  Name the files in it, such as folder/*.png."
    )
    os.mkfifo(tmp_path / "pipe.png")
    assert "a folder or a device" in message(tmp_path / "pipe.png")


def test_control_characters_in_a_file_name_are_made_visible(tmp_path):
    path = tmp_path / "\x1b[2J.png"
    path.write_bytes(b"x")
    assert message(path).startswith("'\\x1b[2J.png': it is not recognized")


def test_files_over_the_size_cap_are_refused(monkeypatch):
    monkeypatch.setattr(reading_module, "MAX_BYTES", 100)
    assert message(b"x" * 101) == f"image: it has more than 100 bytes; expected a smaller file.{CURE}"


def test_a_file_and_its_bytes_give_the_same_pixels(tmp_path):
    path = tmp_path / "noise.png"
    path.write_bytes(encoded(noise(), "PNG"))
    np.testing.assert_array_equal(read_image(path), read_image(path.read_bytes()))
    np.testing.assert_array_equal(read_image(str(path)), np.asarray(noise()))


def test_the_ending_of_the_name_is_not_believed(tmp_path):
    path = tmp_path / "noise.jpg"
    path.write_bytes(encoded(noise(), "PNG"))
    np.testing.assert_array_equal(read_image(path), np.asarray(noise()))
