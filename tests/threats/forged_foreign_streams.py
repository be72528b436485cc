"""Object streams that want to run something, and streams and storages that are merely wrong."""

import struct

import numpy as np

from foreign_writing import (
    COUNT,
    HOOKS,
    MAGIC,
    WEIGHT,
    Call,
    Name,
    Outside,
    Raw,
    Stated,
    honest_value,
    numpy_array,
    opcodes,
    storage,
    stream,
    tensor,
    torch_legacy,
    torch_zip,
)

FORGERIES = {}


def new(name, value, **options):
    """Enter an archive of PyTorch whose stream holds this value, or is these very bytes."""
    FORGERIES[name] = lambda: torch_zip(value, **options)


def old(name, value=None, **options):
    """Enter an old file of PyTorch."""
    FORGERIES[name] = lambda: torch_legacy(value, **options)


def arrays(name, value):
    """Enter a bare stream."""
    FORGERIES[name] = lambda: value if isinstance(value, bytes) else stream(value)


def changed(name, **parts):
    """Enter an archive of PyTorch with one tensor of which a part is changed."""
    new(name, {"w": tensor("0", WEIGHT, **parts)})


def array(name, **parts):
    """Enter a stream of one array of which a part is changed."""
    arrays(name, {"w": numpy_array(WEIGHT, **parts)})


SYSTEM = Call("os.system", ("touch /tmp/owned",))
TEXT = b"\x8c\x02os\x8c\x06system"
BEGUN = Call("numpy.core.multiarray._reconstruct", (Name("numpy.ndarray"), (0,), b"b"))

# Streams that name code.
new("code-called", {"w": SYSTEM})
new("code-named-and-left-there", {"w": Name("builtins.exec")})
new("code-named-and-dropped", {"w": Raw(opcodes(Name("os.system")) + b"0N")})
new("code-named-by-texts", {"w": Raw(TEXT + b"\x93")})
new("code-named-by-parts-of-an-honest-name", {"w": Raw(b"ctorch\n_utils._rebuild_tensor_v2.__globals__\n")})
new("code-in-the-arguments-of-a-tensor", {"w": tensor("0", WEIGHT, hooks=SYSTEM)})
new("code-in-a-state", {"w": Stated(HOOKS, {"__setstate__": SYSTEM})})
new("code-as-a-key", {"w": Raw(b"}" + opcodes(SYSTEM) + b"Ns")})
new("code-in-a-storage", {"w": Outside(("storage", Name("os.system"), "0", "cpu", 6))})
new("code-by-inst", Raw(b"(X\x02\0\0\0idios\nsystem\n"))
new("code-by-obj", Raw(b"(" + opcodes("x") + b"o"))
new("code-by-newobj", Raw(opcodes(HOOKS) + b")\x81"))
new("code-by-newobj-ex", Raw(opcodes(HOOKS) + b")}\x92"))
for number, code in enumerate((b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\0\0\0"), 1):
    new(f"code-by-the-registry-of-extensions-{number}", Raw(code))
new("code-by-a-textual-reference", Raw(b"P/etc/passwd\n"))
new("code-in-a-buffer-from-outside", Raw(b"\x97"))
new("code-that-reads-attributes", {"w": Call("builtins.getattr", (Name("os"), "system"))})
new("code-that-loads-once-more", {"w": Call("torch.storage._load_from_bytes", (MAGIC,))})
new("code-that-loads-from-the-network", {"w": Call("torch.hub.load", ("a/b", "c"))})
new("code-that-loads-a-library", {"w": Call("ctypes.CDLL", ("a.so",))})
new("code-that-makes-a-function", {"w": Call("types.FunctionType", (b"", {}))})
new("code-of-numpy", {"w": Call("numpy.load", ("a",))})
new("code-behind-the-memory", Raw(opcodes(Name("torch.FloatStorage")) + b"q\x000h\x00)R"))
new("a-mark-called", {"w": Call("torch.float32", ())})
new("a-tensor-called", {"w": Raw(opcodes(tensor("0", WEIGHT)) + b")R")})
new("a-name-filled", {"w": Raw(opcodes(Name("torch.FloatStorage")) + opcodes({"a": 1}) + b"b")})
new("a-whole-module", Call("torch.nn.modules.linear.Linear", (2, 3)))
new("a-sparse-tensor", {"w": Call("torch._utils._rebuild_sparse_tensor", ())})
new("text-decoded-by-another-coding", {"w": Call("_codecs.encode", ("a", "zlib"))})
arrays("code-in-a-bare-stream", {"w": SYSTEM})
arrays("code-in-a-stream-of-protocol-0", b"cos\nsystem\n(S'id'\ntR.")
arrays("code-behind-protocol-2", b"\x80\x02cos\nsystem\n(U\x02idtR.")
arrays("code-instead-of-the-magic-number", stream(SYSTEM) + torch_legacy()[len(MAGIC) :])
old("code-in-an-old-file", {"w": SYSTEM})
old("code-in-the-list-of-storages", keys=SYSTEM)
FORGERIES["code-in-the-facts-of-the-system"] = lambda: MAGIC + stream(1001) + stream(SYSTEM)
FORGERIES["code-in-the-version"] = lambda: MAGIC + stream(SYSTEM)
old("source-of-a-module", {"w": Outside(("module", Name("torch.FloatStorage"), "a.py", "import os"))})

# Arrays of objects, and other things that are no numbers.
array("objects-in-an-array", kind=Call("numpy.dtype", ("O8", False, True)))
array("texts-in-an-array", kind=Call("numpy.dtype", ("U4", False, True)))
array("records-in-an-array", kind=Stated(Call("numpy.dtype", ("f4",)), (3, "<", None, ("a",), {}, -1, -1, 0)))
array("a-list-in-an-array", raw=[1, 2])
array("an-array-larger-than-its-bytes", shape=(2, 4))
array("an-array-of-negative-shape", shape=(-2, -3))
array("an-array-of-immense-shape", shape=(2**62, 2**62))
arrays("an-array-of-another-class", {"w": Call(BEGUN.name, (Name("numpy.dtype"), (0,), b"b"))})
arrays("an-array-that-never-got-numbers", {"w": BEGUN})
arrays("an-array-with-half-a-state", {"w": Stated(BEGUN, (1, (2,)))})
arrays("a-number-of-no-type", {"w": Call("numpy.core.multiarray.scalar", (b"", b""))})

# Streams that are no streams.
arrays("stream-of-protocol-9", b"\x80\x09N.")
arrays("stream-cut-off-in-a-text", b"\x80\x02X\xff\xff\xff\x7fabc")
arrays("stream-cut-off-in-a-number", b"\x80\x02M\x01")
arrays("stream-without-an-end", b"\x80\x02]")
arrays("stream-with-a-frame-too-long", b"\x80\x04\x95" + b"\xff" * 8 + b"N.")
arrays("stream-that-leaves-two-values", b"\x80\x02NN.")
arrays("stream-that-leaves-nothing", b"\x80\x02.")
arrays("stream-with-an-open-mark", b"\x80\x02(N.")
arrays("stream-that-pops-too-much", b"\x80\x020.")
arrays("stream-that-fills-a-number", b"\x80\x02K\x01K\x02a.")
arrays("stream-that-remembers-nothing", b"\x80\x02h\x05.")
arrays("stream-with-a-key-without-a-value", b"\x80\x02}(K\x01u.")
arrays("stream-with-a-list-as-a-key", b"\x80\x02}]Ns.")
arrays("stream-with-an-immense-key", b"\x80\x02}\x8a\x09" + b"\xff" * 8 + b"\x00Ns.")
arrays("stream-with-a-key-twice", b"\x80\x02}(K\x01NK\x01Nu.")
arrays("stream-with-a-number-of-a-thousand-bits", b"\x80\x02\x8a\x80" + b"\x01" * 128 + b".")
arrays("stream-with-a-text-that-is-not-utf8", b"\x80\x02X\x02\0\0\0\xff\xfe.")
arrays("stream-with-an-unknown-opcode", b"\x80\x02\xfe.")
arrays("stream-with-an-endless-name", b"\x80\x02c" + b"a" * 300 + b"\n")
arrays("stream-with-an-escape-in-a-name", b"\x80\x02cos\n\x1b[2J\n.")
arrays("stream-within-itself", b"\x80\x02]q\x00h\x00a.")
arrays("stream-nested-a-thousand-deep", b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".")
arrays(
    "stream-of-thousandfold-lists",
    b"\x80\x02]q\x000" + b"".join(b"](" + b"h\x00" * 100 + b"eq\x000" for _ in range(8)) + b"h\x00.",
)
arrays("stream-of-a-million-opcodes", b"\x80\x02" + b"N0" * 500_000 + b"N.")
arrays("stream-of-half-a-million-dictionaries", b"\x80\x02(" + b"}" * 499_990 + b"t.")
arrays("stream-followed-by-another", stream([]) + stream([]))
arrays("stream-of-plain-values", stream({"epoch": 3}))

# Tensors that do not fit their storages.
changed("tensor-past-its-storage", shape=(3, 3))
changed("tensor-that-begins-too-late", offset=1)
changed("tensor-that-begins-before", offset=-1)
changed("tensor-of-negative-shape", shape=(-2, -3))
changed("tensor-of-fractions", shape=(2.0, 3))
changed("tensor-with-backward-strides", steps=(-3, 1))
changed("tensor-with-fewer-strides", steps=(1,))
changed("tensor-of-forty-axes", shape=(1,) * 40, steps=(1,) * 40)
changed("tensor-that-repeats-one-number", shape=(2**30, 2**10), steps=(0, 0))
changed("tensor-that-is-empty-and-immense", shape=(0, 2**62, 2**62), steps=(1, 1, 1))
changed("tensor-with-hooks", hooks=Raw(opcodes(HOOKS) + b"K\x01Ns"))
changed("tensor-of-no-storage", storage="0")
changed("storage-of-an-unknown-type", storage=storage("0", WEIGHT, kind=Name("torch.float32")))
changed("storage-longer-than-its-bytes", storage=storage("0", WEIGHT, count=7))
changed("storage-of-negative-length", storage=storage("0", WEIGHT, count=-1))
changed("storage-that-is-missing", storage=storage("9", WEIGHT))
changed("storage-outside-of-the-archive", storage=storage("../../etc/passwd", WEIGHT))
new("storage-of-two-types", {"a": tensor("0", WEIGHT), "b": tensor("0", WEIGHT.view(np.float16))})
new("tensor-name-with-dots", {"..": tensor("0", WEIGHT)})
new("tensor-name-that-clears-the-screen", {"\x1b[2J": tensor("0", WEIGHT)})
new("tensor-name-twice", {"a": {"b": tensor("0", WEIGHT)}, "a/b": tensor("0", WEIGHT)})
new(
    "tensor-that-is-not-finite",
    None,
    storages={"0": struct.pack("<6f", *[0] * 5, float("nan")), "1": COUNT.tobytes()},
)
new("tensor-of-odd-truth-values", {"w": tensor("0", np.zeros(4, "?"))}, storages={"0": b"\0\1\2\0"})
new("stream-with-something-behind-it", stream(honest_value()) + b"#!/bin/sh")

# Old files of PyTorch that are wrong.
old("old-file-of-another-version-inside", None, storages={"0": (6, WEIGHT.tobytes())}, keys=["0"])
FORGERIES["old-file-of-version-7"] = lambda: MAGIC + stream(7)
old("old-file-whose-storages-are-too-short", storages={"0": (6, b""), "1": (1, b"")})
old(
    "old-file-whose-storages-count-otherwise",
    storages={"0": (5, WEIGHT.tobytes()), "1": (1, COUNT.tobytes())},
)
old("old-file-whose-keys-are-numbers", keys=[0, 1])
old("old-file-with-a-key-twice", keys=["0", "0"])
FORGERIES["old-file-with-something-behind-it"] = lambda: torch_legacy() + b"\0"
FORGERIES["old-file-cut-in-half"] = lambda: torch_legacy()[: len(torch_legacy()) // 2]
old(
    "old-file-with-a-part-outside-of-its-storage",
    {
        "w": tensor(
            "0", WEIGHT, storage=Outside(("storage", Name("torch.FloatStorage"), "0", "cpu", 6, ("p", 4, 9)))
        )
    },
)
