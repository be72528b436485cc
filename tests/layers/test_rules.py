"""Rules: canonical forms, refusals word for word, and negative tests made from the tables themselves."""

import dataclasses
import inspect
import re

import jax.numpy as jnp
import numpy as np
import pytest

import striate.layers as layers
from striate import ops
from striate.errors import ArgumentError
from striate.layers import Conv1D, Conv2D, initializers, regularizers
from striate.layers._rules import rules_of
from striate.layers._table import LAYERS, ROWS

FIRST = {row.kind: dict(row.arguments) for row in reversed(ROWS)}
PARTS = {kind: {} for kind in (*initializers.INITIALIZERS.values(), *regularizers.REGULARIZERS.values())}
CASES = [
    (kind, arguments, name)
    for kind, arguments in {**FIRST, **PARTS}.items()
    for name in (field.name for field in dataclasses.fields(kind))
]
GARBAGE = [
    *(
        object(),
        lambda: 3,
        b"3",
        {"a": 1},
        {3},
        [],
        [[]],
        "",
        "same ",
        "∞",
        1j,
        np.complex64(1),
        10**400,
        -(10**5000),
        10**5000,
    ),
    *(
        np.array(3),
        np.array([[3]]),
        np.array(["3"]),
        jnp.arange(3),
        float("nan"),
        -0.0,
        ((1,), 2),
        (None,),
        ...,
    ),
    *(
        np.float64(2.0),
        np.int8(3),
        np.bool_(True),
        (3, 3, 3, 3, 3),
        range(3),
        [1, [2, [3]]],
        memoryview(b"ab"),
    ),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "name"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_wrong_values_are_refused_by_every_field(kind, arguments, name):
    rule = rules_of(kind)[name]
    assert rule.wrong
    assert rule.cure.endswith(".")
    for value in rule.wrong:
        with pytest.raises(ArgumentError) as caught:
            kind(**{**arguments, name: value})
        first = caught.value.problems[0]
        assert first.where == f"{kind.__name__}.{name}"
        assert first.happened.startswith("got ")


@pytest.mark.parametrize(
    ("kind", "arguments", "name"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_anything_at_all_is_taken_or_refused_as_a_wrong_argument(kind, arguments, name):
    for value in GARBAGE:
        try:
            made = kind(**{**arguments, name: value})
        except ArgumentError:
            continue
        assert hash(made) == hash(dataclasses.replace(made))


def test_short_forms_become_one_canonical_form():
    conv = Conv2D(np.int64(8), 3, strides=[1, 2], padding="SAME", activation=ops.relu, data_format=None)
    twin = Conv2D(8, (3, 3), (1, 2), "same", "channels_last", 1, 1, "relu")
    assert conv == twin
    assert (conv.filters, conv.kernel_size, conv.strides) == (8, (3, 3), (1, 2))
    assert type(conv.filters) is int
    assert Conv2D(8, 3, padding=1).padding == ((1, 1), (1, 1))
    assert Conv1D(8, 3, padding=1).padding == ((1, 1),)
    assert Conv2D(8, 3, activation="linear") == Conv2D(8, 3, activation=ops.linear) == Conv2D(8, 3)
    assert Conv2D(8, 3).activation is None


def test_parts_are_taken_by_name_class_or_value():
    by_name = Conv2D(8, 3, kernel_initializer="he_normal", kernel_regularizer="l2")
    by_class = Conv2D(8, 3, kernel_initializer=initializers.HeNormal, kernel_regularizer=regularizers.L2)
    by_value = Conv2D(
        8, 3, kernel_initializer=initializers.HeNormal(), kernel_regularizer=regularizers.L2(0.01)
    )
    by_class_name = Conv2D(8, 3, kernel_initializer="HeNormal", kernel_regularizer="L2")
    assert by_name == by_class == by_value == by_class_name
    assert Conv2D(8, 3, kernel_regularizer="l1_l2").kernel_regularizer == regularizers.L1L2(0.01, 0.01)


def test_all_wrong_fields_are_told_at_once():
    with pytest.raises(ArgumentError) as caught:
        Conv2D(0, "3", padding="full", data_format="channels_first", groups=True)
    assert (
        str(caught.value)
        == """5 problems:
1. Conv2D.filters: got 0; expected a whole number of at least 1.
  Give the number of output channels, such as 32.
2. Conv2D.kernel_size: got '3'; expected a whole number of at least 1, or one for each spatial axis.
  Give the size of the kernel, such as 3 or (3, 5).
3. Conv2D.padding: got 'full'; expected 'valid', 'same', a whole number, or (before, after) for each axis.
  Choose 'same' to keep the size, 'valid' to pad nothing.
4. Conv2D.data_format: got 'channels_first'; expected 'channels_last' or None.
  Move the channels to the last axis, for instance with numpy.moveaxis(x, 1, -1).
5. Conv2D.groups: got True; expected a whole number of at least 1.
  Give a number that divides the channels and the filters, such as 1."""
    )


def test_a_function_that_is_not_ours_is_refused_with_the_names():
    with pytest.raises(ArgumentError) as caught:
        Conv2D(8, 3, activation=jnp.tanh)
    text = str(caught.value)
    assert re.match(
        r"Conv2D\.activation: got .*; expected one of the names linear, relu, .*tanh.* or None\.", text
    )
    assert text.endswith("Write the name; a function of your own cannot be saved with the model.")
    assert all(name in text for name in ops.ACTIVATIONS)


def test_a_long_value_is_shortened():
    with pytest.raises(ArgumentError, match=re.escape("got " + repr([1] * 100)[:57] + "...; expected")):
        Conv2D(8, [1] * 100)


def test_a_number_too_long_to_write_is_refused_all_the_same():
    with pytest.raises(ArgumentError, match=r"^Conv2D\.filters: got a huge int; expected a whole number"):
        Conv2D(10**5000, 3)


def test_fields_that_do_not_go_together_are_refused():
    with pytest.raises(ArgumentError) as caught:
        Conv2D(6, 3, groups=4)
    assert str(caught.value) == (
        "Conv2D.groups: 6 filters cannot be split into 4 equal groups; expected a divisor of filters.\n"
        "  Change filters or groups."
    )
    with pytest.raises(
        ArgumentError, match=r"^Conv2DTranspose\.output_padding: got \(2, 2\) with strides \(2, 2\)"
    ):
        layers.Conv2DTranspose(6, 3, strides=2, output_padding=2)
    with pytest.raises(
        ArgumentError, match=r"^MaxPooling2D\.padding: .* is as wide as the window 2x2; expected"
    ):
        layers.MaxPooling2D(2, padding=2)
    with pytest.raises(
        ArgumentError, match=r"^Permute\.dims: got \(1, 3\); expected the numbers from 1 to 2"
    ):
        layers.Permute((1, 3))
    with pytest.raises(
        ArgumentError, match=r"^RandomUniform: minval 1 is above maxval 0; expected minval no larger"
    ):
        initializers.RandomUniform(1, 0)


def test_unknown_arguments_are_refused():
    known = ", ".join(
        field for field in inspect.signature(layers.Dense.__init__).parameters if field != "self"
    )
    with pytest.raises(ArgumentError) as caught:
        layers.Dense(8, activaton="relu", input_dim=3, kernel_constraint=None, zzz=1)
    assert [str(problem) for problem in caught.value.problems] == [
        f"Dense: it has no argument 'activaton'; expected some of {known}.\n  Did you mean activation?",
        f"Dense: it has no argument 'input_dim'; expected some of {known}.\n"
        "  Write input_shape=(n,), or begin with Input(shape=(n,)).",
        f"Dense: it has no argument 'kernel_constraint'; expected some of {known}.\n"
        "  Leave it out: there are no constraints; a regularizer is the nearest thing.",
        f"Dense: it has no argument 'zzz'; expected some of {known}.\n  Take it out.",
    ]


def test_a_class_of_one_s_own_may_take_what_it_likes():
    class Mine(layers.Dense):
        def __init__(self, width, **more):
            super().__init__(width, **more)

    assert Mine(width=3, use_bias=False).units == 3


def test_causal_padding_is_for_rows_only():
    assert Conv1D(8, 3, padding="causal").padding == "causal"
    with pytest.raises(ArgumentError, match=r"^Conv2D\.padding: got 'causal'"):
        Conv2D(8, 3, padding="causal")


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_every_layer_takes_the_common_keywords(kind):
    layer = kind(**FIRST[kind], name="mine", trainable=False, input_shape=(28, 28, 1))
    assert (layer.name, layer.trainable, layer.input_shape) == ("mine", False, (28, 28, 1))
    assert repr(layer).endswith("name='mine', trainable=False, input_shape=(28, 28, 1))")
