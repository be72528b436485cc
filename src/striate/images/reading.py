"""Reading a picture from a stranger: known formats, bounded size, right way up, one kind of array out."""

from __future__ import annotations

import io
import os
import threading
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from PIL import Image, UnidentifiedImageError

from striate.errors import DataError, Problem
from striate.images._pixels import to_grey_or_colour
from striate.images.fitting import Box, fitted, may_shrink

if TYPE_CHECKING:
    from striate.images.preprocessing import Preprocessing

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""The decoders that may touch a file; Pillow knows dozens more, most of them rarely tested."""
MAX_PIXELS = 64 * 2**20
"""The most pixels a picture may have: 67 million, such as 8192 x 8192."""
MAX_BYTES = 256 * 2**20
SPARE = 1.5
"""How many times the wanted size a JPEG file keeps at least when it is decoded at a fraction of its own.

The pixels that come of it differ from those of decoding in full by 0.4 to 0.7 of 255 on average (photographs
of `fruits`, from 348 to 64 and to 96 pixels); at 1 it would be up to 5.
"""

SIDEWAYS = (5, 6, 7, 8)
"""The EXIF orientations that swap height and width."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_KINDS = "a JPEG, PNG, WebP, GIF, BMP or TIFF picture"
_warning_filters = threading.Lock()


def read_image(source: str | os.PathLike[str] | bytes, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a picture as an array.

    The first frame of an animation is taken. A picture is turned the way its EXIF orientation says. What
    is transparent lies on white, as in a browser. Palettes and CMYK become colour, 16-bit grey 8-bit grey.

    Args:
        source: a file, or its bytes.
        max_pixels: the most pixels it may have; this is checked before they are decoded.

    Returns:
        (H, W, 1) for grey or (H, W, 3) for colour (red, green, blue), uint8.

    Raises:
        DataError: it cannot be read, is of another format, too large, damaged, cut off, or of a kind (32-bit
            numbers, Lab) whose range of values is unknown.

    Keras' `load_img` gives colour unless told otherwise and ignores orientation; here the picture decides,
    and `Preprocessing.prepare` brings it to what a network wants.

    >>> buffer = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(buffer, "PNG")
    >>> read_image(buffer.getvalue()).tolist()
    [[[7], [7], [7]], [[7], [7], [7]]]
    """
    name, data = bytes_of(source)
    pixels = np.asarray(decoded(name, data, max_pixels).picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def read_prepared(
    source: str | os.PathLike[str] | bytes, recipe: Preprocessing, *, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Read a picture in the form that a network takes: `recipe.prepare(read_image(source))`, sooner.

    A JPEG file that is several times too large is decoded at a half, a quarter or an eighth of its size, as
    long as that is at least SPARE times the size wanted. Training and prediction both read pictures so.

    Args:
        source: a file, or its bytes. recipe: brings it to its size and colour.
        max_pixels: the most pixels it may have.

    Returns:
        (H, W, channels) uint8.

    Raises:
        DataError: as `read_image` does.

    >>> buffer = io.BytesIO()
    >>> Image.new("L", (30, 20), 7).save(buffer, "PNG")
    >>> from striate.images import Preprocessing
    >>> read_prepared(buffer.getvalue(), Preprocessing(size=(2, 3), channels=1)).tolist()
    [[[7], [7], [7]], [[7], [7], [7]]]
    """
    name, data = bytes_of(source)
    found = decoded(name, data, max_pixels, recipe.size if may_shrink(recipe.fit) else None)
    return fitted(found.picture, recipe.size, recipe.channels, recipe.fit, found.box)


class Decoded(NamedTuple):
    """A picture, upright, in mode L or RGB.

    Args:
        picture: it may be decoded at a fraction of its size. box: the part that counts, in its pixels: a
            fraction is rounded up to whole pixels. height: in full, as the file says. width: likewise.
    """

    picture: Image.Image
    box: Box
    height: int
    width: int


def decoded(name: str, data: bytes, max_pixels: int, wanted: tuple[int, int] | None = None) -> Decoded:
    """Decode the whole picture; `wanted` is the (H, W) it will be shrunk to."""
    try:
        with opened(data) as picture:
            check_size(picture, name, max_pixels)
            fraction = _draft(picture, wanted)
            picture.load()
            _check_complete(picture, data, name)
            turn = orientation_of(picture)
            stored = picture.size
            upright = picture.transpose(_TURNS[turn]) if turn in _TURNS else picture
            pixels = to_grey_or_colour(upright)
    except DataError:  # told already
        raise
    except Exception as error:  # noqa: BLE001 - decoders fail in many ways, and a damaged file is one problem
        refuse_undecoded(name, max_pixels, error)
    if pixels is None:
        refuse(
            name, f"its pixels are of the kind {upright.mode!r}", "grey, colour, palette or CMYK of 8 bits"
        )
    if fraction is None:
        return Decoded(
            pixels, (0.0, 0.0, float(pixels.width), float(pixels.height)), pixels.height, pixels.width
        )
    full, inside = fraction
    width, height = full[::-1] if turn in SIDEWAYS else full
    return Decoded(pixels, turned_box(inside, stored, turn), height, width)


def _draft(
    picture: Image.Image, wanted: tuple[int, int] | None
) -> tuple[tuple[int, int], tuple[float, float]] | None:
    """Let a JPEG file be decoded at a fraction; its full size, and the size that counts of what will come."""
    if wanted is None:
        return None
    full, least = picture.size, round(SPARE * max(wanted))
    answer = picture.draft(None, (least, least))  # in which only JPEG has a part
    if answer is None or picture.size == full:
        return None
    return full, (answer[1][2], answer[1][3])


def turned_box(inside: tuple[float, float], size: tuple[int, int], turn: int) -> Box:
    """Where the part at the upper left of a stored picture lies when the picture is upright.

    Args:
        inside: width and height of the part. size: of the stored picture. turn: its EXIF orientation.

    >>> turned_box((62.5, 50.0), (63, 50), 2)
    (0.5, 0.0, 63.0, 50.0)
    """
    from_right, from_bottom = turn in (2, 3, 6, 7), turn in (3, 4, 7, 8)
    (inner_x, inner_y), (width, height) = (inside[::-1], size[::-1]) if turn in SIDEWAYS else (inside, size)
    left = width - inner_x if from_right else 0.0
    top = height - inner_y if from_bottom else 0.0
    return float(left), float(top), float(left + inner_x), float(top + inner_y)


def bytes_of(source: str | os.PathLike[str] | bytes) -> tuple[str, bytes]:
    """What to call it, and its bytes."""
    name, data = ("image", source) if isinstance(source, bytes) else (_shown(source), _file_bytes(source))
    if not data:
        refuse(name, "it is empty", _KINDS)
    if len(data) > MAX_BYTES:
        refuse(name, f"it has more than {MAX_BYTES:,} bytes", "a smaller file")
    return name, data


def _file_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, at most one more than allowed; pipes and devices may never end and are refused."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            cure = "Name the files in it, such as folder/*.png."
            refuse(_shown(path), "it is a folder or a device", "a picture file", cure=cure)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        cure = "Check the name, the folder, and your right to read it."
        refuse(_shown(path), f"it cannot be read: {error.strerror}", "a picture file", error, cure)


def _shown(path: str | os.PathLike[str]) -> str:
    """The name of a file, with control characters made visible."""
    name = os.path.basename(os.fspath(path))
    return name if name.isprintable() else ascii(name)


def opened(data: bytes) -> Image.Image:
    """Read the header with the allowed decoders only; Pillow's warning of a bomb is an error.

    Python's warning filters belong to the whole process, so threads take turns here.
    """
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=FORMATS)


def check_size(picture: Image.Image, name: str, max_pixels: int) -> None:
    """Refuse a picture with too many pixels before it is decoded; Pillow refuses those without any."""
    width, height = picture.size
    if width * height > max_pixels:
        refuse(name, f"it is {width} x {height} pixels", f"at most {max_pixels:,} pixels")


def orientation_of(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none that makes sense, as in browsers.

    Pillow turns TIFF pictures itself while it loads them and then forgets the orientation: ask after that.
    """
    try:
        orientation: Any = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - metadata can be damaged in many ways; the pixels are still good
        return 1
    return orientation if isinstance(orientation, int) and orientation in range(1, 9) else 1


def _check_complete(picture: Image.Image, data: bytes, name: str) -> None:
    """Refuse files whose end is missing though all pixels of the first frame were there."""
    whole = True
    if picture.format == "PNG":
        whole = data.rfind(b"IEND") > data.rfind(b"IDAT")
    elif picture.format == "GIF":
        whole = data.rstrip(b"\0\r\n ").endswith(b";")
    if not whole:
        refuse(name, "its end is missing", "a whole file")


def _reason(error: Exception) -> str:
    """The decoder's own words, in one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = text if len(text) <= 100 else text[:97] + "..."
    return text if text.isprintable() else ascii(text)


def refuse_undecoded(name: str, max_pixels: int, error: Exception) -> NoReturn:
    """Say why a decoder gave up."""
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        refuse(name, "it is too large to be decoded safely", f"at most {max_pixels:,} pixels", error)
    if isinstance(error, UnidentifiedImageError):
        refuse(name, "it is not recognized as a picture", _KINDS, error)
    refuse(name, f"it cannot be decoded ({_reason(error)})", f"{_KINDS}, whole and undamaged", error)


def refuse(
    name: str, happened: str, expected: str, cause: Exception | None = None, cure: str = ""
) -> NoReturn:
    """Say what is wrong with the picture."""
    cure = cure or "Open it in a picture viewer and save it again as PNG or JPEG, or leave it out."
    raise DataError(Problem(name, happened, expected, cure)) from cause
