"""safetensors files: what we write the reference library reads, and the other way round."""

import json
import os

import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from striate.errors import ArgumentError, FormatError
from striate.formats import read_safetensors, write_safetensors
from striate.formats._entry_rules import DTYPES

CURE = "\n  Get the file again from where it came, or save it again with Striate."
REFERENCE_DTYPES = sorted(set(DTYPES) - {"BF16"})


def arrays_of_every_type(seed=0):
    random = np.random.default_rng(seed)
    return {
        f"layer/{name}": random.integers(0, 2, (3, 5)).astype(DTYPES[name]) for name in sorted(DTYPES)
    } | {
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.float32),
        "a b": np.ones(1, np.int8),
    }


def check_equal(found, wanted):
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_array_equal(found[name], array)


def test_every_number_type_survives(tmp_path):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, arrays_of_every_type(), {"made": "here", "by": "ä\n"})
    arrays, metadata = read_safetensors(path)
    check_equal(arrays, arrays_of_every_type())
    assert metadata == {"made": "here", "by": "ä\n"}


def test_the_reference_library_reads_what_we_write(tmp_path):
    path = tmp_path / "a.safetensors"
    wanted = {name: array for name, array in arrays_of_every_type().items() if "BF16" not in name}
    write_safetensors(path, wanted, {"key": "value"})
    check_equal(safetensors.numpy.load_file(path), wanted)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"key": "value"}


@pytest.mark.parametrize("metadata", [None, {"one": "1"}, {"one": "1", "two": "2", "three": "drei"}])
def test_we_read_what_the_reference_library_writes(tmp_path, metadata):
    path = tmp_path / "a.safetensors"
    wanted = {name: array for name, array in arrays_of_every_type(1).items() if "BF16" not in name}
    safetensors.numpy.save_file(wanted, path, metadata=metadata)
    arrays, found = read_safetensors(path)
    check_equal(arrays, wanted)
    assert found == (metadata or {})


def test_the_bytes_are_those_of_the_reference_library_but_for_the_order_of_keys(tmp_path):
    wanted = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "a": np.ones(2, np.float32),
        "c": np.zeros(1, "f8"),
    }
    write_safetensors(tmp_path / "ours", wanted, {"k": "v"})
    safetensors.numpy.save_file(wanted, tmp_path / "theirs", metadata={"k": "v"})
    headers, bodies = [], []
    for name in ("ours", "theirs"):
        raw = (tmp_path / name).read_bytes()
        length = int.from_bytes(raw[:8], "little")
        assert (8 + length) % 8 == 0
        headers.append(json.loads(raw[8 : 8 + length]))
        bodies.append(raw[8 + length :])
    assert headers[0] == headers[1]
    assert bodies[0] == bodies[1]


def test_the_same_arrays_give_the_same_bytes_in_any_order(tmp_path):
    arrays = arrays_of_every_type()
    write_safetensors(tmp_path / "a", arrays, {"x": "1", "y": "2"})
    write_safetensors(tmp_path / "b", dict(reversed(arrays.items())), {"y": "2", "x": "1"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_layout_in_memory_does_not_matter(tmp_path):
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    forms = {
        "rows": base,
        "columns": np.asfortranarray(base),
        "big": base.astype(">f4"),
        "view": base[::2, ::-3],
    }
    forms["jax"] = jnp.asarray(base)
    write_safetensors(tmp_path / "a", forms)
    arrays, _ = read_safetensors(tmp_path / "a")
    for name, form in forms.items():
        np.testing.assert_array_equal(arrays[name], np.asarray(form))
        assert arrays[name].dtype == np.dtype("<f4")


def test_a_file_without_tensors(tmp_path):
    write_safetensors(tmp_path / "a", {})
    assert read_safetensors(tmp_path / "a") == ({}, {})
    assert safetensors.numpy.load_file(tmp_path / "a") == {}


def test_numbers_that_are_not_finite_are_named(tmp_path):
    arrays = {
        "fine": np.ones(3, np.float32),
        "broken": np.array([1, np.nan, np.inf, -np.inf], np.float32),
        "half": jnp.asarray([np.inf], jnp.bfloat16),
    }
    write_safetensors(tmp_path / "a", arrays)
    with pytest.raises(FormatError) as caught:
        read_safetensors(tmp_path / "a")
    cure = "\n  Use weights from before they overflowed, or train again with a smaller learning rate."
    assert str(caught.value) == (
        "2 problems:\n"
        f"1. a, tensor broken: 3 of 4 numbers are not finite; expected finite numbers.{cure}\n"
        f"2. a, tensor half: 1 of 1 numbers are not finite; expected finite numbers.{cure}"
    )


def test_names_and_types_that_a_file_cannot_hold_are_told_at_once(tmp_path):
    arrays = {"a/../b": np.ones(1), "c": np.ones(1, np.complex64), "d": np.array(["x"])}
    with pytest.raises(ArgumentError) as caught:
        write_safetensors(tmp_path / "a", arrays)
    types = ", ".join(DTYPES)
    assert str(caught.value) == (
        "3 problems:\n"
        "1. a/../b: the name has an empty part, '.' or '..' between its /; "
        "expected parts joined by single /.\n"
        "  Choose another name.\n"
        f"2. c: found an array of complex64; expected one of {types}.\n  Convert it with .astype(...).\n"
        f"3. d: found an array of <U1; expected one of {types}.\n  Convert it with .astype(...)."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_header_that_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(FormatError) as caught:
        write_safetensors(tmp_path / "a", {}, {"text": "x" * 2**23})
    assert str(caught.value) == (
        "a: the header would have 8388640 bytes; expected at most 8388608.\n"
        "  Keep less in the training record, or fewer class names."
    )
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    wanted = {
        "none": "none: cannot be read: there is no such file; expected a file that can be read.\n"
        "  Check the name and the folder.",
        ".": f"{tmp_path.name}: cannot be read: that is a folder; expected a file that can be read.\n"
        "  Give the name of a file in it.",
        "pipe": f"pipe: it is a pipe or a device; expected a file.{CURE}",
        "a\0b": "'a\\x00b': cannot be read: the name holds a NUL character; "
        "expected a file that can be read.\n  Use another copy.",
    }
    for name, told in wanted.items():
        with pytest.raises(FormatError) as caught:
            read_safetensors(tmp_path / name)
        assert str(caught.value) == told


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_safetensors(path, {"w": np.ones(100_000, np.float32)})
    size = path.stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr(
            os, "fstat", lambda descriptor: os.stat_result([0o100644, 0, 0, 1, 0, 0, size, 0, 0, 0])
        )
        os.truncate(path, size - 40)
        with pytest.raises(FormatError) as caught:
            read_safetensors(path)
    assert str(caught.value) == (
        f"a: the file became shorter while it was read; expected a file nobody writes to.{CURE}"
    )
