"""Headers and texts that lie: NumPy's, TensorFlow.js', Keras' configuration, safetensors of others."""

import json
from typing import NamedTuple

from foreign_writing import npy, safetensors, tfjs_files, tfjs_model, zipped

FORGERIES = {}


class Link(NamedTuple):
    """A link where a file should be."""

    target: str


def numpy(name, **options):
    """Enter a NumPy file with a forged header."""
    FORGERIES[f"numpy-{name}"] = lambda: npy(**options)


def tfjs(name, model=None, **files):
    """Enter the folder of a TensorFlow.js model with a forged part; None takes a file away."""

    def make():
        made = tfjs_files(model, **files)
        return {file: data for file, data in made.items() if data is not None}

    FORGERIES[f"tfjs-{name}"] = make


def weight(name, /, **changed):
    """Enter a model with one weight of which a field is changed."""
    entry = {"name": "w", "shape": [7], "dtype": "float32", **changed}
    tfjs(name, tfjs_model([{key: value for key, value in entry.items() if value is not None}]))


def entry(name, **changed):
    """Enter a safetensors file with a forged entry."""
    value = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changed}
    FORGERIES[f"safetensors-{name}"] = lambda: safetensors({"w": value}, b"\0" * 4)


numpy("of-objects", descr="'|O'")
numpy("of-records", descr="[('a', '<f4')]")
numpy("of-texts", descr="'<U4'")
numpy("of-raw-bytes", descr="'|V4'")
numpy("that-calls", descr="__import__('os').system('id')")
numpy("whose-shape-calls", shape="(print(1), 2)")
numpy("whose-order-is-a-number", order="0")
numpy("of-negative-shape", shape="(-2, -3)")
numpy("of-immense-shape", shape="(99999999999999999, 9)")
numpy("of-a-thousand-digits", shape=f"({'9' * 1000},)")
numpy("of-forty-axes", shape=f"({', '.join(['1'] * 40)})")
numpy("larger-than-its-bytes", shape="(2, 4)")
numpy("smaller-than-its-bytes", shape="(2, 2)")
numpy("whose-shape-has-no-commas", shape="(23)")
numpy("of-version-9", version=b"\x09\0")
FORGERIES["numpy-with-a-header-too-long"] = lambda: b"\x93NUMPY\1\0\xff\xff" + b" " * 70_000
FORGERIES["numpy-cut-in-its-header"] = lambda: npy()[:30]
FORGERIES["numpy-archive-with-objects"] = lambda: zipped({"a.npy": npy(), "b.npy": npy(descr="'|O'")})
FORGERIES["numpy-archive-with-a-program"] = lambda: zipped({"a.npy": npy(), "b.py": b"import os"})

for name, path in {
    "that-climbs": "../a.bin",
    "absolute": "/etc/passwd",
    "with-a-backslash": "..\\a.bin",
    "with-a-drive-letter": "C:a.bin",
    "with-nul": "a.bin\0",
    "from-the-network": "https://evil.example/a.bin",
    "of-a-pipe": "\\\\.\\pipe\\a",
    "of-a-device": "NUL.bin",
    "in-another-folder": "weights/a.bin",
    "hidden": ".netrc",
    "that-clears-the-screen": "\x1b[2J",
    "with-a-stream-behind-it": "a.bin:b",
    "that-is-a-number": 7,
}.items():
    tfjs(f"shard-{name}", tfjs_model(paths=[path, "b.bin"]))
tfjs("shard-that-is-a-link", **{"b.bin": Link("a.bin")})
tfjs("shard-that-is-missing", **{"b.bin": None})
tfjs("shard-listed-twice", tfjs_model(paths=["a.bin", "a.bin"]))
tfjs("shard-cut-short", **{"b.bin": b"\0"})
tfjs("shard-too-long", **{"b.bin": b"\0" * 400})
tfjs("without-a-manifest", b'{"format": "layers-model"}')
tfjs("with-a-manifest-of-texts", json.dumps({"weightsManifest": ["a.bin"]}).encode())
tfjs("with-a-manifest-that-is-none", b'{"weightsManifest": {}}')
tfjs("without-weights", b'{"weightsManifest": [{"paths": ["a.bin"]}]}')
tfjs("with-a-key-twice", b'{"weightsManifest": [], "weightsManifest": []}')
tfjs("with-nan", b'{"weightsManifest": NaN}')
tfjs("nested-a-thousand-deep", b'{"weightsManifest": ' + b"[" * 1000 + b"]" * 1000 + b"}")
tfjs("cut-off", b'{"weightsManifest": [')
weight("weight-without-a-name", name=None)
weight("weight-that-climbs", name="../w")
weight("weight-of-texts", dtype="string")
weight("weight-of-negative-shape", shape=[-7])
weight("weight-of-immense-shape", shape=[2**40, 2**40])
weight("weight-of-fractions", shape=[7.0])
weight("weight-packed-unknown", quantization={"dtype": "uint4"})
weight("weight-packed-without-a-scale", quantization={"dtype": "uint8", "min": 0}, shape=[28])
weight("weight-packed-beyond-its-type", quantization={"dtype": "uint8", "scale": 1e38, "min": 0}, shape=[28])
tfjs("weight-listed-twice", tfjs_model([{"name": "w", "shape": [3], "dtype": "float32"}] * 2))

entry("of-an-unknown-type", dtype="F4")
entry("larger-than-its-bytes", shape=[2])
entry("past-its-end", data_offsets=[4, 8])
entry("with-a-file-name", file="/etc/passwd")
FORGERIES["safetensors-with-nan"] = lambda: safetensors(b'{"w": NaN}')
FORGERIES["safetensors-cut-off"] = lambda: safetensors({"w": {}}, length=12)
FORGERIES["safetensors-that-climbs"] = lambda: safetensors(
    {"../w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4
)
