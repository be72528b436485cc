"""Zip archives that two readers could see differently, that lie, or that burst; and tar archives."""

import io
import struct
import tarfile
import zipfile
import zlib

from foreign_writing import npy, stream, torch_files, torch_zip, zipped

FORGERIES = {}
END = struct.Struct("<4s4H2LH")


def forgery(function):
    """Enter a function that makes a file under its own name."""
    FORGERIES[function.__name__.replace("_", "-")] = function
    return function


def patched(name, mark, offset, form, value, which=0):
    """Enter an honest archive in which one number behind a mark is another."""

    def make():
        data = bytearray(torch_zip())
        place = -1
        for _ in range(which + 1):
            place = data.index(mark, place + 1)
        struct.pack_into(form, data, place + offset, value)
        return bytes(data)

    FORGERIES[name] = make


LOCAL, CENTRAL, LAST = b"PK\3\4", b"PK\1\2", b"PK\5\6"
patched("zip-whose-end-lists-more-entries", LAST, 8, "<4s", b"\x09\0\x09\0")
patched("zip-whose-end-lists-fewer-entries", LAST, 8, "<4s", b"\2\0\2\0")
patched("zip-whose-end-counts-two-ways", LAST, 10, "<H", 2)
patched("zip-on-several-disks", LAST, 4, "<H", 1)
patched("zip-whose-table-lies-elsewhere", LAST, 16, "<L", 3)
patched("zip-with-a-comment-that-is-not-there", LAST, 20, "<H", 5)
patched("zip-with-an-encrypted-entry", CENTRAL, 8, "<H", 1)
patched("zip-with-an-unknown-method", CENTRAL, 10, "<H", 99)
patched("zip-with-a-wrong-checksum", CENTRAL, 16, "<L", 1)
patched("zip-with-a-size-that-lies", CENTRAL, 24, "<L", 2**31, 2)
patched("zip-with-a-packed-size-that-lies", CENTRAL, 20, "<L", 2**31, 2)
patched("zip-with-an-entry-on-another", CENTRAL, 42, "<L", 0, 2)
patched("zip-with-an-entry-past-the-end", CENTRAL, 42, "<L", 2**31, 2)
patched("zip-with-a-link", CENTRAL, 38, "<L", 0o120777 << 16)
patched("zip-with-a-device", CENTRAL, 38, "<L", 0o020777 << 16)
patched("zip-with-another-name-in-front", LOCAL, 30, "<c", b"x")
patched("zip-with-another-method-in-front", LOCAL, 8, "<H", 8)
patched("zip-with-another-size-in-front", LOCAL, 18, "<L", 5)
patched("zip-with-a-name-past-its-table", CENTRAL, 28, "<H", 60_000)
patched("zip-with-large-sizes-that-are-missing", CENTRAL, 24, "<L", 2**32 - 1)


@forgery
def zip_with_something_in_front():
    return b"PK\3\4" + b"\0" * 60 + torch_zip()


@forgery
def zip_with_something_behind():
    return torch_zip() + b"#!/bin/sh\n"


@forgery
def zip_cut_in_half():
    return torch_zip()[: len(torch_zip()) // 2]


@forgery
def zip_without_an_end():
    return torch_zip()[:-22]


@forgery
def zip_with_the_same_name_twice():
    files = list(torch_files().items())
    files.insert(1, ("m/data.pkl", stream({})))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, data in files:
                archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def named(name, entry):
    """Enter an archive with one more entry of a bad name."""
    FORGERIES[name] = lambda: torch_zip(**{entry: b"x"})


named("zip-with-a-name-that-climbs", "m/../../etc/passwd")
named("zip-with-an-absolute-name", "/etc/passwd")
named("zip-with-a-backslash", "m\\data\\9")
named("zip-with-a-drive-letter", "C:data")
named("zip-with-a-control-character", "m/\x1b[2J")


@forgery
def zip_bomb():
    data = bytearray(zipped({"a.npy": b"\0" * 2**22}, method=zipfile.ZIP_DEFLATED))
    return bytes(data)


@forgery
def zip_bomb_that_says_it_is_small():
    """Deflated zeros of which both headers promise a few."""
    data = bytearray(zipped({"a.npy": npy() + b"\0" * 2**20}, method=zipfile.ZIP_DEFLATED))
    for mark, offset in ((LOCAL, 22), (CENTRAL, 24)):
        struct.pack_into("<L", data, data.index(mark) + offset, len(npy()))
    return bytes(data)


@forgery
def zip_that_inflates_to_less():
    data = bytearray(zipped({"a.npy": npy()}, method=zipfile.ZIP_DEFLATED))
    for mark, offset in ((LOCAL, 22), (CENTRAL, 24)):
        struct.pack_into("<L", data, data.index(mark) + offset, len(npy()) + 4)
    return bytes(data)


@forgery
def zip_with_broken_deflation():
    data = bytearray(zipped({"a.npy": npy()}, method=zipfile.ZIP_DEFLATED))
    place = data.index(b"a.npy") + 5
    data[place : place + 8] = b"\xff" * 8
    return bytes(data)


@forgery
def zip_of_thirty_thousand_entries():
    entries = b""
    for number in range(30_000):
        name = b"m/%05d" % number
        fields = (20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
        entries += struct.pack("<4s6H3L5H2L", CENTRAL, *fields) + name
    head = struct.pack("<4s5H3L2H", LOCAL, 20, 0, 0, 0, 0, 0, 0, 0, 7, 0) + b"m/00000"
    return head + entries + END.pack(LAST, 0, 0, 30_000, 30_000, len(entries), len(head), 0)


@forgery
def zip_of_nothing_that_is_read_here():
    return zipped({"readme.txt": b"hello"})


@forgery
def zip_that_is_empty():
    return zipped({})


@forgery
def zip_of_two_models():
    return zipped({**torch_files(), "n/data.pkl": stream({})})


@forgery
def zip_of_torchscript():
    return torch_zip(**{"m/code/__torch__.py": b"import os", "m/constants.pkl": stream(())})


@forgery
def zip_with_an_unknown_order_of_bytes():
    return torch_zip(**{"m/byteorder": b"middle"})


@forgery
def tar_of_the_oldest_pytorch():
    """torch.load once read tar archives, and ran their streams whatever it had been told (CVE-2025-32434)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            data = b"cos\nsystem\n(S'touch /tmp/owned'\ntR."
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@forgery
def gzip_archive():
    return b"\x1f\x8b" + zlib.compress(b"x")


@forgery
def onnx_graph():
    return b"\x08\x07\x12\x07pytorch" + b"\0" * 30


@forgery
def gguf():
    return b"GGUF\3\0\0\0" + b"\0" * 32


@forgery
def empty_file():
    return b""


@forgery
def python_program():
    return b"import os\nos.system('touch /tmp/owned')\n"
