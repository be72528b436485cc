"""Pictures: reading them safely, and bringing them to the input of a network."""

from striate.images.preprocessing import Preprocessing
from striate.images.reading import read_image

__all__ = ["Preprocessing", "read_image"]
