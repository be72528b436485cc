"""Pictures: reading them safely, and bringing them to the input of a network."""

from striate.images.preprocessing import Preprocessing

__all__ = ["Preprocessing"]
