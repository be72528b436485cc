"""Files whose outside is wrong: not safetensors at all, lying headers, lying entries, hostile names."""

import io
import struct
import zipfile

from forging import Forge, canonical, packed

FORGERIES = {}
ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def forgery(function):
    """Enter a function that makes a file under its own name."""
    FORGERIES[function.__name__.replace("_", "-")] = function
    return function


def raw(name, data):
    """Enter a file that is just these bytes."""
    FORGERIES[name] = lambda: data


def header(name, text):
    """Enter a file with this header, four bytes of numbers and nothing else."""
    FORGERIES[name] = lambda: packed(text if isinstance(text, bytes) else text.encode(), b"\0" * 4)


def entry(name, **changes):
    """Enter an honest file in which one tensor's entry is changed; None removes a field."""

    def make():
        forge = Forge()
        changed = {**forge.make_entries()["params/conv/kernel"], **changes}
        forge.entries["params/conv/kernel"] = {
            key: value for key, value in changed.items() if value is not None
        }
        return forge.file()

    FORGERIES[name] = make


def renamed(name, tensor):
    """Enter an honest file in which one tensor has another name."""

    def make():
        forge = Forge()
        forge.make_body()
        forge.entries = {
            tensor if key == "params/conv/kernel" else key: value
            for key, value in forge.make_entries().items()
        }
        return forge.file()

    FORGERIES[name] = make


def a_zip_file():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", "{}")
    return buffer.getvalue()


raw("empty", b"")
raw("one-byte", b"\x08")
raw("only-a-length", struct.pack("<Q", 2))
raw("length-zero", struct.pack("<Q", 0) + b"{}" + b"\0" * 8)
raw("length-past-the-end", struct.pack("<Q", 100) + b"{}      ")
raw("length-over-the-cap", struct.pack("<Q", 2**23 + 1) + b"{}      ")
raw("length-2-to-the-63", struct.pack("<Q", 2**63) + b"{}      ")
raw("length-all-ones", b"\xff" * 8 + b"{}      ")
raw("length-big-endian", struct.pack(">Q", 8) + b"{}      ")
raw("length-not-aligned", packed(b'{"a":1}  ', length=9))
raw("zip-archive", a_zip_file())
raw(
    "pickle",
    b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
)
raw("hdf5", b"\x89HDF\r\n\x1a\n" + b"\0" * 64)
raw("numpy-array", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }")
raw("gguf", b"GGUF\x03\x00\x00\x00" + b"\0" * 64)
raw("python-program", b"import os\nos.system('id')\n" * 4)

header("header-begins-with-a-space", ' {"a":1}')
header("header-ends-with-a-newline", '{"a": 1}\n       ')
header("header-is-a-list", "[]")
header("header-is-cut-off", '{"a":{"dtype":"F32"')
header("header-is-no-json", "{'a': 1}")
header("header-is-not-utf8", b'{"\xff\xfe":1}')
header("header-is-utf16", '{"a": 1}'.encode("utf-16-le"))
header("header-with-a-byte-order-mark", '\ufeff{"a":1}')
header("header-with-nul-bytes", b'{"a":\0\0\0}')
header("header-with-two-objects", "{}{}")
header("header-with-a-comment", '{/**/"a":1}')
header("header-names-a-tensor-twice", f'{{"a":{canonical(ENTRY).decode()},"a":{canonical(ENTRY).decode()}}}')
header(
    "header-names-a-tensor-twice-in-disguise",
    f'{{"a":{canonical(ENTRY).decode()},"\\u0061":{canonical(ENTRY).decode()}}}',
)
header("header-names-the-metadata-twice", '{"__metadata__":{},"__metadata__":{}}')
header("header-names-a-field-twice", '{"a":{"dtype":"F32","shape":[1],"shape":[9],"data_offsets":[0,4]}}')
header("header-with-nan", '{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}')
header("header-with-infinity", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,Infinity]}}')
header("header-with-a-number-that-overflows", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}')
header(
    "header-with-an-integer-of-a-thousand-digits",
    f'{{"a":{{"dtype":"F32","shape":[{"9" * 1000}],"data_offsets":[0,4]}}}}',
)
header("header-with-half-a-surrogate-pair", '{"\\ud800":1}')
header("header-nested-a-hundred-thousand-deep", '{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
header("header-with-a-million-values", '{"a":[' + "0," * 1_000_000 + "0]}")
header("header-with-seventy-thousand-tensors", canonical({f"t{n}": 1 for n in range(70_000)}))

entry("entry-without-dtype", dtype=None)
entry("entry-without-shape", shape=None)
entry("entry-without-offsets", data_offsets=None)
entry("entry-with-a-file-name", file="/etc/passwd")
entry("dtype-unknown", dtype="F128")
entry("dtype-in-small-letters", dtype="f32")
entry("dtype-is-a-number", dtype=32)
entry("dtype-is-a-list", dtype=["F32"])
entry("dtype-is-an-object-type", dtype="O")
entry("shape-is-a-text", shape="3,3,1,2")
entry("shape-is-negative", shape=[-3, -3, 1, 2])
entry("shape-with-a-fraction", shape=[3.0, 3, 1, 2])
entry("shape-with-a-truth-value", shape=[3, 3, True, 2])
entry("shape-is-nested", shape=[[3, 3], [1, 2]])
entry("shape-with-nine-axes", shape=[1, 1, 1, 1, 1, 3, 3, 1, 2])
entry("shape-whose-product-wraps-around", shape=[2**32, 2**32, 4, 1])
entry("shape-larger-than-its-bytes", shape=[3, 3, 1, 3])
entry("shape-smaller-than-its-bytes", shape=[3, 3, 1, 1])
entry("offsets-of-three", data_offsets=[8, 80, 88])
entry("offsets-reversed", data_offsets=[80, 8])
entry("offsets-negative", data_offsets=[-64, 8])
entry("offsets-with-fractions", data_offsets=[8.0, 80.0])
entry("offsets-as-an-object", data_offsets={"begin": 8, "end": 80})
entry("offsets-past-the-end", data_offsets=[2**40, 2**40 + 72])
entry("offsets-over-the-tensor-before", data_offsets=[4, 76])
entry("offsets-after-a-hole", data_offsets=[12, 84])

renamed("name-empty", "")
renamed("name-with-dots", "params/../../etc/kernel")
renamed("name-absolute", "/etc/kernel")
renamed("name-with-a-backslash", "params\\conv\\kernel")
renamed("name-with-a-drive-letter", "C:params/conv/kernel")
renamed("name-with-nul", "params/conv/kernel\0")
renamed("name-with-a-newline", "params/conv\n/kernel")
renamed("name-that-clears-the-screen", "\x1b[2Jparams/conv/kernel")
renamed("name-written-backwards", "params/\u202econv/kernel")
renamed("name-with-an-empty-part", "params//conv/kernel")
renamed("name-ending-with-a-slash", "params/conv/kernel/")
renamed("name-of-three-thousand-letters", "n" * 3000)


@forgery
def entry_is_a_list():
    forge = Forge()
    forge.make_entries()["params/conv/kernel"] = ["F32", [3, 3, 1, 2], [8, 80]]
    return forge.file()


@forgery
def two_tensors_on_the_same_bytes():
    forge = Forge()
    forge.make_entries()["params/norm/beta"] = dict(forge.make_entries()["params/conv/bias"])
    return forge.file()


@forgery
def all_tensors_begin_late():
    forge = Forge()
    forge.body = b"\0" * 8 + forge.make_body()
    for one in forge.make_entries().values():
        one["data_offsets"] = [offset + 8 for offset in one["data_offsets"]]
    return forge.file()


@forgery
def numbers_not_aligned():
    forge = Forge()
    forge.tensors = {"a": ["I8", [2], b"\0\0"], "b": ["F32", [1], b"\0" * 4]}
    return forge.file()


@forgery
def bytes_behind_the_end():
    return Forge().file() + b"#!/bin/sh\n"


@forgery
def last_byte_missing():
    return Forge().file()[:-1]


@forgery
def half_a_file():
    data = Forge().file()
    return data[: len(data) // 2]


@forgery
def only_the_header():
    forge = Forge()
    data = forge.file()
    return data[: len(data) - len(forge.make_body())]


@forgery
def padded_with_zeros_after_a_power_cut():
    data = Forge().file()
    return data[:512] + b"\0" * (len(data) - 512)


@forgery
def many_entries_wrong_at_once():
    forge = Forge()
    forge.make_entries()["params/conv/kernel"]["dtype"] = "F31"
    forge.make_entries()["params/conv/bias"]["shape"] = [-2]
    forge.make_entries()["params/out/bias"]["data_offsets"] = [8, 0]
    return forge.file()
