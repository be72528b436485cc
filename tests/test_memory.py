"""Freed memory stays with the process, so that a large request after the first one is not handed out anew."""

import ctypes
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource, sys
import striate
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for turn in range(2):
    before = faults()
    place = libc.malloc(1 << 28)
    ctypes.memset(place, 1, 1 << 28)
    libc.free(place)
    print(faults() - before)
"""
is_glibc = platform.system() == "Linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def faults(**environment):
    """Pages that the system handed out for the first and for the second request of 256 MiB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


@pytest.mark.skipif(not is_glibc, reason="the option is glibc's")
def test_freed_memory_is_kept_unless_switched_off():
    first, second = faults()
    assert second < first / 10
    first, second = faults(STRIATE_KEEP_MEMORY="0")
    assert second > first / 2


def test_without_the_option_nothing_happens(monkeypatch):
    from striate import _memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert _memory.keep_freed_memory() is False
