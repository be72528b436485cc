"""Inflating under caps, and gzip data of a known size."""

import gzip
import io
import lzma
from pathlib import Path

import pytest

from striate.datasets._streams import Limits, gunzip, inflated
from striate.errors import DataError

TEXT = bytes(range(256)) * 1000


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("step", [1, 999, 10240, -1])
def test_a_stream_gives_the_same_bytes_in_any_steps(pack, step):
    text = TEXT[:5000] if step == 1 else TEXT
    stream = inflated(io.BytesIO(pack(text)), Path("a"), Limits())
    out = b"".join(iter(lambda: stream.read(step), b""))
    assert out == text


def test_a_plain_file_passes_through():
    assert inflated(io.BytesIO(b"plain text"), Path("a"), Limits()).read() == b"plain text"


def test_memory_never_exceeds_the_cap():
    bomb = gzip.compress(bytes(64 << 20))
    stream = inflated(io.BytesIO(bomb), Path("bomb"), Limits(total=2 << 20, ratio=10**9))
    with pytest.raises(DataError, match="bomb: it inflates"):
        stream.read()


def test_a_stream_that_ends_too_early():
    stream = inflated(io.BytesIO(gzip.compress(TEXT)[:-9]), Path("a"), Limits())
    with pytest.raises(EOFError):
        stream.read()


def test_gunzip_wants_exactly_the_promised_bytes():
    assert gunzip(gzip.compress(TEXT), len(TEXT), "a") == TEXT
    assert gunzip(gzip.compress(b""), 0, "a") == b""


FLIPPED = bytearray(gzip.compress(TEXT))
FLIPPED[-6] ^= 1
WRONG = {
    "longer": (gzip.compress(TEXT + b"!"), "a: the gzip data hold more than 256,000 bytes"),
    "shorter": (gzip.compress(TEXT[:-1]), "a: the gzip data hold other than 256,000 bytes"),
    "cut": (gzip.compress(TEXT)[:-1], "a: the gzip data hold other than 256,000 bytes"),
    "more behind": (gzip.compress(TEXT) + b"x", "a: the gzip data hold other than 256,000 bytes"),
    "bomb": (gzip.compress(bytes(50 << 20)), "a: the gzip data hold more than 256,000 bytes"),
    "wrong checksum": (bytes(FLIPPED), "a: the gzip data are broken"),
    "not gzip": (b"hello", "a: the gzip data are broken"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_gunzip_refuses(kind):
    data, message = WRONG[kind]
    with pytest.raises(DataError) as caught:
        gunzip(data, len(TEXT), "a")
    assert str(caught.value).startswith(message)
