"""Ten thousand damaged pictures, read one after the other by a process that is kept on a short leash.

Run as a program by test_picture_mutations.py: a crash of a decoder ends only this process.
"""

import io
import random
import resource
import sys
import warnings

import numpy as np
from PIL import Image

from striate.errors import DataError
from striate.images import Preprocessing, read_header, read_image, read_prepared

MEMORY = 4 * 2**30
SECONDS = 120


def seeds():
    """Small pictures of every format on the list, so that a mutation often hits something that matters."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 11, 3), dtype=np.uint8))
    grey = noise.convert("L")
    encodings = [(noise, "PNG", {}), (grey, "PNG", {"bits": 4}), (noise, "JPEG", {}), (noise, "WEBP", {})]
    encodings += [(noise, "JPEG", {"progressive": True}), (noise, "WEBP", {"lossless": True})]
    encodings += [(grey, "GIF", {"save_all": True, "append_images": [grey, grey]}), (noise, "BMP", {})]
    encodings += [(noise, "TIFF", {}), (noise, "TIFF", {"compression": "tiff_lzw"})]
    encodings += [(noise.resize((48, 40)), "JPEG", {"exif": turned(6)})]
    for image, kind, options in encodings:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        yield buffer.getvalue()


def turned(orientation):
    """EXIF data that ask for a turn."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def read_in_every_way(data, recipe):
    """The pixels; whoever decodes only the header or at a fraction must not fail in other ways."""
    for read in (read_header, lambda each: read_prepared(each, recipe)):
        try:
            found = read(data)
        except DataError:
            continue
        assert isinstance(found, np.ndarray) is (read is not read_header)
    return read_image(data)


def mutated(data, random_numbers):
    """The file with a few bytes changed, doubled, removed or moved."""
    raw = bytearray(data)
    for _ in range(random_numbers.randint(1, 6)):
        place = random_numbers.randrange(len(raw))
        if random_numbers.random() < 0.4:
            place = min(place, random_numbers.randrange(64))
        other = random_numbers.randrange(len(raw))
        match random_numbers.randrange(5):
            case 0:
                raw[place] = random_numbers.randrange(256)
            case 1:
                raw[place] ^= 1 << random_numbers.randrange(8)
            case 2:
                raw[place : place + 4] = random_numbers.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
                )
            case 3:
                raw[place:place] = raw[other : other + 16]
            case 4 if len(raw) > 32:
                del raw[place : place + random_numbers.randrange(1, 16)]
    return bytes(raw)


def main(count):
    """Read that many; anything but an array or our own error ends the program with a traceback."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    warnings.simplefilter("ignore")
    random_numbers = random.Random(20)
    originals, recipe = list(seeds()), Preprocessing((4, 5), 3)
    read = refused = 0
    for number in range(count):
        try:
            pixels = read_in_every_way(mutated(originals[number % len(originals)], random_numbers), recipe)
        except DataError:
            refused += 1
        else:
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3
            assert pixels.shape[2] in (1, 3)
            read += 1
    print(read, refused)


if __name__ == "__main__":
    main(int(sys.argv[1]))
