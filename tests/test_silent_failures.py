"""What other tools let pass in silence is loud here, and says it in these words."""

import math

import numpy as np
import pytest

import striate as st
from striate import layers, ops
from striate.errors import ArgumentError, DataError, FormatError, ShapeError
from striate.network import from_json, to_json

CHANNELS_FIRST = (
    "x: got an array of shape (8, 1, 6, 6); expected (N, 6, 6, 1).\n"
    "  Channels first? np.moveaxis(x, 1, -1) puts them last."
)


@pytest.fixture(scope="module")
def classifier():
    model = st.Sequential([st.Input((6, 6, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def pictures(rng_seed=0, number=8):
    return np.random.default_rng(rng_seed).uniform(size=(number, 6, 6, 1)).astype("float32")


def test_a_kernel_larger_than_its_image_is_named_with_its_layer():
    with pytest.raises(ShapeError) as refused:
        _ = st.Sequential([st.Input((3, 3, 1)), layers.Conv2D(4, 5)]).output_shape
    assert str(refused.value) == (
        "conv1: the kernel 5x5 is larger than the image 3x3; expected an image of at least 5x5.\n"
        "  Use a smaller kernel or padding='same'."
    )


def test_the_bare_operation_refuses_it_too():
    with pytest.raises(ShapeError, match="kernel 5x5 is larger than the image 3x3"):
        ops.conv2d(np.zeros((1, 3, 3, 1), "float32"), np.zeros((5, 5, 1, 4), "float32"))


@pytest.mark.parametrize("label", [10, -1])
@pytest.mark.parametrize("door", ["fit", "evaluate"])
def test_a_label_outside_the_classes_is_named_with_its_row(classifier, label, door):
    y = np.arange(8)
    y[5] = label
    with pytest.raises(DataError) as refused:
        getattr(classifier, door)(pictures(), y, verbose=0)
    assert str(refused.value) == (
        f"y: row 5 holds the label {label}; expected whole numbers from 0 to 9 for an output of 10 classes.\n"
        "  Mend the labels, or give the last layer one unit for each class."
    )


@pytest.mark.parametrize("door", ["fit", "evaluate", "predict"])
def test_channels_first_is_recognised(classifier, door):
    arguments = (np.moveaxis(pictures(), -1, 1),) + (() if door == "predict" else (np.arange(8),))
    with pytest.raises((ShapeError, DataError)) as refused:
        getattr(classifier, door)(*arguments, verbose=0)
    assert str(refused.value) == CHANNELS_FIRST


@pytest.mark.parametrize("door", ["fit", "evaluate", "predict"])
def test_raw_bytes_are_refused_where_nothing_scales_them(classifier, door):
    arguments = ((pictures() * 255).astype("uint8"),) + (() if door == "predict" else (np.arange(8),))
    with pytest.raises(DataError) as refused:
        getattr(classifier, door)(*arguments, verbose=0)
    assert str(refused.value) == (
        "x: these are raw uint8 pictures (0 to 255) and nothing in the model scales them; expected a "
        "model.preprocessing or a first Rescaling or Normalization layer, or floats.\n"
        "  Put st.layers.Rescaling(1 / 255) first, or give x.astype('float32') / 255."
    )


def test_raw_bytes_are_scaled_by_the_model_that_says_how():
    raw = (pictures() * 255).astype("uint8")
    body = [layers.Flatten(), layers.Dense(3)]
    scaling = st.Sequential([st.Input((6, 6, 1)), layers.Rescaling(1 / 255), *body], seed=3)
    plain = st.Sequential([st.Input((6, 6, 1)), *body], seed=3)
    plain.set_weights(scaling.get_weights())
    np.testing.assert_allclose(
        scaling.predict(raw, verbose=0), plain.predict(raw.astype("float32") / 255, verbose=0), rtol=1e-5
    )


def test_a_product_of_sizes_cannot_overflow():
    wide = st.Sequential([st.Input((2**20, 2**20, 1)), layers.Flatten(), layers.Dense(2**30)])
    assert wide.count_params() == 2**70 + 2**30 == math.prod((2**20, 2**20, 2**30)) + 2**30


def test_an_architecture_with_a_key_twice_or_a_nan_is_refused():
    text = to_json(st.Sequential([st.Input((6, 6, 1)), layers.Rescaling(0.5)], name="tiny").network)
    with pytest.raises(FormatError, match="twice"):
        from_json(text.replace('"name"', '"name": "other", "name"', 1))
    with pytest.raises(FormatError, match="NaN"):
        from_json(text.replace("0.5", "NaN"))


def test_a_layer_called_on_an_array_says_what_to_do():
    with pytest.raises(ArgumentError) as refused:
        layers.Conv2D(8, 3)(np.zeros((1, 8, 8, 1), "float32"))
    assert str(refused.value) == (
        "Conv2D: it was called on a ndarray; expected a symbol made by st.Input.\n"
        "  A layer holds no weights: put it in st.Sequential([...]) and call the model on arrays."
    )
