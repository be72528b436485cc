"""Weights written for other programs, and what is said when they cannot be."""

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from test_exchange_layouts import assert_same, drawn, everything

from striate.errors import ArgumentError, FormatError
from striate.formats import exchange
from striate.formats.foreign import read_tensors


@pytest.mark.parametrize("convention", ["striate", "torch", "keras"])
@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
def test_what_was_written_is_read_back_exactly(tmp_path, ending, convention):
    network = everything()
    exchange.write_weights(tmp_path / f"a{ending}", network, drawn(network), convention)
    found = read_tensors(tmp_path / f"a{ending}")
    assert_same(exchange.into_variables(network, found, convention), drawn(network))


def test_numbered_files_of_keras_are_read_back_exactly(tmp_path):
    network = everything()
    exchange.write_weights(tmp_path / "a.weights.h5", network, drawn(network))
    assert_same(exchange.into_variables(network, read_tensors(tmp_path / "a.weights.h5")), drawn(network))


def test_the_reference_package_reads_our_safetensors(tmp_path):
    network = everything()
    path = tmp_path / "a.safetensors"
    written = exchange.write_weights(path, network, drawn(network), "torch")
    found = safetensors.numpy.load_file(path)
    assert set(found) == set(written)
    for name, array in written.items():
        np.testing.assert_array_equal(found[name], array)
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata() == {"format": "pt", "striate_convention": "torch"}


def test_numpy_alone_reads_our_archive(tmp_path):
    network = everything()
    exchange.write_weights(tmp_path / "a.npz", network, drawn(network))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["fc2/kernel"], drawn(network)["params"]["fc2"]["kernel"])


@pytest.mark.parametrize("ending", [".safetensors", ".npz", ".weights.h5"])
def test_equal_weights_give_equal_bytes(tmp_path, ending):
    network = everything()
    for name in "ab":
        exchange.write_weights(tmp_path / f"{name}{ending}", network, drawn(network))
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def refused(path, convention=None, variables=None):
    network = everything()
    with pytest.raises(ArgumentError) as caught:
        exchange.write_weights(path, network, variables or drawn(network), convention)
    assert not path.exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        (
            "a.pth",
            "PyTorch's own format can run code when it is read. Write .safetensors; PyTorch loads that too.",
        ),
        ("a.keras", "Write .weights.h5, which Keras' load_weights reads."),
        ("a.txt", "End the name with .safetensors, .weights.h5 or .npz."),
    ],
)
def test_other_endings(tmp_path, name, cure):
    assert refused(tmp_path / name) == (
        f"{name}: this kind of file is not written; expected .safetensors, .weights.h5 or .npz.\n  {cure}"
    )


def test_a_convention_that_the_file_cannot_hold(tmp_path):
    assert refused(tmp_path / "a.weights.h5", "torch") == (
        "a.weights.h5: it cannot hold names of the convention 'torch'; expected keras3.\n"
        "  Choose one of these."
    )


def test_without_h5py_the_cure_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refused(tmp_path / "a.weights.h5") == (
        "a.weights.h5: h5py is not installed; expected h5py, which writes HDF5 files.\n"
        "  Install it: pip install 'striate[keras]'."
    )


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    variables = drawn(everything())
    variables["params"]["fc2"]["bias"][0] = np.nan
    with pytest.raises(FormatError, match=r"a\.safetensors, tensor fc2\.bias: 1 of 3 numbers are not finite"):
        exchange.write_weights(tmp_path / "a.safetensors", everything(), variables, "torch")
    assert not (tmp_path / "a.safetensors").exists()
