"""Memory stays with the process, in large pages, and a large request is not handed out anew."""

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from striate.ops import _native

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


LARGE = """
import ctypes, re, resource, sys
from striate.ops import _native
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if "limited" in sys.argv:
    resource.setrlimit(resource.RLIMIT_AS, (2**34, 2**34))
if "holes" in sys.argv:
    holes, walls = zip(*[(libc.malloc(5 << 20), libc.malloc(5 << 20)) for _ in range(9)])
    for hole in holes:
        libc.free(hole)
_native.library()
places = [libc.malloc(1 << 26) for _ in range(4)]
for place in places:
    ctypes.memset(place, 1, 1 << 26)
print(sum(map(int, re.findall(r"AnonHugePages: +(\\d+) kB", open("/proc/self/smaps").read()))))
print(*re.findall(r"VmRSS:\\s+(\\d+) kB", open("/proc/self/status").read()))
"""
PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(not is_glibc or not PAGES.exists(), reason="needs glibc and Linux' large pages")
@pytest.mark.skipif(PAGES.exists() and "[never]" in PAGES.read_text(), reason="large pages are off")
@pytest.mark.skipif(_native.isa() is None, reason="only programs with the kernels ask for them")
def test_what_the_c_library_hands_out_lies_in_large_pages_unless_memory_is_limited():
    large, resident = kilobytes()
    assert large > 200 * 1024
    assert resident < 600 * 1024  # reserved addresses take no memory
    assert kilobytes("holes")[0] > 200 * 1024  # in what lay free before, nothing holds the addresses
    assert kilobytes("limited")[0] < 100 * 1024


def kilobytes(*words):
    """Of large pages and in all, once 256 MiB have been used."""
    done = subprocess.run([sys.executable, "-c", LARGE, *words], capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def test_without_the_option_nothing_happens(monkeypatch):
    from striate import _memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert _memory.keep_freed_memory() is False
