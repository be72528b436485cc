"""Making model files byte by byte; only the honest architecture comes from the code that is tested."""

import copy
import hashlib
import json
import struct

import numpy as np

from striate.layers import BatchNormalization, Conv2D, Dense, Flatten
from striate.network import sequential, to_json


def honest_network():
    """A small network with weights and state: 3 + 4 state tensors, 42 numbers."""
    layers = [
        Conv2D(2, 3, name="conv"),
        BatchNormalization(name="norm"),
        Flatten(name="flat"),
        Dense(2, name="out"),
    ]
    return sequential(layers, input_shape=(4, 4, 1), name="honest")


def honest_tensors():
    """Its tensors by name, as [number type, shape, bytes]."""
    shapes = {
        "params/conv/bias": [2],
        "params/conv/kernel": [3, 3, 1, 2],
        "params/norm/beta": [2],
        "params/norm/gamma": [2],
        "params/out/bias": [2],
        "params/out/kernel": [8, 2],
        "state/norm/moving_mean": [2],
        "state/norm/moving_variance": [2],
    }
    random = np.random.default_rng(11)
    return {
        name: ["F32", shape, random.uniform(0.1, 1, shape).astype("<f4").tobytes()]
        for name, shape in shapes.items()
    }


def honest_record():
    """Its record, whose sums are filled in when the file is made."""
    return {
        "format_version": 1,
        "architecture": json.loads(to_json(honest_network())),
        "architecture_sha256": None,
        "preprocessing": {
            "size": [4, 4],
            "channels": 1,
            "scale": 1 / 255,
            "mean": None,
            "std": None,
            "fit": "stretch",
        },
        "class_names": ["no", "yes"],
        "training": {"epochs": 3, "loss": [0.5, 0.25]},
        "sha256": None,
    }


class Forge:
    """One file in the making: what a test does not forge is filled in honestly."""

    def __init__(self):
        self.tensors = honest_tensors()
        self.record = honest_record()
        self.entries = None
        self.metadata = None
        self.body = None

    def architecture(self):
        """The architecture, to be changed in place; its hash follows."""
        return self.record["architecture"]

    def make_body(self):
        """The numbers of all tensors, in the order of their names."""
        return b"".join(raw for _, _, raw in self.tensors.values()) if self.body is None else self.body

    def make_entries(self):
        """The header's entries for the tensors."""
        if self.entries is None:
            self.entries, start = {}, 0
            for name, (dtype, shape, raw) in self.tensors.items():
                self.entries[name] = {
                    "dtype": dtype,
                    "shape": shape,
                    "data_offsets": [start, start + len(raw)],
                }
                start += len(raw)
        return self.entries

    def make_record(self):
        """The record with both sums right, unless they were forged."""
        record = copy.deepcopy(self.record)
        if record.get("architecture_sha256", 0) is None:
            record["architecture_sha256"] = sha256(canonical(record["architecture"]))
        if record.get("sha256", 0) is None:
            told = {name: value for name, value in record.items() if name != "sha256"}
            tensors = {name: [dtype, shape] for name, (dtype, shape, _) in self.tensors.items()}
            text = canonical({"tensors": tensors, "values": told})
            record["sha256"] = sha256(text + self.make_body())
        return record

    def make_metadata(self, record_text=None):
        """The metadata, holding the record."""
        if self.metadata is None:
            self.metadata = {"striate": record_text or canonical(self.make_record()).decode()}
        return self.metadata

    def file(self, header=None):
        """The bytes of the file."""
        if header is None:
            header = canonical({"__metadata__": self.make_metadata(), **self.make_entries()})
        return packed(header, self.make_body())


def canonical(value):
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data):
    """64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def packed(header, body=b"", length=None):
    """Length, header and numbers; the header is padded as the format wants it."""
    header = header + b" " * (-len(header) % 8) if length is None else header
    return struct.pack("<Q", len(header) if length is None else length) + header + body
