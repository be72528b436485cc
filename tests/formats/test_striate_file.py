"""Model files: what goes in comes out, the same bytes for the same model, and every misfit told at once."""

import errno
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
import safetensors.numpy
from golden_models import MODELS, filled
from safetensors import safe_open

from striate.errors import ArgumentError, FormatError, StriateError
from striate.formats import SavedModel, atomic, load_model, save_checkpoint, save_model
from striate.images import Preprocessing
from striate.layers import Conv2D, Dense, Flatten
from striate.network import Input, graph, sequential


@pytest.fixture(scope="module")
def network():
    return sequential(
        [Conv2D(2, 3, name="conv"), Flatten(name="flat"), Dense(2, name="out")], (5, 5, 1), "small"
    )


def message(path, network, variables, **options):
    with pytest.raises(StriateError) as caught:
        save_model(path, network, variables, **options)
    assert not path.exists()
    return str(caught.value)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_whole(name, tmp_path):
    network, extra = MODELS[name]()
    variables = network.init(3)
    save_model(tmp_path / "m.striate", network, variables, **extra)
    saved = load_model(tmp_path / "m.striate")
    assert isinstance(saved, SavedModel)
    assert saved.network == network
    assert jax.tree.structure(saved.variables) == jax.tree.structure(variables)
    for found, array in zip(jax.tree.leaves(saved.variables), jax.tree.leaves(variables), strict=True):
        assert isinstance(found, jax.Array)
        np.testing.assert_array_equal(found, array)
    for field in ("preprocessing", "class_names", "training"):
        assert getattr(saved, field) == extra.get(field)


def test_the_same_model_gives_the_same_bytes_in_every_process(tmp_path, network):
    save_model(tmp_path / "a", network, filled(network), training={"b": 1, "a": [2]})
    program = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from golden_models import filled\nfrom striate.formats import load_model, save_model\n"
        "saved = load_model(sys.argv[1] + '/a')\n"
        "save_model(sys.argv[1] + '/b', saved.network, filled(saved.network), training={'a': [2], 'b': 1})\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), os.path.dirname(__file__)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_any_safetensors_reader_opens_it(tmp_path, network):
    variables = filled(network)
    save_model(tmp_path / "m.striate", network, variables)
    arrays = safetensors.numpy.load_file(tmp_path / "m.striate")
    assert sorted(arrays) == [
        "params/conv/bias",
        "params/conv/kernel",
        "params/out/bias",
        "params/out/kernel",
    ]
    np.testing.assert_array_equal(arrays["params/conv/kernel"], variables["params"]["conv"]["kernel"])
    with safe_open(tmp_path / "m.striate", framework="numpy") as file:
        assert list(file.metadata()) == ["striate"]


def test_everything_that_does_not_fit_is_told_at_once(tmp_path, network):
    variables = filled(network)
    conv = variables["params"]["conv"]
    variables["params"]["conv"] = {"kernel": conv["kernel"].reshape(9, 2), "mask": np.zeros(1, np.float32)}
    variables["params"]["out"]["bias"] = np.zeros(2)
    cure = "\n  Save the variables of this very network."
    assert message(tmp_path / "m.striate", network, variables) == (
        "4 problems:\n"
        "1. m.striate, tensor params/conv/bias: it is missing; "
        f"expected float32 [2], as the architecture wants.{cure}\n"
        "2. m.striate, tensor params/conv/kernel: it is float32 [9, 2]; "
        f"expected float32 [3, 3, 1, 2].{cure}\n"
        "3. m.striate, tensor params/conv/mask: the architecture knows no such tensor; "
        f"expected none.{cure}\n"
        f"4. m.striate, tensor params/out/bias: it is float64 [2]; expected float32 [2].{cure}"
    )


@pytest.mark.parametrize("variables", [None, [], {"params": 3}, {"params": {"conv": np.zeros(2)}}])
def test_variables_of_another_build_are_refused(tmp_path, network, variables):
    assert message(tmp_path / "m.striate", network, variables) == (
        "variables: they are not nested as expected; "
        "expected {'params': {path: {weight: array}}, 'state': {...}}.\n"
        "  Save the variables of this very network."
    )


def test_numbers_that_are_not_finite_are_refused_and_named(tmp_path, network):
    variables = filled(network)
    variables["params"]["conv"]["kernel"].flat[:2] = np.nan
    variables["params"]["out"]["bias"][1] = -np.inf
    cure = "\n  Use weights from before they overflowed, or train again with a smaller learning rate."
    assert message(tmp_path / "m.striate", network, variables) == (
        "2 problems:\n"
        "1. m.striate, tensor params/conv/kernel: 2 of 18 numbers are not finite; "
        f"expected finite numbers.{cure}\n"
        f"2. m.striate, tensor params/out/bias: 1 of 2 numbers are not finite; expected finite numbers.{cure}"
    )


def test_preprocessing_and_class_names_must_fit_the_network(tmp_path, network):
    path, variables = tmp_path / "m.striate", filled(network)
    told = message(
        path, network, variables, preprocessing=Preprocessing(size=(4, 5), channels=1), class_names=["a"]
    )
    assert told == (
        "2 problems:\n"
        "1. m.striate, preprocessing: it makes pictures of shape (4, 5, 1); expected (5, 5, 1).\n"
        "  Give the preprocessing the size and the channels of the network's input.\n"
        "2. m.striate, class_names: there are 1 names; expected 2, one for each output.\n"
        "  Give one name for each class, in the order of the labels."
    )
    assert "expected a list of texts or null" in message(path, network, variables, class_names="ab")
    assert "expected a list of texts or null" in message(path, network, variables, class_names=["a", 2])
    save_model(path, network, variables, preprocessing=Preprocessing(channels=1), class_names=("a", "a"))


def test_one_output_may_have_two_names(tmp_path):
    network = sequential([Flatten(), Dense(1, activation="sigmoid")], (2, 2, 1))
    variables = network.init(0)
    save_model(tmp_path / "m.striate", network, variables, class_names=["cat", "dog"])
    assert load_model(tmp_path / "m.striate").class_names == ("cat", "dog")
    assert "expected 2, for no and yes" in message(
        tmp_path / "n.striate", network, variables, class_names=["cat", "dog", "cow"]
    )


def test_hostile_class_names_are_kept_as_they_are(tmp_path, network):
    names = ("<img onerror=alert(1)>", "\x1b[2J\u202e")
    save_model(tmp_path / "m.striate", network, filled(network), class_names=names)
    assert load_model(tmp_path / "m.striate").class_names == names


def test_a_network_whose_shapes_do_not_add_is_refused(tmp_path):
    network = sequential([Conv2D(2, 9, name="conv")], (5, 5, 1))
    assert message(tmp_path / "m.striate", network, {"params": {}, "state": {}}).startswith(
        "m.striate, conv: the kernel 9x9 is larger than the image 5x5; expected"
    )


def test_several_inputs_and_outputs(tmp_path):
    one, two = Input((3,), name="one"), Input((4,), name="two")
    network = graph([one, two], [Dense(2, name="a")(one), Dense(1, name="b")(two)])
    save_model(tmp_path / "m.striate", network, network.init(0), class_names=["anything"])
    assert load_model(tmp_path / "m.striate").network == network


def test_a_training_record_keeps_what_json_can_hold(tmp_path, network):
    record = {"loss": [np.float32(0.5), float("nan")], "shape": (1, 2), "seed": np.int64(3), "note": "ä"}
    save_model(tmp_path / "m.striate", network, filled(network), training=record)
    wanted = {"loss": [0.5, None], "shape": [1, 2], "seed": 3, "note": "ä"}
    assert load_model(tmp_path / "m.striate").training == wanted
    with pytest.raises(
        ArgumentError, match=r"training\.when: found object; expected a value that JSON can hold"
    ):
        save_model(tmp_path / "n.striate", network, filled(network), training={"when": object()})


def test_a_record_too_large_to_be_read_is_not_written(tmp_path, network):
    told = message(tmp_path / "m.striate", network, filled(network), training={"log": "x" * 2**23})
    assert told.startswith("m.striate, record: the JSON text has 83")
    assert message(
        tmp_path / "m.striate", network, filled(network), training={"log": [0] * 250_000}
    ).startswith(
        "m.striate, record: the JSON text holds more than 250000 values; expected at most 250000 values."
    )


def test_every_cut_and_every_flipped_bit_is_refused(tmp_path, network):
    path = tmp_path / "m.striate"
    save_model(path, network, filled(network), class_names=["no", "yes"])
    whole = path.read_bytes()
    for size in range(0, len(whole), 3):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            load_model(path)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(FormatError):
            load_model(path)


def test_a_checkpoint_is_no_model(tmp_path):
    save_checkpoint(tmp_path / "c.striate", {}, {})
    with pytest.raises(FormatError) as caught:
        load_model(tmp_path / "c.striate")
    assert str(caught.value) == (
        "c.striate: its metadata are ['striate_checkpoint']; "
        "expected exactly ['striate'], as in a model file.\n"
        "  Save a model with model.save(...); plain safetensors files and checkpoints are no models."
    )


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_or_broken_disk_leaves_the_previous_model(tmp_path, monkeypatch, network, code):
    path = tmp_path / "m.striate"
    save_model(path, network, filled(network), training={"epoch": 1})
    before = path.read_bytes()

    def fail(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", fail)
        with pytest.raises(StriateError, match="What was saved there before is untouched"):
            save_model(path, network, filled(network), training={"epoch": 2})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.striate"]
    assert load_model(path).training == {"epoch": 1}
