"""Networks as ONNX models: the same answers from ONNX' own reference, layer by layer and as a whole."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from test_exchange_layouts import drawn

import striate.layers as layers
from striate import ops
from striate.errors import ArgumentError, FormatError
from striate.formats.onnx import OPSET, to_onnx, write_onnx
from striate.formats.onnx.table import EMITTERS
from striate.images import Preprocessing
from striate.layers._table import ROWS
from striate.network import Input, graph, sequential

onnx = pytest.importorskip("onnx")
from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx.reference.op_run import OpRun  # noqa: E402

FAST = {"xla_backend_optimization_level": 0}


class LRN(OpRun):
    """The operator as its specification has it; the package's own goes over examples, not over channels."""

    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        sums = np.zeros_like(x)
        for channel in range(x.shape[1]):
            near = x[:, max(0, channel - (size - 1) // 2) : channel + size // 2 + 1]
            sums[:, channel] = (near.astype(np.float64) ** 2).sum(1)
        return ((x / (bias + alpha / size * sums) ** beta).astype(x.dtype),)


SAYABLE = [row for row in ROWS if row.kind in EMITTERS]


def all_rows():
    """One network with every layer of the table, each beside the others, and random weights."""
    inputs, outputs = [], []
    for place, row in enumerate(SAYABLE):
        begins = [Input(shape, name=f"in{place}_{number}") for number, shape in enumerate(row.inputs)]
        inputs += begins
        outputs.append(dataclasses.replace(row.make(), name=f"row{place}")(begins))
    return graph(inputs, outputs, name="rows")


def weights_of(network, seed=0):
    """Random weights; variances are positive."""
    variables = drawn(network, seed)
    for weights in variables["state"].values():
        for name in weights:
            weights[name] = np.abs(weights[name]) + 0.1
    return variables


def inputs_of(network, seed=0):
    rng = np.random.default_rng(seed)
    return {spec.name: rng.normal(size=(2, *spec.shape)).astype(np.float32) for spec in network.inputs}


def told_by(model, inputs):
    """What ONNX' own slow reference says."""
    return ReferenceEvaluator(model, new_ops=[LRN]).run(None, inputs)


def ours(network, variables, inputs):
    run = jax.jit(lambda variables, inputs: network.apply(variables, inputs).output, compiler_options=FAST)
    outputs = run(variables, inputs)
    return [np.asarray(each) for each in (outputs if isinstance(outputs, tuple) else (outputs,))]


@pytest.fixture(scope="module")
def rows():
    network = all_rows()
    variables, inputs = weights_of(network), inputs_of(network)
    model = to_onnx(network, variables)
    return model, told_by(model, inputs), ours(network, variables, inputs)


def test_every_layer_of_the_table_can_be_said():
    assert [row.kind.__name__ for row in ROWS if row.kind not in EMITTERS] == []


@pytest.mark.parametrize("place", range(len(SAYABLE)), ids=lambda place: f"{SAYABLE[place].make()!r}")
def test_every_layer_gives_the_same_answer(rows, place):
    _, told, expected = rows
    assert told[place].shape == expected[place].shape
    np.testing.assert_allclose(told[place], expected[place], rtol=1e-4, atol=1e-5)


def test_every_activation_gives_the_same_answer():
    image = Input((3, 4), name="image")
    names = [*ops.ACTIVATIONS]
    network = graph(image, [layers.Activation(name, name=name)(image) for name in names])
    inputs = {"image": np.linspace(-8, 8, 24, dtype=np.float32).reshape(2, 3, 4)}
    variables = {"params": {}, "state": {}}
    told = told_by(to_onnx(network, variables), inputs)
    for name, mine, theirs in zip(names, ours(network, variables, inputs), told, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-5, err_msg=name)


def branches():
    """Convolutions, a sum, shared weights, a nested network, softmax."""
    image = Input((8, 8, 3), name="image")
    again = layers.Conv2D(4, 3, padding="same", activation="relu", name="again")
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="stem")(image)
    x = layers.Add(name="sum")([again(again(x)), x])
    block = sequential([layers.Conv2D(6, 1, name="a"), layers.BatchNormalization(name="b")], name="block")
    x = layers.Dropout(0.5)(layers.MaxPooling2D(2)(block(x)))
    return graph(
        image, layers.Dense(3, activation="softmax", name="top")(layers.Flatten()(x)), name="branches"
    )


@pytest.fixture(scope="module")
def exported():
    network = branches()
    variables = weights_of(network)
    return network, variables, to_onnx(network, variables)


def test_a_network_of_branches_gives_the_same_answer(exported):
    network, variables, model = exported
    inputs = inputs_of(network, 3)
    np.testing.assert_allclose(
        told_by(model, inputs)[0], ours(network, variables, inputs)[0], rtol=1e-4, atol=1e-6
    )


def test_channels_are_turned_at_the_borders_alone(exported):
    kinds = [node.op_type for node in exported[2].graph.node]
    assert kinds == [
        *("Transpose", "Conv", "Conv", "Relu", "Conv", "Relu", "Add", "Conv", "BatchNormalization"),
        *("MaxPool", "Transpose", "Flatten", "Gemm", "Softmax"),
    ]


def test_the_batch_is_open_and_pictures_lie_as_here(exported):
    (begin,), (end,) = exported[2].graph.input, exported[2].graph.output
    axes = [axis.dim_param or axis.dim_value for axis in begin.type.tensor_type.shape.dim]
    assert (begin.name, axes) == ("image", ["N", 8, 8, 3])
    assert begin.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert (end.name, [axis.dim_param or axis.dim_value for axis in end.type.tensor_type.shape.dim]) == (
        "top",
        ["N", 3],
    )


def test_values_have_the_names_of_layers_and_shared_weights_are_kept_once(exported):
    model = exported[2]
    made = {node.output[0] for node in model.graph.node}
    assert {"stem", "again", "again_2", "sum", "block/a", "block/b", "top"} <= made
    kept = sorted(constant.name for constant in model.graph.initializer)
    assert [name for name in kept if name.startswith("again")] == ["again/bias", "again/kernel"]


def test_opset_and_maker_are_stated(exported):
    model = exported[2]
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert model.producer_name == "striate"
    assert {each.key: each.value for each in model.metadata_props} == {
        "striate_network": "branches",
        "striate_layout": "NHWC",
    }


@pytest.mark.parametrize(
    "recipe",
    [
        Preprocessing((8, 8), 3),
        Preprocessing((8, 8), 3, 1.0, (103.939, 116.779, 123.68)),
        Preprocessing((8, 8), 3, 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ],
)
def test_preprocessing_is_inside_the_graph(recipe):
    network = sequential([layers.Identity(name="pixels")], input_shape=(8, 8, 3))
    model = to_onnx(network, {"params": {}, "state": {}}, preprocessing=recipe)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    (told,) = told_by(model, {"input1": pictures})
    np.testing.assert_allclose(told, np.asarray(recipe.scale_pixels(pictures)), rtol=1e-5, atol=1e-5)


def test_the_graph_knows_every_field_of_a_preprocessing():
    assert [field.name for field in dataclasses.fields(Preprocessing)] == [
        *("size", "channels", "scale", "mean", "std", "fit"),
    ]


def test_class_names_and_preprocessing_are_kept_as_texts(tmp_path):
    network = branches()
    recipe = Preprocessing((8, 8), 3)
    names = ["cat", "dog\u202e", "<b>"]
    write_onnx(tmp_path / "a.onnx", network, drawn(network), preprocessing=recipe, class_names=names)
    model = onnx.load(tmp_path / "a.onnx")
    kept = {each.key: each.value for each in model.metadata_props}
    assert json.loads(kept["class_names"]) == names
    assert Preprocessing.from_json(json.loads(kept["preprocessing"])) == recipe


def test_equal_networks_give_equal_files(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        write_onnx(tmp_path / name, branches(), drawn(branches()))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_outputs_of_every_kind():
    image = Input((4, 4, 2), name="image")
    conv = layers.Conv2D(3, 1, name="conv")(image)
    relu = layers.ReLU(name="relu")(conv)
    kept = layers.Dropout(0.5, name="kept")(relu)
    network = graph(image, [conv, relu, kept, conv, image])
    variables, inputs = weights_of(network), inputs_of(network)
    model = to_onnx(network, variables)
    assert [each.name for each in model.graph.output] == ["conv", "relu", "kept", "conv_2", "image_2"]
    for told, mine in zip(told_by(model, inputs), ours(network, variables, inputs), strict=True):
        np.testing.assert_allclose(told, mine, rtol=1e-4, atol=1e-5)


class Unsayable(layers.Identity):
    """A layer that ONNX cannot know."""


def test_every_layer_without_words_is_named():
    network = sequential([Unsayable(name="a"), layers.ReLU(), Unsayable(name="b")], input_shape=(3,))
    with pytest.raises(ArgumentError) as caught:
        to_onnx(network, {"params": {}, "state": {}}, where="a.onnx")
    assert str(caught.value) == (
        "2 problems:\n"
        "1. a.onnx, layer a: ONNX has no words for Unsayable; "
        "expected a layer that is a sum of standard operators.\n"
        "  Replace it, or cut the network off before it.\n"
        "2. a.onnx, layer b: ONNX has no words for Unsayable; "
        "expected a layer that is a sum of standard operators.\n"
        "  Replace it, or cut the network off before it."
    )


def test_class_names_and_preprocessing_must_fit():
    with pytest.raises(ArgumentError) as caught:
        to_onnx(branches(), drawn(branches()), preprocessing=Preprocessing((9, 9), 3), class_names=["a"])
    assert [problem.where for problem in caught.value.problems] == [
        "onnx, preprocessing",
        "onnx, class_names",
    ]


def test_numbers_that_are_not_finite_are_refused():
    variables = drawn(branches())
    variables["params"]["top"]["bias"][1] = np.nan
    with pytest.raises(FormatError, match="onnx, tensor top/bias: 1 of 3 numbers are not finite"):
        to_onnx(branches(), variables)


def test_without_the_package_the_cure_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ArgumentError) as caught:
        to_onnx(branches(), {}, where="a.onnx")
    assert str(caught.value) == (
        "a.onnx: the package onnx is not installed; expected onnx, which writes and checks such files.\n"
        "  Install it: pip install 'striate[onnx]'."
    )


def test_more_than_a_file_can_hold_is_refused_before_any_work(tmp_path):
    network = sequential([layers.Dense(2**15)], input_shape=(2**15,))
    with pytest.raises(ArgumentError) as caught:
        write_onnx(tmp_path / "a.onnx", network, {})
    assert str(caught.value) == (
        "a.onnx: its weights alone have 4,295,098,368 bytes; "
        "expected at most 2,147,483,647 in an ONNX file.\n  Write the weights as .safetensors."
    )
