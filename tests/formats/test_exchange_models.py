"""Models that go on with weights of other programs, and leave theirs for them."""

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import FormatError
from striate.formats import exchange, write_safetensors
from striate.formats.foreign import read_tensors


def small(classes=3, seed=0):
    items = [layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(classes, name="fc")]
    return st.Sequential([st.Input((5, 5, 1)), *items], seed=seed)


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left.get_weights(), right.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["w.weights.h5", "w.npz", "w.safetensors", "w"])
def test_weights_of_every_kind_go_out_and_in(tmp_path, name):
    small().save_weights(tmp_path / name)
    other = small(seed=1)
    other.load_weights(tmp_path / name)
    assert same(other, small())


def test_the_ending_decides_the_kind(tmp_path):
    kinds = {
        "w.weights.h5": "keras-h5",
        "w.npz": "numpy",
        "w.safetensors": "safetensors",
        "w.bin": "safetensors",
    }
    for name, kind in kinds.items():
        small().save_weights(tmp_path / name)
        assert read_tensors(tmp_path / name).kind == kind


def test_without_h5py_the_numbers_are_kept_all_the_same_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("striate.training._weights.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="it becomes a safetensors file") as told:
        small().save_weights(tmp_path / "w.weights.h5")
    assert str(told[0].message) == (
        f"{tmp_path}/w.weights.h5: it becomes a safetensors file; expected h5py, to write HDF5.\n"
        "  Install h5py (pip install 'striate[keras]') for a file that Keras reads too."
    )
    other = small(seed=1)
    other.load_weights(tmp_path / "w.weights.h5")
    assert same(other, small())


def test_a_model_file_is_a_file_of_weights_too(tmp_path):
    small().save(tmp_path / "m.striate")
    other = small(seed=1)
    other.load_weights(tmp_path / "m.striate")
    assert same(other, small())


def test_names_of_pytorch_are_known_and_a_new_head_keeps_its_start(tmp_path):
    small().save_weights(tmp_path / "w.safetensors", convention="torch")
    other = small(classes=7, seed=4)
    with pytest.raises(FormatError, match="skip_head=True"):
        other.load_weights(tmp_path / "w.safetensors")
    other.load_weights(tmp_path / "w.safetensors", skip_head=True)
    start = small(classes=7, seed=4).get_weights()
    for index, (now, before) in enumerate(zip(other.get_weights(), start, strict=True)):
        np.testing.assert_array_equal(now, before if index > 1 else small().get_weights()[index])


def test_order_and_patterns_are_passed_on(tmp_path):
    model = small()
    arrays = exchange.from_variables(model.network, model.variables, "torch")
    arrays = {name.replace("conv", "0").replace("fc", "2"): array for name, array in arrays.items()}
    write_safetensors(tmp_path / "w.safetensors", arrays | {"aux.bias": np.zeros(2, np.float32)})
    other = small(seed=1)
    other.load_weights(tmp_path / "w.safetensors", by="order", ignore=("aux.*",))
    assert same(other, model)
