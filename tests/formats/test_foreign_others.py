"""NumPy's files, streams of arrays, TensorFlow.js models and safetensors of other writers."""

import io
import json
import pickle
import struct

import ml_dtypes
import numpy as np
import pytest

from foreign_writing import WEIGHT, npy, safetensors, stream, tfjs_files, tfjs_model
from striate.errors import FormatError
from striate.formats import read_tensors, write_safetensors

RANDOM = np.random.default_rng(3)
TYPES = ["f2", "<f4", ">f4", "f8", "i1", ">i2", "i4", "i8", "u1", "u2", ">u4", "u8", "c8", "c16", "?"]
ARRAYS = {name: (RANDOM.standard_normal((2, 3)) * 40).astype(name) for name in TYPES if "u" not in name}
ARRAYS |= {name: RANDOM.integers(0, 99, (4,)).astype(name) for name in TYPES if "u" in name}
ARRAYS |= {"fortran": np.asfortranarray(RANDOM.standard_normal((3, 4, 2))), "one": np.float32(2.5)}
ARRAYS |= {"empty": np.zeros((0, 3)), "sliced": RANDOM.standard_normal((6, 6))[::2, 1:4]}


@pytest.fixture
def read(tmp_path):
    """A function that reads bytes as a file."""

    def read_bytes(data, **options):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_tensors(path, **options)

    return read_bytes


def check(found, arrays):
    """The same arrays, little-endian, in the same order."""
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype.newbyteorder("<")
        assert not found[name].flags.writeable


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_that_numpy_writes(read, save):
    buffer = io.BytesIO()
    save(buffer, **ARRAYS)
    found = read(buffer.getvalue())
    assert (found.kind, found.metadata) == ("numpy", {"format": "npz"})
    check(found.tensors, ARRAYS)


@pytest.mark.parametrize("name", ARRAYS)
def test_single_arrays_that_numpy_writes(read, name):
    buffer = io.BytesIO()
    np.save(buffer, ARRAYS[name])
    check(read(buffer.getvalue()).tensors, {"array": np.asarray(ARRAYS[name])})


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_numpy_files(read, version):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, WEIGHT, version=version)
    check(read(buffer.getvalue()).tensors, {"array": WEIGHT})


def test_a_shape_as_python_2_wrote_it(read):
    check(read(npy(shape="(2L, 3L)")).tensors, {"array": WEIGHT})


@pytest.mark.parametrize("protocol", range(2, 6))
def test_streams_that_python_writes(read, protocol):
    nested = {"Conv_0": dict(ARRAYS), "half": ml_dtypes.bfloat16(2) * np.ones(3, ml_dtypes.bfloat16)}
    found = read(pickle.dumps(nested, protocol))
    assert found.kind == "pickled-arrays"
    expected = {f"Conv_0/{name}": array for name, array in ARRAYS.items() if name != "one"}
    check(found.tensors, expected | {"half": nested["half"]})
    assert found.metadata == {"other_values": 1, "values": {"Conv_0/one": 2.5}}


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_streams_of_jax_arrays(read, protocol):
    import jax.numpy as jnp

    check(read(pickle.dumps([jnp.asarray(WEIGHT)], protocol)).tensors, {"0": WEIGHT})


def test_a_model_of_tensorflow_js(tmp_path):
    for name, data in tfjs_files().items():
        (tmp_path / name).write_bytes(data)
    for path in (tmp_path, tmp_path / "model.json"):
        found = read_tensors(path)
        assert found.kind == "tfjs"
        assert found.metadata == {"format": "layers-model", "config": {}}
        check(found.tensors, {"fc/kernel": WEIGHT, "fc/bias": np.array([7], "<i4")})


PACKINGS = {
    "uint8": ({"dtype": "uint8", "scale": 0.5, "min": -3}, "float32", np.array([0, 6, 255], "u1")),
    "uint16": ({"dtype": "uint16", "scale": 2e-4, "min": -1.5}, "float32", np.array([0, 7, 65535], "<u2")),
    "whole": ({"dtype": "uint8", "scale": 1.6, "min": -10.0}, "int32", np.array([0, 1, 255], "u1")),
    "half": ({"dtype": "float16"}, "float32", np.array([1.5, -2, 0.1], "<f2")),
}


@pytest.mark.parametrize("name", PACKINGS)
def test_packed_weights_of_tensorflow_js(name, tmp_path):
    packing, dtype, stored = PACKINGS[name]
    weight = {"name": "w", "shape": [3], "dtype": dtype, "quantization": packing}
    (tmp_path / "model.json").write_bytes(tfjs_model([weight], ["a.bin"]))
    (tmp_path / "a.bin").write_bytes(stored.tobytes())
    found = read_tensors(tmp_path).tensors["w"]
    expected = [float(one) * packing.get("scale", 1) + packing.get("min", 0) for one in stored]
    assert found.dtype == dtype
    rounded = [round(one) for one in expected]
    np.testing.assert_array_equal(found, np.array(rounded if dtype == "int32" else expected, dtype))


def test_several_groups_of_tensorflow_js(tmp_path):
    groups = [
        {"paths": [f"g{n}.bin"], "weights": [{"name": f"w{n}", "shape": [2], "dtype": "float32"}]}
        for n in range(3)
    ]
    (tmp_path / "model.json").write_text(json.dumps({"weightsManifest": groups}))
    for n in range(3):
        (tmp_path / f"g{n}.bin").write_bytes(struct.pack("<2f", n, n + 0.5))
    check(read_tensors(tmp_path).tensors, {f"w{n}": np.array([n, n + 0.5], "f4") for n in range(3)})


def test_safetensors_of_any_alignment(read):
    one = {"dtype": "F32", "shape": [2, 3], "data_offsets": [1, 25]}
    entries = {"b": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}, "w": one}
    for spaces in range(8):
        header = json.dumps({**entries, "__metadata__": {"format": "pt"}}).encode() + b" " * spaces
        found = read(safetensors(header, b"\5" + WEIGHT.tobytes()))
        assert (found.kind, found.metadata) == ("safetensors", {"format": "pt"})
        check(found.tensors, {"b": np.array([5], "i1"), "w": WEIGHT})


def test_safetensors_that_the_reference_library_writes(tmp_path):
    from safetensors.numpy import save_file

    arrays = {"w": WEIGHT, "h": WEIGHT.astype("f2"), "b": WEIGHT.astype(ml_dtypes.bfloat16)}
    save_file(arrays, tmp_path / "a.safetensors")
    found = read_tensors(tmp_path / "a.safetensors").tensors
    assert {name: str(array.dtype) for name, array in found.items()} == {
        name: str(array.dtype) for name, array in arrays.items()
    }
    wide = read_tensors(tmp_path / "a.safetensors", widen=True).tensors
    assert {str(array.dtype) for array in wide.values()} == {"float32"}


@pytest.mark.parametrize("kind", ["npz", "npy", "stream", "tfjs", "safetensors"])
def test_the_cap_on_numbers(kind, tmp_path):
    path = tmp_path / "file"
    match kind:
        case "npz":
            np.savez(tmp_path / "file.npz", w=WEIGHT)
            path = tmp_path / "file.npz"
        case "npy":
            path.write_bytes(npy())
        case "stream":
            path.write_bytes(pickle.dumps({"w": WEIGHT}))
        case "tfjs":
            path.mkdir()
            (path / "model.json").write_bytes(
                tfjs_model([{"name": "w", "shape": [6], "dtype": "float32"}], ["a.bin"])
            )
            (path / "a.bin").write_bytes(WEIGHT.tobytes())
        case "safetensors":
            write_safetensors(path, {"w": WEIGHT})
    assert read_tensors(path, max_parameters=6).parameters == 6
    with pytest.raises(FormatError, match="it holds 6 numbers; expected at most 5"):
        read_tensors(path, max_parameters=5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_and_named(read, bad):
    buffer = io.BytesIO()
    np.savez(buffer, good=WEIGHT, bad=np.array([1, bad, bad], "f4"))
    with pytest.raises(FormatError) as caught:
        read(buffer.getvalue())
    assert str(caught.value) == (
        "file, tensor bad: 2 of 3 numbers are not finite; expected finite numbers.\n"
        "  Use weights from before they overflowed, or train again with a smaller learning rate."
    )


def test_a_file_without_tensors_is_refused(read):
    with pytest.raises(FormatError) as caught:
        read(stream({"epoch": 3}))
    assert str(caught.value) == (
        "file: it holds no tensors; expected at least one.\n"
        "  Get the file again from where it came, or ask its maker for the weights as safetensors."
    )


def test_files_that_cannot_be_opened(tmp_path):
    said = []
    for path in (tmp_path / "missing", tmp_path, "a\0b"):
        with pytest.raises(FormatError) as caught:
            read_tensors(path)
        said.append(str(caught.value).splitlines()[0])
    kinds = "a weight file of PyTorch, Keras, TensorFlow.js (model.json), NumPy or JAX, or safetensors"
    assert said == [
        "missing: cannot be read: there is no such file; expected a file that can be read.",
        f"{tmp_path.name}: it is a folder without a model.json; expected {kinds}.",
        "'a\\x00b': cannot be read: the name holds a NUL character; expected a file that can be read.",
    ]
