"""Memory that the process keeps, in large pages, so that a training step does not ask for it anew."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
"""Names of the C library's options, from its malloc.h."""
_KEPT, _ROOM = 2**31 - 1, 2**26
"""Free bytes that are kept at most (the most the option takes), and bytes asked for beyond what is needed."""
_MADV_HUGEPAGE, _LARGE_PAGE = 14, 2**21
_PIN = 2**20
"""Bytes of the piece that holds reserved addresses; too large for the C library's small bins."""
_ASIDE = 2**28
"""Bytes of addresses that are served first, for what is small beside the memory of a step and stays, such as
the kernels' own: it would cut the place where a step's memory can lie again and again."""
_RESERVED = (2**33, 2**31, 2**29)
"""Bytes of addresses reserved for large pages, the first number to be had; no memory until used."""


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


def use_large_pages() -> bool:
    """Let memory that is kept lie in large pages, which can be asked for only where it has addresses already.

    A network's weights are tens of thousands of ordinary pages, more than a processor keeps the places of.
    The addresses count against a limit of the process, so where there is one nothing is reserved; and only
    programs that run networks reserve any.

    Returns:
        Whether addresses were reserved. Where the system has no large pages, that changes nothing.
    """
    if not keep_freed_memory() or _is_limited():
        return False
    libc, pointer, size = ctypes.CDLL(None), ctypes.c_void_p, ctypes.c_size_t
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = pointer, [size], [pointer]
    libc.madvise.argtypes = [pointer, size, ctypes.c_int]
    aside = _reserve(_ASIDE, libc)
    start = next((start for length in _RESERVED if (start := _reserve(length, libc)) is not None), None)
    libc.free(aside)
    libc.free(start)
    return start is not None


def _reserve(length: int, libc: Any) -> int | None:
    """Addresses for large pages, with something behind them that stays; None where there are not so many."""
    if (start := libc.malloc(length)) is None:
        return None
    first = -(-start // _LARGE_PAGE) * _LARGE_PAGE
    libc.madvise(first, (start + length - first) // _LARGE_PAGE * _LARGE_PAGE, _MADV_HUGEPAGE)
    if _pin_behind(start, libc):
        return start
    libc.free(start)
    return None


def _pin_behind(start: int, libc: Any) -> bool:
    """Take a piece of memory behind an address for good; without one, all behind it goes back when freed.

    The C library serves from the holes before that address first, so those are filled for the moment.
    """
    fillers: list[int] = []
    while (pin := libc.malloc(_PIN)) is not None and pin < start:
        fillers.append(pin)
    for filler in fillers:
        libc.free(filler)
    return pin is not None


def _is_limited() -> bool:
    """Whether somebody set a limit to what this process may have."""
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return any(resource.getrlimit(kind)[0] != resource.RLIM_INFINITY for kind in kinds)
