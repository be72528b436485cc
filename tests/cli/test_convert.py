"""`striate convert`: what it writes and says is right, and hostile files are refused as in Python."""

import json
import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_fixtures import *  # noqa: F403

import striate as st
from striate import layers
from striate.cli._terminal import inert
from striate.formats import exchange, load_model
from striate.formats.foreign import read_tensors
from striate.images import Preprocessing
from striate.network import sequential, to_json

sys.path.insert(0, str(Path(__file__).parent.parent / "threats"))
from forged_foreign import FORGERIES, MESSAGES, written


def small(classes=3):
    items = [layers.Conv2D(2, 3, name="conv"), layers.BatchNormalization(name="norm"), layers.Flatten()]
    items += [layers.Dense(classes, activation="softmax", name="fc")]
    return sequential(items, input_shape=(5, 5, 1), name="small")


@pytest.fixture
def model(tmp_path):
    """A trained model with everything that goes with it."""
    made = st.Model.from_network(small(), class_names=("a", "b", "c"), seed=1)
    made.preprocessing = Preprocessing((5, 5), 1)
    made.save(tmp_path / "small.striate")
    return made


@pytest.fixture
def state(tmp_path, model):
    """The same weights as a file with PyTorch's names, and the architecture as JSON."""
    model.save_weights(tmp_path / "small.safetensors", convention="torch")
    (tmp_path / "small.json").write_text(to_json(small()))
    return tmp_path / "small.safetensors"


def same(left, right):
    """Whether two sets of variables are equal bit for bit."""
    left, right = (exchange.from_variables(small(), variables, "striate") for variables in (left, right))
    return all(np.array_equal(left[name], right[name]) for name in left)


def test_names_of_pytorch_become_a_model(run, tmp_path, model, state):
    done = run("convert", "small.safetensors", "out.striate", "--model", "small.json")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "small.safetensors: a safetensors file\n"
        "network: small, 85 parameters, from small.json\n"
        "names: PyTorch's names, channels first (torch)\n"
        "not used: norm.num_batches_tracked\n"
        f"wrote out.striate ({size(tmp_path / 'out.striate')}): a model of Striate\n"
        "checked: read back, 8 tensors equal bit for bit\n"
    )
    assert same(load_model(tmp_path / "out.striate").variables, model.variables)


def size(path):
    from striate.cli._terminal import quantity

    return quantity(path.stat().st_size)


@pytest.mark.parametrize(
    ("words", "kind", "convention", "tensors"),
    [
        (["out.safetensors"], "safetensors", "striate", 8),
        (["out.safetensors", "--to", "torch"], "safetensors", "torch", 9),
        (["out.safetensors", "--to", "keras"], "safetensors", "keras", 8),
        (["out.npz"], "numpy", "striate", 8),
        (["out.weights.h5"], "keras-h5", "keras3", 8),
    ],
)
def test_a_model_gives_its_weights_to_other_programs(run, tmp_path, model, words, kind, convention, tensors):
    done = run("convert", "small.striate", *words)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "small.striate: a model of Striate\n"
        "network: small, 85 parameters, from the model file\n"
        f"wrote {words[0]} ({size(tmp_path / words[0])}): weights alone, "
        f"names of the convention {convention}\n"
        "not in it: architecture, preprocessing, class names, training record\n"
        f"checked: read back, {tensors} tensors equal bit for bit\n"
    )
    found = read_tensors(tmp_path / words[0])
    assert found.kind == kind
    assert same(exchange.into_variables(small(), found, convention), model.variables)


def test_a_model_becomes_an_onnx_graph_that_takes_pictures(run, tmp_path, model):
    onnx = pytest.importorskip("onnx")
    done = run("convert", "small.striate", "out.onnx")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[2:] == [
        f"wrote out.onnx ({size(tmp_path / 'out.onnx')}): an ONNX model of opset 18, 9 nodes, "
        "which takes uint8 pictures",
        "not in it: training record",
        "checked: onnx.checker finds nothing to say against it",
    ]
    made = onnx.load(tmp_path / "out.onnx")
    assert made.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert {each.key: each.value for each in made.metadata_props}["class_names"] == '["a", "b", "c"]'
    from onnx.reference import ReferenceEvaluator

    pictures = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 1), np.uint8)
    (told,) = ReferenceEvaluator(made).run(None, {"input1": pictures})
    np.testing.assert_allclose(told, model.predict(pictures), rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
@pytest.mark.parametrize("name", ["theirs.keras", "theirs.h5"])
def test_a_model_of_keras_needs_no_architecture(run, tmp_path, name):
    keras = pytest.importorskip("keras")
    logging.getLogger("absl").setLevel("ERROR")
    dense = keras.layers.Dense(2, name="fc", kernel_initializer="ones")
    keras.Sequential([keras.Input((3,)), dense], name="theirs").save(tmp_path / name)
    done = run("convert", name, "out.striate")
    assert (done.code, done.err) == (0, "")
    assert "network: theirs, 8 parameters, from the configuration in the file\n" in done.out
    saved = load_model(tmp_path / "out.striate")
    np.testing.assert_array_equal(saved.variables["params"]["fc"]["kernel"], np.ones((3, 2)))


def test_what_is_not_used_is_counted(run, tmp_path):
    norms = [layers.BatchNormalization(name=name) for name in ("a", "b")]
    made = st.Sequential([st.Input((3,)), *norms])
    (tmp_path / "two.json").write_text(made.to_json())
    arrays = exchange.from_variables(made.network, made.variables, "torch")
    arrays |= {f"aux.{number}.bias": np.zeros(1, np.float32) for number in range(6)}
    np.savez(tmp_path / "two.npz", **arrays)
    done = run("convert", "two.npz", "out.npz", "--model", "two.json", "--ignore", "aux.*")
    assert (
        "not used: 2 num_batches_tracked, aux.0.bias, aux.1.bias, aux.2.bias, aux.3.bias, … (6 in all)\n"
    ) in done.out


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_adapted_statistics_are_told(run, tmp_path):
    keras = pytest.importorskip("keras")
    norm = keras.layers.Normalization(name="norm")
    dense = keras.layers.Dense(1, name="fc", kernel_initializer="ones")
    model = keras.Sequential([keras.Input((2,)), norm, dense], name="row")
    norm.adapt(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32))
    model.save(tmp_path / "a.keras")
    done = run("convert", "a.keras", "out.striate")
    names = ", ".join(f"layers/normalization/vars/{number}" for number in range(3))
    assert (done.code, done.err) == (0, "")
    assert f"statistics that are hyperparameters here: {names}\n" in done.out
    assert load_model(tmp_path / "out.striate").network.nodes[0].layer.mean == (2.0, 4.0)


def test_one_json_object_tells_the_same(run, tmp_path, state):
    done = run("convert", "small.safetensors", "out.npz", "--model", "small.json", "--json")
    assert json.loads(done.out) == {
        "source": "small.safetensors",
        "target": "out.npz",
        "kind": "a safetensors file",
        "written": "weights alone, names of the convention striate",
        "network": "small",
        "architecture": "small.json",
        "parameters": 85,
        "notes": ["names: PyTorch's names, channels first (torch)"],
        "fresh": [],
        "ignored": ["norm.num_batches_tracked"],
        "lost": ["architecture"],
        "checks": ["read back, 8 tensors equal bit for bit"],
    }


def test_preprocessing_and_class_names_can_be_given_beside_the_weights(run, tmp_path, state):
    (tmp_path / "recipe.json").write_text(json.dumps(Preprocessing((5, 5), 1, 1.0, 127.5).to_json()))
    (tmp_path / "names.json").write_text('["x", "y", "z"]')
    words = ["--model", "small.json", "--preprocessing", "recipe.json", "--class-names", "names.json"]
    assert run("convert", "small.safetensors", "out.striate", *words).code == 0
    saved = load_model(tmp_path / "out.striate")
    assert (saved.preprocessing, saved.class_names) == (Preprocessing((5, 5), 1, 1.0, 127.5), ("x", "y", "z"))
    (tmp_path / "names.json").write_text('{"x": 1}')
    assert run("convert", "small.safetensors", "out.striate", *words).err == (
        "error: names.json: it holds a dict; expected a list of names.\n"
        '  Write for instance ["cat", "dog"], in the order of the outputs.\n'
    )


def test_another_number_of_classes(run, tmp_path, state):
    (tmp_path / "five.json").write_text(to_json(small(5)))
    done = run("convert", "small.safetensors", "out.striate", "--model", "five.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[1:3] == [
        "1. small.safetensors, tensor fc.weight: its shape is [3, 18]; expected [5, 18], for fc/kernel.",
        "  Make the network for as many classes as the file has, or give skip_head=True (--skip-head).",
    ]
    assert not (tmp_path / "out.striate").exists()
    done = run("convert", "small.safetensors", "out.striate", "--model", "five.json", "--skip-head")
    assert done.code == 0
    assert "left at their own start: fc\n" in done.out
    assert load_model(tmp_path / "out.striate").network == small(5)


def test_order_patterns_groups_and_conventions_are_passed_on(run, tmp_path, model, state):
    tensors = exchange.from_variables(small(), model.variables, "torch")
    stems = {"conv": "0", "norm": "1", "fc": "3"}
    named = {f"{stems[name.split('.')[0]]}.{name.split('.')[1]}": array for name, array in tensors.items()}
    groups = {f"ema/{name}": array for name, array in named.items()} | {"net/8.bias": np.zeros(2)}
    np.savez(tmp_path / "b.npz", **groups)
    base = ["convert", "b.npz", "out.striate", "--model", "small.json"]
    assert "it holds several sets of weights: ema, net; expected one set of weights." in run(*base).err
    done = run(*base, "--group", "ema", "--by-order", "--convention", "torch")
    assert (done.code, done.err) == (0, "")
    assert "tensors are matched by their order, as it was asked for\n" in done.out
    assert same(load_model(tmp_path / "out.striate").variables, model.variables)
    assert run(*base, "--ignore", "net/*", "--by-order").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["small.safetensors", "out.striate"],
            "small.safetensors: it is a safetensors file without an architecture; "
            "expected a network for the weights.\n"
            "  Say which with --model: a name such as resnet50, FILE.json or FILE.py:NAME.",
        ),
        (
            ["small.safetensors", "out.pth"],
            "out.pth: this kind of file is not written; "
            "expected .striate, .onnx, .safetensors, .weights.h5 or .npz.\n"
            "  PyTorch's own format can run code when it is read. "
            "Write .safetensors; PyTorch loads that too.",
        ),
        (
            ["none.h5", "out.npz"],
            "none.h5: cannot be read: there is no such file; expected a file that can be read.\n"
            "  Check the name and the folder.",
        ),
        (
            ["small.striate", "out.onnx", "--to", "torch"],
            "--to: .onnx has names of its own; expected no --to.\n  Leave --to out.",
        ),
        (
            ["small.striate", "out.npz", "--model", "lenet5"],
            "--model: a model of Striate says this itself; expected no --model.\n  Leave it out.",
        ),
        (
            ["small.safetensors", "out.npz", "--input-shape", "5x"],
            "--input-shape: got '5x'; expected whole numbers joined by x.\n"
            "  Write for instance --input-shape 224x224x3.",
        ),
        (
            ["small.safetensors", "out.npz", "--model", "small.json", "--convention", "tf"],
            "convention: there is no convention 'tf'; expected one of striate, torch, keras, keras3.\n"
            "  Choose one of these.",
        ),
    ],
)
def test_mistakes_and_their_cures(run, state, words, said):
    done = run("convert", *words)
    assert (done.code, done.out, done.err) == (2, "", f"error: {said}\n")


def test_names_from_a_file_cannot_act_on_the_terminal(run, tmp_path, state):
    tensors = dict(read_tensors(state).tensors)
    np.savez(tmp_path / "evil.npz", **tensors, **{"\x1b[2Jaux.bias": np.zeros(2, np.float32)})
    done = run("convert", "evil.npz", "out.striate", "--model", "small.json")
    assert "\x1b" not in done.out + done.err


SAID = json.loads(MESSAGES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_files_are_refused_with_the_same_words_as_in_python(run, tmp_path, name):
    written(tmp_path, name, FORGERIES[name]())
    done = run("convert", name, "out.npz", "--model", "lenet5")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: {inert(SAID[name])}\n"
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("name", list(FORGERIES)[::9])
def test_models_refuse_forged_weights_with_the_same_words(tmp_path, model, name):
    path, _ = written(tmp_path, name, FORGERIES[name]())
    with pytest.raises(st.errors.FormatError) as caught:
        model.load_weights(path)
    assert str(caught.value) == SAID[name]
