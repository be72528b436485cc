"""An array of bytes with the manners of a file, without a copy."""

from __future__ import annotations

import numpy as np


class MemoryFile:
    """What readers want of a file: `seek`, `read`, `readinto`."""

    def __init__(self, data: np.ndarray) -> None:
        """Args: data: uint8."""
        self._data, self._place = data, 0

    def seek(self, place: int) -> int:
        """Go to a byte."""
        self._place = place
        return place

    def read(self, count: int) -> bytes:
        """The next bytes, fewer at the end."""
        found = self._data[self._place : self._place + count].tobytes()
        self._place += len(found)
        return found

    def readinto(self, out: memoryview) -> int:
        """Fill a buffer; how many bytes there were."""
        found = self._data[self._place : self._place + len(out)]
        out[: found.size] = found.data
        self._place += found.size
        return found.size
