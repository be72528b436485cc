"""Keras' files: those it writes today and those it wrote years ago; HDF5's own library is the judge."""

import json
import warnings
import zipfile

import h5py
import numpy as np
import pytest

from foreign_writing import zipped
from striate.errors import FormatError
from striate.formats import read_tensors


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The weights of a small Keras model, {layer: [array, ...]}, and the folder with its three files."""
    import keras

    folder = tmp_path_factory.mktemp("keras")
    layers = [
        keras.layers.Conv2D(3, 2, name="stem"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Flatten(name="flat"),
        keras.layers.Dense(2, name="scores"),
    ]
    random = np.random.default_rng(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras hands its variables to NumPy in an old way
        model = keras.Sequential([keras.Input((4, 4, 1)), *layers], name="small")
        model.set_weights([random.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
        model.compile("adam", "mse")
        model.optimizer.build(model.trainable_variables)
        model.save(folder / "m.keras")
        model.save_weights(folder / "m.weights.h5")
        model.save(folder / "m.h5")
        return {layer.name: layer.get_weights() for layer in model.layers}, folder


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5", "m.h5"])
def test_every_weight_of_every_layer_in_keras_order(saved, name):
    expected, folder = saved
    found = read_tensors(folder / name)
    layers = {layer["name"]: layer["weights"] for layer in found.metadata["layers"]}
    assert found.kind == ("keras-zip" if name == "m.keras" else "keras-h5")
    for layer, arrays in expected.items():
        ours = [found.tensors[weight] for weight in layers.get(layer, [])]
        assert len(ours) == len(arrays)
        for array, wanted in zip(ours, arrays, strict=True):
            np.testing.assert_array_equal(array, wanted)
            assert array.dtype == wanted.dtype


def test_the_configuration_comes_as_plain_values(saved):
    _, folder = saved
    new, old = read_tensors(folder / "m.keras").metadata, read_tensors(folder / "m.h5").metadata
    assert new["config"]["config"]["name"] == old["config"]["config"]["name"] == "small"
    assert new["config"]["class_name"] == "Sequential"
    assert new["keras_version"] == old["keras_version"]
    assert (new["layout"], old["layout"]) == ("keras-3", "keras-2")
    json.dumps([new, old])


def test_the_optimizer_lies_in_a_group_of_its_own(saved):
    _, folder = saved
    assert set(read_tensors(folder / "m.weights.h5").groups) == {"layers", "optimizer"}
    assert "optimizer_weights" in read_tensors(folder / "m.h5").groups


@pytest.fixture
def made(tmp_path):
    """A function that lets h5py make a file and reads it."""

    def make(fill, **options):
        with h5py.File(tmp_path / "made.h5", "w", **options) as file:
            fill(file)
        return read_tensors(tmp_path / "made.h5")

    return make


def layer_of(**arrays):
    """Fills a file with one layer of Keras 3 that has these variables."""

    def fill(file):
        for name, options in arrays.items():
            options = options if isinstance(options, dict) else {"data": options}
            file.create_dataset(f"layers/one/vars/{name.strip('_')}", **options)

    return fill


RANDOM = np.random.default_rng(8)
ARRAYS = {
    **{name: (RANDOM.standard_normal((3, 5)) * 50).astype(name) for name in ("f2", "f4", "f8", ">f4", ">f8")},
    **{name: RANDOM.integers(0, 100, (4,)).astype(name) for name in ("i1", "i2", "i4", "i8", ">i4")},
    **{name: RANDOM.integers(0, 100, (2, 2)).astype(name) for name in ("u1", "u2", "u4", "u8", ">u2")},
    "bool": RANDOM.random((3, 3)) > 0.5,
    "single": np.float32(2.5),
    "empty": np.zeros((0, 4), "f4"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_every_number_type_is_what_h5py_reads(made, name):
    found = made(layer_of(_0=ARRAYS[name])).tensors["layers/one/vars/0"]
    np.testing.assert_array_equal(found, ARRAYS[name])
    assert found.dtype == ARRAYS[name].dtype.newbyteorder("<")


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (7, 5)},
        {"chunks": (10, 4), "compression": "gzip"},
        {"chunks": (3, 9), "compression": "gzip", "shuffle": True},
        {"chunks": (20, 9), "shuffle": True},
        {"chunks": (1, 1)},
        {"compression": "gzip", "compression_opts": 9},
    ],
    ids=str,
)
def test_chunks_of_any_shape_are_put_together(made, options):
    array = RANDOM.standard_normal((20, 9)).astype("f4")
    found = made(layer_of(_0={"data": array, **options}))
    np.testing.assert_array_equal(found.tensors["layers/one/vars/0"], array)


def test_numbers_within_the_description_itself(made):
    def fill(file):
        group = file.create_group("layers/one/vars")
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        kind = h5py.h5t.IEEE_F32LE
        h5py.Dataset(h5py.h5d.create(group.id, b"0", kind, space, plan))[...] = [1, 2, 3]

    np.testing.assert_array_equal(made(fill).tensors["layers/one/vars/0"], [1, 2, 3])


def test_many_layers_and_many_variables_keep_their_order(made):
    def fill(file):
        for layer in range(300):
            file.create_group(f"layers/dense_{layer}/vars").attrs["name"] = f"layer {layer}"
        for number in range(12):
            file[f"layers/dense_7/vars/{number}"] = np.full(2, number, "f4")

    found = made(fill)
    assert [array[0] for array in found.tensors.values()] == list(range(12))
    assert [layer["name"] for layer in found.metadata["layers"]] == ["layer 7"]


def test_newer_kinds_of_file_are_read_while_their_groups_are_small(made):
    found = made(layer_of(_0=np.ones((2, 2), "f4"), _1=np.zeros(3, "f4")), libver=("v108", "v108"))
    np.testing.assert_array_equal(found.tensors["layers/one/vars/0"], np.ones((2, 2)))


def test_keras_2_named_weights_in_fixed_texts_and_in_pieces(made):
    """What the HDF5 files of 2015 to 2023 look like: byte strings of fixed length, ":0" behind every name."""

    def fill(file):
        file.attrs["layer_names"] = np.array([b"conv1", b"flat"])
        file.attrs["backend"] = np.bytes_(b"tensorflow")
        names = [b"conv1/kernel:0", b"conv1/bias:0"]
        file.create_group("conv1").attrs["weight_names0"] = names[:1]
        file["conv1"].attrs["weight_names1"] = names[1:]
        file.create_group("flat").attrs["weight_names"] = []
        file["conv1/conv1/kernel:0"] = np.ones((3, 3, 1, 2), "f4")
        file["conv1/conv1/bias:0"] = np.zeros(2, "f4")

    found = made(fill)
    assert list(found.tensors) == ["conv1/conv1/kernel:0", "conv1/conv1/bias:0"]
    assert found.metadata == {
        "layout": "keras-2",
        "backend": "tensorflow",
        "layers": [{"name": "conv1", "weights": list(found.tensors)}, {"name": "flat", "weights": []}],
    }


def test_bfloat16_as_keras_keeps_it(made):
    import ml_dtypes

    array = np.array([1.5, -2, 0.1], ml_dtypes.bfloat16)

    def fill(file):
        file.create_dataset("layers/one/vars/0", data=array).attrs["dtype"] = "bfloat16"

    found = made(fill).tensors["layers/one/vars/0"]
    assert found.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(found.astype("f4"), array.astype("f4"))


def test_an_archive_that_was_packed_again_is_read(saved, tmp_path):
    _, folder = saved
    with zipfile.ZipFile(folder / "m.keras") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (tmp_path / "m.keras").write_bytes(zipped(files, method=zipfile.ZIP_DEFLATED))
    ours, theirs = read_tensors(tmp_path / "m.keras"), read_tensors(folder / "m.keras")
    assert ours.metadata == theirs.metadata
    assert all(np.array_equal(ours.tensors[name], theirs.tensors[name]) for name in theirs.tensors)


def test_a_plain_hdf5_file_is_told_apart(made):
    with pytest.raises(FormatError) as caught:
        made(lambda file: file.create_dataset("x", data=np.ones(2)))
    assert str(caught.value) == (
        "made.h5: it is an HDF5 file without layers of Keras; expected weights that Keras saved.\n"
        "  Get the file again from where it came, or ask its maker for the weights as safetensors."
    )


def test_every_data_set_is_what_h5py_reads(saved):
    _, folder = saved
    theirs = {}
    with h5py.File(folder / "m.weights.h5") as file:
        file.visititems(
            lambda name, item: theirs.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    ours = read_tensors(folder / "m.weights.h5").tensors
    assert set(ours) == set(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
