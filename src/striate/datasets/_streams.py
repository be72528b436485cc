"""Decompression that knows when to stop: bytes in all, and bytes out for each byte in."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from striate.errors import DataError, Problem

CHUNK = 1 << 16
CURE = "Don't use this file; fetch the data set again from a source you trust."


@dataclass(frozen=True)
class Limits:
    """Caps for an archive.

    Args:
        entries: number of entries. total: inflated bytes in all.
        ratio: inflated bytes for each packed byte (pictures of digits reach 10, text reaches 40).
    """

    entries: int = 20_000
    total: int = 1 << 30
    ratio: int = 200


class Inflated(io.RawIOBase):
    """A read-only stream of the inflated bytes of another stream, under caps."""

    def __init__(self, source: IO[bytes], inflater: Any, path: Path, limits: Limits) -> None:
        """Args: inflater: with `decompress(data, max_length)`, as in bz2 and lzma."""
        self._source, self._inflater, self._path, self._limits = source, inflater, path, limits
        self._packed = self._inflated = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer only at the end; all that remain for -1."""
        parts: list[bytes] = []
        left = self._limits.total + 1 if size < 0 else size
        while left > 0 and (part := self._more(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _more(self, size: int) -> bytes:
        """The next inflated bytes, at most `size`; empty at the end."""
        while not self._inflater.eof:
            packed = self._source.read(CHUNK) if self._inflater.needs_input else b""
            if self._inflater.needs_input and not packed:
                raise EOFError("it ends too early")
            self._packed += len(packed)
            part = self._inflater.decompress(packed, size)
            self._inflated += len(part)
            self._check()
            if part:
                return part
        return b""

    def _check(self) -> None:
        """Refuse when a cap is passed; the first megabyte is free, for short files deflate well."""
        out, limits = self._inflated, self._limits
        if out > limits.total or out > limits.ratio * self._packed + (1 << 20):
            happened = f"it inflates {self._packed:,} bytes to more than {out:,}"
            raise DataError(Problem(self._path.name, happened, "a modest archive", CURE))


class Zlib:
    """zlib's inflater with the manners of lzma's: it keeps what it was given and asks when it is empty."""

    def __init__(self, gzip: bool = False) -> None:
        """Args: gzip: whether the data have gzip's header instead of zlib's."""
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | (16 if gzip else 0))

    @property
    def eof(self) -> bool:
        """True after the last byte."""
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        """True when nothing is held back."""
        return not self._zlib.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes of what is held and of `data`."""
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def inflated(file: IO[bytes], path: Path, limits: Limits) -> IO[bytes]:
    """The inflated stream of a gzip, xz or bzip2 file; any other file as it is."""
    magic = file.read(6)
    file.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return Inflated(file, Zlib(gzip=True), path, limits)  # type: ignore[return-value]
    if magic == b"\xfd7zXZ\x00":
        return Inflated(file, lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28), path, limits)  # type: ignore[return-value]
    if magic[:3] == b"BZh":
        return Inflated(file, bz2.BZ2Decompressor(), path, limits)  # type: ignore[return-value]
    return file


def gunzip(data: bytes, size: int, where: str) -> bytes:
    """Exactly `size` bytes out of gzip data, with its checksum, and nothing behind it."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        out = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise DataError(
            Problem(where, f"the gzip data are broken ({error})", "whole gzip data", CURE)
        ) from None
    if len(out) == size and not inflater.eof:  # the checksum may still wait
        out += inflater.decompress(inflater.unconsumed_tail, 1)
    if len(out) != size or not inflater.eof or inflater.unused_data:
        happened = f"the gzip data hold {'more' if len(out) > size else 'other'} than {size:,} bytes"
        raise DataError(Problem(where, happened, f"exactly {size:,} bytes", CURE))
    return out


def gunzip_at_most(data: bytes, most: int, where: str) -> bytes:
    """What gzip data hold, with their checksum, when it is at most `most` bytes and nothing is behind it."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        out = inflater.decompress(data, most + 1)
    except zlib.error as error:
        raise DataError(
            Problem(where, f"the gzip data are broken ({error})", "whole gzip data", CURE)
        ) from None
    return gunzip(data, min(len(out), most), where)
