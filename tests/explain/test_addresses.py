"""Addresses: texts and what they mean, whatever layers are called, and what is said of wrong ones."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from striate import layers as L
from striate.errors import ArgumentError, DataError
from striate.explain import Address, Numbers, at
from striate.explain.addresses.address import Span, places, settled
from striate.models import Input, Model, Sequential

ENDS = some.none() | some.integers(-9, 9)
STEPS = some.none() | some.sampled_from([-2, -1, 1, 2])
ENTRIES = some.integers(-9, 9) | some.builds(Span, ENDS, ENDS, STEPS)
INDICES = some.none() | some.lists(ENTRIES, min_size=1, max_size=4).map(tuple)
PATHS = some.text(some.sampled_from("abc. _[]/@1é"), min_size=1, max_size=12).map("{}/output".format)


@given(PATHS, some.booleans(), INDICES, some.none() | some.integers(0, 999))
def test_a_text_and_its_address_are_inverse(path, grad, index, step):
    address = Address(path, grad, index, step)
    assert Address.parse(str(address)) == address
    assert hash(Address.parse(str(address))) == hash(address)


@given(some.lists(ENTRIES, max_size=3))
def test_settling_changes_the_words_and_not_the_numbers(index):
    numbers = np.arange(5 * 4 * 6).reshape(5, 4, 6)
    address = Address("a/output", index=tuple(index) or None)
    try:
        meant = numbers[address.key]
    except IndexError:
        return
    if meant.size:
        again = settled(address, numbers.shape)
        np.testing.assert_array_equal(numbers[again.key], meant)
        np.testing.assert_array_equal(numbers[tuple(places(again, numbers.shape).T)], meant.ravel())


@pytest.fixture(scope="module")
def odd():
    """A network whose layers are named like parts of addresses."""
    x = Input((6, 6, 2), name="pic")
    y = L.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(x)
    y = L.BatchNormalization(name="my norm.v2")(y)
    y = L.Conv2D(4, 3, padding="same", name="block[2]")(y)
    y = L.Conv2D(4, 3, padding="same", name="a.grad")(y)
    y = L.Dropout(0.5, name="loss")(L.Conv2D(4, 3, padding="same", name="output")(y))
    inner = [Input((6, 6, 4)), L.Conv2D(2, 3, name="output"), L.Activation("relu", name="act")]
    y = L.Flatten(name="@step=1")(Sequential(inner, name="base")(y))
    model = Model(x, L.Dense(3, activation="softmax", name="dense1")(y))
    model.compile(loss="sparse_categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(5).normal(size=(2, 6, 6, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def numbers(odd, x):
    return Numbers(odd, x)


MEANT = {
    "conv1": "conv1/output",
    "conv1[0, -1]": "conv1/output[0,5]",
    "conv1/output[:,1:5:2,:,:]": "conv1/output[:,1:4:2]",
    "conv1/weights[0,1,1,2]": "conv1/kernel[0,1,1,2]",
    "my norm.v2[0,0,0,-1]": "my norm.v2/output[0,0,0,3]",
    "my norm.v2/weights": "my norm.v2/gamma",
    "my norm.v2/moving_mean[3]": "my norm.v2/moving_mean[3]",
    "block[2]": "block[2]/output",
    "block[2][0,0,0,0]": "block[2]/output[0,0,0,0]",
    "block[2]/kernel.grad[0,0,0,0]": "block[2]/kernel.grad[0,0,0,0]",
    "a.grad": "a.grad/output",
    "a.grad.grad[0]": "a.grad/output.grad[0]",
    "a.grad/output.grad[0]": "a.grad/output.grad[0]",
    "output[0]": "output/output[0]",
    "output/output[0]": "output/output[0]",
    "@step=1[0,2]": "@step=1/output[0,2]",
    "base/output[1]": "base/output/output[1]",
    "base/output/kernel[1]": "base/output/kernel[1]",
    "base[0]": "base/act/output[0]",
    "base/input1[0]": "loss/output[0]",
    "loss[0]": "loss/output[0]",
    "input[0,1,1,1]": "pic[0,1,1,1]",
    "input/output.grad": "pic.grad",
    "pic.grad[0]": "pic.grad[0]",
    "score": "score",
}


@pytest.mark.parametrize(("text", "meant"), MEANT.items())
def test_every_number_is_found_whatever_its_layer_is_called(numbers, text, meant):
    assert str(numbers.find(text)) == meant
    assert str(numbers.find(meant)) == meant


def test_the_loss_is_the_loss_even_beside_a_layer_of_that_name(odd, x):
    asked = Numbers(odd, x, np.array([0, 2]))
    assert str(asked.find("loss")) == "loss"
    assert str(asked.find("loss/output[0]")) == "loss/output[0]"
    assert asked.at("target[1]").value == 2


KNOWN = (
    "pic, conv1, my norm.v2, block[2], a.grad, output, loss, base/input1, base/output, base/act, base, "
    "@step=1 and 1 more"
)
WRONG = {
    "covn1/output[0]": f"covn1/output[0]: there is no layer 'covn1'; expected one of {KNOWN}.\n"
    "  Did you mean 'conv1'?",
    "who/is/that": f"who/is/that: there is no layer 'who/is/that'; expected one of {KNOWN}.\n"
    "  model.summary() shows the layers.",
    "conv1/kernal[0]": "conv1/kernal[0]: conv1 has no 'kernal'; expected output, bias, kernel, "
    "preactivation, weights.\n  Did you mean 'kernel'?",
    "base/ouptut": "base/ouptut: base has no 'ouptut'; expected output, input1, act.\n"
    "  Did you mean 'output'?",
    "conv1/output[5,0,9,-7]": "3 problems:\n"
    "1. conv1/output[5,0,9,-7]: 5 on axis 0 is out of range; expected 0 to 1, or -2 to -1.\n"
    "  The numbers have shape (2, 6, 6, 4).\n"
    "2. conv1/output[5,0,9,-7]: 9 on axis 2 is out of range; expected 0 to 5, or -6 to -1.\n"
    "  The numbers have shape (2, 6, 6, 4).\n"
    "3. conv1/output[5,0,9,-7]: -7 on axis 3 is out of range; expected 0 to 3, or -4 to -1.\n"
    "  The numbers have shape (2, 6, 6, 4).",
    "conv1/output[0,0,0,0,0]": "conv1/output[0,0,0,0,0]: the index has 5 axes and the numbers have shape "
    "(2, 6, 6, 4); expected at most 4 axes.\n  Leave axes out at the end to mean them whole.",
    "conv1/output[a,1.5]": "conv1/output[a,1.5]: the index holds 'a', '1.5'; expected whole numbers and "
    "slices.\n  Write for instance [0,5,3,7] or [0,:,2:5,-1].",
    "conv1/output[x]@step=y": "2 problems:\n"
    "1. conv1/output[x]@step=y: the index holds 'x'; expected whole numbers and slices.\n"
    "  Write for instance [0,5,3,7] or [0,:,2:5,-1].\n"
    "2. conv1/output[x]@step=y: the step is 'y'; expected a whole number of at least 0.\n"
    "  Write for instance @step=120.",
    "conv1/output[0,1:1]": "conv1/output[0,1:1]: 1:1 takes nothing of axis 1, which has 6; expected a slice "
    "of at least one number.\n  The numbers have shape (2, 6, 6, 4).",
    "conv1/output[9]@step=12": "2 problems:\n"
    "1. conv1/output[9]@step=12: there is no recorded run; expected a recording.\n"
    "  Give recording=striate.explain.open_recording(path), or leave @step out.\n"
    "2. conv1/output[9]@step=12: 9 on axis 0 is out of range; expected 0 to 1, or -2 to -1.\n"
    "  The numbers have shape (2, 6, 6, 4).",
    "conv1/output[0": "conv1/output[0: its index is not closed; expected a ] at its end.\n"
    "  Write for instance [0,5,3,7].",
    "my norm.v2/mean[0]": "my norm.v2/mean[0]: my norm.v2 has no 'mean'; expected output, beta, gamma, "
    "moving_mean, moving_variance, weights.\n"
    "  At inference 'moving_mean' is used; give train=True for that of the batch.",
    "loss/mask": "loss/mask: loss has no 'mask'; expected output.\n"
    "  It is there only in training: give train=True.",
    "my norm.v2/moving_mean.grad[9]": "2 problems:\n"
    "1. my norm.v2/moving_mean.grad[9]: no gradient reaches my norm.v2/moving_mean; expected an input, an "
    "activation or a trainable weight.\n"
    "  Running statistics, frozen weights, masks, targets and the loss itself have none.\n"
    "2. my norm.v2/moving_mean.grad[9]: 9 on axis 0 is out of range; expected 0 to 3, or -4 to -1.\n"
    "  The numbers have shape (4,).",
    "target[0]": "target[0]: there is no target without targets; expected targets.\n"
    "  Give them as y: at(model, address, x, y).",
    "": "address: got ''; expected an address as text.\n  Write for instance 'conv2/output[0,5,3,7]'.",
    7: "address: got 7; expected an address as text.\n  Write for instance 'conv2/output[0,5,3,7]'.",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=map(str, WRONG))
def test_what_is_wrong_is_said_all_at_once(numbers, text, message):
    with pytest.raises(ArgumentError) as refused:
        numbers.at(text)
    assert str(refused.value) == message


def test_with_targets_there_is_no_score(odd, x):
    with pytest.raises(ArgumentError) as refused:
        at(odd, "score", x, np.array([0, 1]))
    assert str(refused.value) == (
        "score: with targets gradients are of the loss; expected 'loss', or no targets.\n"
        "  Leave y out for gradients of the winning score."
    )


GOALS = [
    (
        {"y": [0, 7]},
        DataError,
        "y: row 1 holds the label 7; expected whole numbers from 0 to 2 for an output of 3 classes.\n"
        "  Mend the labels, or give the last layer one unit for each class.",
    ),
    (
        {"y": [0]},
        DataError,
        "y: it has 1 examples and x has 2; expected one for each example of x.\n  Pair them up again.",
    ),
    (
        {"loss": "mse"},
        ArgumentError,
        "loss: it was given without y; expected both.\n  Give the targets as y.",
    ),
    (
        {"y": [0, 1], "target": 1},
        ArgumentError,
        "target: it was given beside y; expected one of the two.\n"
        "  Leave y out for the gradient of a score, or target for that of the loss.",
    ),
    (
        {"target": 3},
        ArgumentError,
        "target: got 3; expected a whole number from 0 to 2, or one for each example.\n"
        "  Name a class of the output.",
    ),
    (
        {"x": None},
        ArgumentError,
        "x: nothing was given; expected an array (N, ...).\n"
        "  Give the examples whose numbers are meant, or recording=… and @step=….",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), GOALS)
def test_goals_that_do_not_fit_are_refused(odd, x, arguments, kind, message):
    given = {"x": x, **{n: np.array(v) if n == "y" else v for n, v in arguments.items()}}
    with pytest.raises(kind) as refused:
        at(odd, "conv1/output.grad[0]", **given)
    assert str(refused.value) == message


def test_a_model_that_is_not_compiled_has_no_loss(x):
    model = Sequential([Input((6, 6, 2)), L.Flatten(), L.Dense(2)])
    with pytest.raises(ArgumentError) as refused:
        at(model, "loss", x, np.array([0, 1]))
    assert str(refused.value) == (
        "loss: y was given and the model is not compiled; expected a loss to compare with.\n"
        "  Compile the model, or give for instance loss='sparse_categorical_crossentropy'."
    )


def test_the_statistics_of_a_batch_and_masks_are_there_in_training(odd, x):
    asked = Numbers(odd, x, train=True, key=jax.random.key(0))
    before = asked.at("conv1/output[:,:,:,2]").value
    assert asked.at("my norm.v2/mean[2]").value == pytest.approx(before.mean(), rel=1e-6)
    assert asked.at("my norm.v2/variance[2]").value == pytest.approx(before.var(), rel=1e-5)
    assert set(np.unique(asked.at("loss/mask").value)) == {0.0, 2.0}


def test_one_example_and_its_target_may_come_without_a_batch(odd, x):
    one = at(odd, "loss", x[0], 2).value
    assert one == at(odd, "loss", x[:1], np.array([2])).value
