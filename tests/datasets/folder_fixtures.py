"""Small folders of pictures for the tests in this folder; each module imports what it needs."""

import numpy as np
from PIL import Image

__all__ = ["blobs", "class_folders", "save"]


def blobs(seed, height=24, width=32):
    """A smooth random colour picture: unlike noise, it looks the same when it is resized or saved again."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def save(place, picture=None, **options):
    """Write a picture, making its folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    (blobs(0) if picture is None else picture).save(place, **options)
    return place


def class_folders(root, counts, **shape):
    """A folder with so many different pictures for each name, such as {"cats": 3, "train/dogs": 2}."""
    for number, (name, count) in enumerate(counts.items()):
        for index in range(count):
            save(root / name / f"{index:03}.png", blobs(1000 * number + index, **shape))
    return root
