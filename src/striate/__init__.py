"""Striate: convolutional neural networks you can see through."""

import lazy_loader

from striate._memory import keep_freed_memory

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

keep_freed_memory()  # before JAX begins its threads
