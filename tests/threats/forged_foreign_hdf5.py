"""HDF5 files that point out of themselves, hold no numbers, burst, or lie; and archives of Keras."""

import io
import struct
import zlib

import h5py
import numpy as np

from foreign_writing import zipped

FORGERIES = {}
VARS = "layers/one/vars"
ONES = np.ones(4, "f4")


def made(fill, **options):
    """The bytes of a file that h5py makes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def honest(file):
    """One layer of one variable."""
    file[f"{VARS}/0"] = ONES


def filled(name, fill, **options):
    """Enter a file that h5py fills: first honestly, then by `fill`."""

    def both(file):
        honest(file)
        fill(file)

    FORGERIES[f"hdf5-{name}"] = lambda: made(both, **options)


def dataset(name, **options):
    """Enter a file with a second variable of odd kind."""
    filled(name, lambda file: file.create_dataset(f"{VARS}/1", **options))


def entered(how, name, **options):
    """Enter a file by the function below."""

    def enter(fill):
        how(name, fill, **options)
        return fill

    return enter


def patched(name, find, offset, form, value, fill=honest, last=False):
    """Enter a file in which one number at or behind a mark is another."""

    def make():
        data = bytearray(made(fill))
        place = data.rindex(find) if last else data.index(find)
        struct.pack_into(form, data, place + offset, value)
        return bytes(data)

    FORGERIES[f"hdf5-{name}"] = make


def link(name, target):
    """Enter a file with a link."""

    def fill(file):
        file[f"{VARS}/1"] = target

    filled(name, fill)


# Out of the file, or round in it.
link("with-an-external-link", h5py.ExternalLink("/etc/passwd", "/x"))
link("with-a-soft-link", h5py.SoftLink(f"/{VARS}/0"))
link("with-a-dangling-soft-link", h5py.SoftLink("/../../etc"))


@entered(filled, "with-two-names-for-one-object")
def _(file):
    file[f"{VARS}/1"] = file[f"{VARS}/0"]


@entered(filled, "with-a-group-within-itself")
def _(file):
    file["layers/one/layers"] = file["layers"]


@entered(filled, "with-numbers-in-another-file")
def _(file):
    file.create_dataset(f"{VARS}/1", (4,), "f4", external=[("/etc/passwd", 0, 16)])


@entered(filled, "with-virtual-data")
def _(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset(f"{VARS}/1", layout)


# Other things than numbers.
dataset("with-objects", shape=(2,), dtype=h5py.ref_dtype)
dataset("with-texts", data=np.array([b"ab", b"cd"]))
dataset("with-texts-of-any-length", data=["ab", "cd"])
dataset("with-arrays-of-any-length", shape=(2,), dtype=h5py.vlen_dtype(np.dtype("f4")))
dataset("with-records", data=np.zeros(2, [("a", "f4"), ("b", "i4")]))
dataset("with-opaque-values", data=np.zeros(2, "V8"))
dataset("with-opaque-halves", data=np.zeros(2, "V2"))
dataset("with-arrays-as-values", shape=(2,), dtype=np.dtype("(3,)f4"))
dataset("with-an-enumeration", shape=(2,), dtype=h5py.enum_dtype({"A": 0, "B": 7}, "i4"))
dataset("with-nothing", data=h5py.Empty("f4"))


@entered(filled, "with-a-type-alone")
def _(file):
    file["layers/kind"] = np.dtype("f4")


# Bursting.
dataset("that-was-never-written", shape=(2**40,), dtype="f4")
dataset("with-chunks-that-are-not-there", shape=(2**20,), dtype="f4", chunks=(2**16,))
dataset("with-a-million-chunks", shape=(2**20,), dtype="f4", chunks=(1,))
dataset("packed-by-lzf", data=np.ones(64, "f4"), compression="lzf")
dataset("with-another-checksum", data=np.ones(64, "f4"), fletcher32=True)
dataset("packed-by-scale-and-offset", data=np.ones(64, "i4"), scaleoffset=2)
dataset("larger-than-memory", shape=(2**50,), dtype="f4")


def chunk(name, raw, **options):
    """Enter a file with one packed chunk of these very bytes."""

    def fill(file):
        options_here = {"shape": (64,), "dtype": "f4", "chunks": (64,), "compression": "gzip", **options}
        file.create_dataset(f"{VARS}/1", **options_here).id.write_direct_chunk((0,), raw)

    filled(name, fill)


chunk("chunk-that-inflates-to-more", zlib.compress(b"\0" * 2**20))
chunk("chunk-that-inflates-to-less", zlib.compress(b"\0" * 9))
chunk("chunk-that-does-not-inflate", b"hello")
chunk("chunk-cut-short", zlib.compress(bytes(range(256)))[:-20])


@entered(filled, "chunk-bomb")
def _(file):
    shape = (2**26,)
    made = file.create_dataset(f"{VARS}/1", shape, "f4", chunks=shape, compression="gzip")
    made.id.write_direct_chunk((0,), zlib.compress(b"\0" * 2**20, 9))


# Numbers that lie.
MAGIC = b"\x89HDF\r\n\x1a\n"
patched("of-version-9", MAGIC, 8, "<B", 9)
patched("with-short-addresses", MAGIC, 13, "<B", 4)
patched("longer-than-it-is", MAGIC, 40, "<Q", 2**40)
patched("with-a-base-elsewhere", MAGIC, 24, "<Q", 512)
patched("with-a-root-outside", MAGIC, 64, "<Q", 2**40)
patched("with-a-root-that-is-none", MAGIC, 64, "<Q", 8)
patched("with-a-tree-outside", b"TREE", 32, "<Q", 2**62)
patched("with-a-tree-of-more-levels", b"TREE", 5, "<B", 3)
patched("with-a-tree-of-chunks-as-a-group", b"TREE", 4, "<B", 1)
patched("with-a-table-of-too-many", b"SNOD", 6, "<H", 60_000)
patched("with-a-name-outside-of-its-heap", b"SNOD", 8, "<Q", 2**20)
patched("with-a-heap-outside", b"HEAP", 24, "<Q", 2**40)
patched("with-an-immense-heap", b"HEAP", 8, "<Q", 2**40)
patched("with-a-name-that-climbs", b"layers\0", 0, "<6s", b"../../")
patched("with-a-name-that-is-not-utf8", b"layers\0", 0, "<B", 0xFF)
patched("with-numbers-outside", b"\x03\x01", 2, "<Q", 2**40)
patched("with-another-number-of-bytes", b"\x03\x01", 10, "<Q", 12)


def two(file):
    """Two variables of different numbers."""
    file[f"{VARS}/0"], file[f"{VARS}/1"] = ONES, 2 * ONES


def on_the_same_bytes():
    """The second variable points to the numbers of the first."""
    data = bytearray(made(two))
    first, second = data.index(b"\x03\x01") + 2, data.rindex(b"\x03\x01") + 2
    data[second : second + 8] = data[first : first + 8]
    return bytes(data)


def attribute(name, fill):
    """Enter a file of Keras 2 whose attributes are forged."""

    def both(file):
        file.attrs["layer_names"] = [b"one"]
        file.create_group("one").attrs["weight_names"] = [b"kernel:0"]
        file["one/kernel:0"] = ONES
        fill(file)

    FORGERIES[f"hdf5-{name}"] = lambda: made(both)


@entered(attribute, "with-a-layer-that-is-missing")
def _(file):
    file.attrs["layer_names"] = [b"one", b"two"]


@entered(attribute, "with-a-weight-that-is-missing")
def _(file):
    file["one"].attrs["weight_names"] = [b"kernel:0", b"../../etc/passwd"]


@entered(attribute, "with-a-weight-listed-twice")
def _(file):
    file["one"].attrs["weight_names"] = [b"kernel:0", b"kernel:0"]


@entered(attribute, "with-layers-that-are-numbers")
def _(file):
    file.attrs["layer_names"] = [1, 2]


@entered(attribute, "with-a-configuration-of-two-meanings")
def _(file):
    file.attrs["model_config"] = '{"a": 1, "a": 2}'


@entered(attribute, "with-a-configuration-that-is-no-json")
def _(file):
    file.attrs["model_config"] = "__import__('os').system('id')"


@entered(attribute, "with-a-configuration-nested-too-deep")
def _(file):
    file.attrs["model_config"] = "[" * 5000 + "]" * 5000


@entered(filled, "with-links-in-a-new-heap", libver="latest")
def _(file):
    for number in range(1, 40):
        file[f"{VARS}/{number}"] = ONES


@entered(filled, "with-attributes-in-a-new-heap", libver="latest")
def _(file):
    for number in range(40):
        file["layers"].attrs[f"a{number}"] = "x"


def named(file):
    """A layer with a name of its own, which lies in a heap."""
    honest(file)
    file[VARS].attrs["name"] = "a name of its own"


patched("in-which-a-text-lies-elsewhere", b"GCOL", 0, "<4s", b"NONE", named)
patched("in-which-a-text-is-longer-than-its-place", b"GCOL", 24, "<Q", 3, named)
FORGERIES["hdf5-with-two-data-sets-on-the-same-bytes"] = on_the_same_bytes
FORGERIES["hdf5-cut-in-half"] = lambda: made(honest)[: len(made(honest)) // 2]
FORGERIES["hdf5-of-nothing-but-its-mark"] = lambda: MAGIC
FORGERIES["hdf5-behind-something-else"] = lambda: b"#!/bin/sh\n".ljust(512) + made(honest)
FORGERIES["hdf5-without-layers"] = lambda: made(lambda file: file.create_dataset("x", data=ONES))
FORGERIES["hdf5-that-is-empty"] = lambda: made(lambda file: None)


def keras(name, **changed):
    """Enter an archive of Keras with a forged file; None takes one away."""

    def make():
        files = {"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": made(honest)}
        files |= {key.replace("_json", ".json"): data for key, data in changed.items()}
        return zipped({key: data for key, data in files.items() if data is not None})

    FORGERIES[f"keras-{name}"] = make


keras("with-a-configuration-of-two-meanings", config_json=b'{"a": 1, "a": 2}')
keras("with-nan-in-its-configuration", config_json=b'{"a": NaN}')
keras("with-a-configuration-too-long", config_json=b" " * (2**23 + 1))
keras("with-a-configuration-nested-too-deep", config_json=b"[" * 5000)
keras("with-metadata-that-are-none", metadata_json=b"\xff")
keras("with-a-program", **{"run.py": b"import os"})
keras("without-weights", **{"model.weights.h5": None})
keras("whose-weights-are-a-stream", **{"model.weights.h5": b"\x80\x02cos\nsystem\n(U\x02idtR."})
FORGERIES["keras-whose-weights-lead-outside"] = lambda: zipped(
    {"config.json": b"{}", "model.weights.h5": FORGERIES["hdf5-with-an-external-link"]()}
)
