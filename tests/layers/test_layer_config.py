"""Layers to plain JSON values and back, and forged ones refused word for word."""

import json
from dataclasses import dataclass

import pytest

from striate.errors import ArgumentError, FormatError
from striate.layers import Conv2D, Dense, Layer, from_config, initializers, regularizers, to_config
from striate.layers._table import ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: repr(row.make()))
def test_through_json_and_back(row):
    layer = row.make()
    text = json.dumps(to_config(layer), allow_nan=False)
    again = from_config(json.loads(text))
    assert again == layer
    assert type(again) is type(layer)
    assert json.dumps(to_config(again)) == text


def test_only_what_differs_from_the_defaults_is_written():
    layer = Dense(
        10,
        activation="softmax",
        kernel_initializer=initializers.HeNormal(1),
        kernel_regularizer="l2",
        name="last",
    )
    assert to_config(layer) == {
        "class_name": "Dense",
        "units": 10,
        "activation": "softmax",
        "kernel_initializer": {"class_name": "HeNormal", "seed": 1},
        "kernel_regularizer": {"class_name": "L2"},
        "name": "last",
    }
    assert regularizers.L2() == layer.kernel_regularizer


def refused(config):
    """The message about a forged configuration."""
    with pytest.raises(FormatError) as caught:
        from_config(config)
    return str(caught.value)


def test_unknown_and_missing_fields_are_told_at_once():
    message = refused({"class_name": "RepeatVector", "m": 3, "code": "import os"})
    assert (
        message
        == """3 problems:
1. RepeatVector: it has an unknown field 'm'; expected one of name, trainable, input_shape, n.
  Get the file again from where it came, or save it again with Striate.
2. RepeatVector: it has an unknown field 'code'; expected one of name, trainable, input_shape, n.
  Get the file again from where it came, or save it again with Striate.
3. RepeatVector.n: it is missing; expected a value.
  Get the file again from where it came, or save it again with Striate."""
    )


@pytest.mark.parametrize(
    ("config", "beginning"),
    [
        ({}, "layer: class_name is nothing; expected one of Conv1D, "),
        ([], "layer: class_name is nothing; expected one of Conv1D, "),
        ("Conv2D", "layer: class_name is nothing; "),
        (None, "layer: class_name is nothing; "),
        ({"class_name": "os.system"}, "layer: class_name is 'os.system'; expected one of "),
        ({"class_name": "Layer"}, "layer: class_name is 'Layer'; "),
        ({"class_name": "HeNormal"}, "layer: class_name is 'HeNormal'; "),
        ({"class_name": ["Conv2D"]}, "layer: class_name is ['Conv2D']; "),
        ({"class_name": "Dense", "units": 0}, "Dense.units: got 0; expected a whole number of at least 1."),
        ({"class_name": "Dense", "units": "10"}, "Dense.units: got '10'; expected a whole number"),
        ({"class_name": "Dense", "units": True}, "Dense.units: got True; expected a whole number"),
        ({"class_name": "Dense", "units": 1.0}, "Dense.units: got 1.0; expected a whole number"),
        (
            {"class_name": "Dense", "units": {"class_name": "Zeros"}},
            "Dense.units: got Zeros(); expected a whole",
        ),
        ({"class_name": "Dense", "units": 3, "KIND": "x"}, "Dense: it has an unknown field 'KIND'; "),
        (
            {"class_name": "Dense", "units": 3, "__class__": "x"},
            "Dense: it has an unknown field '__class__'; ",
        ),
        (
            {"class_name": "Dense", "units": 3, "name": "a/b"},
            "Dense.name: got 'a/b'; expected 1 to 100 printable",
        ),
        (
            {"class_name": "Dense", "units": 3, "kernel_initializer": {"class_name": "Dense", "units": 3}},
            "Dense.kernel_initializer: class_name is 'Dense'; expected one of Zeros, ",
        ),
        (
            {"class_name": "Dense", "units": 3, "kernel_initializer": {"class_name": "L2"}},
            "Dense.kernel_initializer: got L2(l2=0.01); expected an initializer such as HeNormal(), ",
        ),
        (
            {
                "class_name": "Dense",
                "units": 3,
                "kernel_initializer": {"class_name": "Constant", "value": "1"},
            },
            "Constant.value: got '1'; expected a finite number.",
        ),
        (
            {"class_name": "Dense", "units": 3, "kernel_regularizer": {"class_name": "L2", "l2": -1}},
            "L2.l2: got -1; expected a finite number of at least 0.",
        ),
        ({"class_name": "Conv2D", "filters": 3}, "Conv2D.kernel_size: it is missing; expected a value."),
        (
            {"class_name": "Conv2D", "filters": 4, "kernel_size": 3, "groups": 3},
            "Conv2D.groups: 4 filters cannot be split into 3 equal groups; ",
        ),
        (
            {"class_name": "Dropout", "rate": 1.5},
            "Dropout.rate: got 1.5; expected a finite number from 0 to 1.",
        ),
        ({"class_name": "Rescaling", "scale": [1, [2]]}, "Rescaling.scale: got [1, [2]]; expected a number"),
    ],
    ids=str,
)
def test_forged_configurations_are_refused(config, beginning):
    message = refused(config)
    assert message.startswith(beginning), message


def test_a_layer_of_ones_own_is_not_written():
    @dataclass(frozen=True)
    class Conv2DOfMyOwn(Conv2D):
        pass

    with pytest.raises(ArgumentError) as caught:
        to_config(Conv2DOfMyOwn(3, 3))
    assert str(caught.value) == (
        "to_config: Conv2DOfMyOwn is not a layer of striate.layers; expected one of them.\n"
        "  Build it from those, or save the weights only."
    )


def test_a_class_that_bears_the_name_of_another_is_not_written():
    impostor = type("Conv2D", (Conv2D,), {})
    assert issubclass(impostor, Layer)
    with pytest.raises(ArgumentError, match=r"^to_config: Conv2D is not a layer"):
        to_config(impostor(3, 3))
