"""Writing weight files of other frameworks byte by byte, without those frameworks.

The object streams are made by hand, so that a test can put anything into them; nothing here can be run by
reading it back.
"""

import io
import json
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The first stream of PyTorch's old files: a number."""

STORAGES = {"<f4": "Float", "<f8": "Double", "<f2": "Half", "<i8": "Long", "|u1": "Byte", "|b1": "Bool"}


class Name(NamedTuple):
    """A name of code, "module.name"."""

    name: str


class Call(NamedTuple):
    """What a name makes of arguments."""

    name: str
    arguments: tuple


class Outside(NamedTuple):
    """A reference out of the stream."""

    reference: Any


class Stated(NamedTuple):
    """A value that gets a state."""

    value: Any
    state: Any


class Raw(NamedTuple):
    """Opcodes as they are."""

    data: bytes


def opcodes(value):
    """The opcodes that push a value, in protocol 2 with the bytes of protocol 3."""
    match value:
        case Raw(data):
            return data
        case Name(name):
            module, _, last = name.rpartition(".")
            return f"c{module}\n{last}\n".encode()
        case Call(name, arguments):
            return opcodes(Name(name)) + opcodes(arguments) + b"R"
        case Outside(reference):
            return opcodes(reference) + b"Q"
        case Stated(inner, state):
            return opcodes(inner) + opcodes(state) + b"b"
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            raw = value.to_bytes(9, "little", signed=True)
            return b"\x8a\x09" + raw
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            raw = value.encode()
            return b"X" + struct.pack("<I", len(raw)) + raw
        case bytes():
            return b"B" + struct.pack("<I", len(value)) + value
        case list():
            return b"](" + b"".join(map(opcodes, value)) + b"e"
        case tuple():
            return b"(" + b"".join(map(opcodes, value)) + b"t"
        case dict():
            return b"}(" + b"".join(opcodes(part) for pair in value.items() for part in pair) + b"u"


def stream(value):
    """A whole stream."""
    return b"\x80\x03" + opcodes(value) + b"."


HOOKS = Call("collections.OrderedDict", ())


def storage(key, array, **changed):
    """A reference to the numbers of an array."""
    parts = {"word": "storage", "kind": Name(f"torch.{STORAGES[array.dtype.str]}Storage"), "key": key}
    parts |= {"device": "cpu", "count": array.size, **changed}
    return Outside(tuple(parts.values()))


def tensor(key, array, **changed):
    """A tensor of all of an array; any of its parts may be changed."""
    steps = [step // array.itemsize for step in array.strides]
    parts = {"storage": storage(key, array), "offset": 0, "shape": array.shape, "steps": tuple(steps)}
    parts |= {"grad": False, "hooks": HOOKS, **changed}
    return Call("torch._utils._rebuild_tensor_v2", tuple(parts.values()))


WEIGHT = (np.arange(6, dtype="<f4") / 4).reshape(2, 3)
COUNT = np.array(5, "<i8")


def honest_value():
    """A float matrix and a number."""
    return {"fc.weight": tensor("0", WEIGHT), "steps": tensor("1", COUNT)}


def honest_storages():
    """Their numbers."""
    return {"0": WEIGHT.tobytes(), "1": COUNT.tobytes()}


def zipped(files, *, method=zipfile.ZIP_STORED):
    """A zip archive of named bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def torch_files(value=None, storages=None, **more):
    """The files in an archive of PyTorch."""
    storages = honest_storages() if storages is None else storages
    made = value if isinstance(value, bytes) else stream(honest_value() if value is None else value)
    files = {"m/data.pkl": made, "m/byteorder": b"little"}
    files |= {f"m/data/{key}": data for key, data in storages.items()}
    return files | {"m/version": b"3\n"} | more


def torch_zip(value=None, storages=None, **more):
    """An archive of PyTorch."""
    return zipped(torch_files(value, storages, **more))


def torch_legacy(value=None, storages=None, keys=None, **system):
    """An old file of PyTorch; storages are {key: (count, bytes)}."""
    if storages is None:
        storages = {"0": (6, WEIGHT.tobytes()), "1": (1, COUNT.tobytes())}
    system = {"protocol_version": 1001, "little_endian": True, **system}
    made = value if isinstance(value, bytes) else stream(honest_value() if value is None else value)
    head = MAGIC + stream(1001) + stream(system) + made + stream(list(storages) if keys is None else keys)
    return head + b"".join(struct.pack("<q", count) + data for count, data in storages.values())


def numpy_array(array, **changed):
    """An array as NumPy puts it into a stream."""
    order = {"<": "<", ">": ">", "|": "|", "=": "<"}[array.dtype.byteorder]
    name = f"{array.dtype.kind}{array.itemsize}"
    kind = Stated(Call("numpy.dtype", (name, False, True)), (3, order, None, None, None, -1, -1, 0))
    parts = {"version": 1, "shape": array.shape, "kind": kind, "fortran": False, "raw": array.tobytes()}
    begun = Call("numpy.core.multiarray._reconstruct", (Name("numpy.ndarray"), (0,), b"b"))
    return Stated(begun, tuple({**parts, **changed}.values()))


def npy(descr="'<f4'", order="False", shape="(2, 3)", data=None, version=b"\1\0", ending="\n"):
    """A NumPy file with any header."""
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + ending
    return (
        b"\x93NUMPY"
        + version
        + struct.pack("<H", len(text))
        + text.encode()
        + (WEIGHT.tobytes() if data is None else data)
    )


def tfjs_model(weights=None, paths=("a.bin", "b.bin"), **more):
    """The text of a model.json."""
    if weights is None:
        weights = [
            {"name": "fc/kernel", "shape": [2, 3], "dtype": "float32"},
            {"name": "fc/bias", "shape": [1], "dtype": "int32"},
        ]
    manifest = [{"paths": list(paths), "weights": weights}]
    model = {"format": "layers-model", "modelTopology": {}, "weightsManifest": manifest, **more}
    return json.dumps(model).encode()


def tfjs_files(model=None, **files):
    """The files of a TensorFlow.js model; the first weight lies across two of them."""
    data = WEIGHT.tobytes() + struct.pack("<i", 7)
    return {
        "model.json": tfjs_model() if model is None else model,
        "a.bin": data[:9],
        "b.bin": data[9:],
        **files,
    }


def safetensors(entries, data=b"", length=None):
    """A safetensors file with any header and no padding."""
    header = json.dumps(entries).encode() if isinstance(entries, dict) else entries
    return struct.pack("<Q", len(header) if length is None else length) + header + data
