"""Memory that the process keeps, so that a step of training does not ask the system for it anew."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
"""Names of the C library's options, from its malloc.h."""
_KEPT, _ROOM = 2**31 - 1, 2**26
"""Free bytes that are kept at most (the most the option takes), and bytes asked for beyond what is needed."""


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for the next request instead of giving it back to the system.

    XLA asks for all the memory of a step at once and frees it at the step's end. Left alone, the C library
    passes both on to the system, which clears every page and hands it out anew: up to a fifth of the time of
    a training step. `STRIATE_KEEP_MEMORY=0` leaves things as they are.

    Returns:
        Whether it was done: it is glibc's option, and for the whole process.
    """
    if os.environ.get("STRIATE_KEEP_MEMORY") == "0":
        return False
    try:
        options = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018  # others have a mallopt that means other things
    except (AttributeError, OSError, TypeError):
        return False
    wanted = {_ARENA_MAX: 1, _MMAP_MAX: 0, _TRIM_THRESHOLD: _KEPT, _TOP_PAD: _ROOM}
    done = [options(name, value) for name, value in wanted.items()]
    return all(answer == 1 for answer in done)
