"""Shape rules: what does not fit is refused with layer, numbers and cure; counts to check by hand."""

import json
import math
from pathlib import Path

import pytest

import striate.layers as layers
from striate.errors import ArgumentError, ShapeError
from striate.layers import Conv1D, Conv2D, Dense, MaxPooling2D

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())

REFUSED = [
    (
        (Conv2D(8, 5, name="conv1"), (4, 3, 1)),
        "conv1: the kernel 5x5 is larger than the image 4x3; expected an image of at least 5x5.\n"
        "  Use a smaller kernel or padding='same'.",
    ),
    (
        (Conv2D(8, 3, dilation_rate=3), (5, 9, 1)),
        "conv: the kernel 3x3 (dilated to 7x7) is larger than the image 5x9; "
        "expected an image of at least 7x7.\n"
        "  Use a smaller kernel or padding='same'.",
    ),
    (
        (MaxPooling2D(3), (2, 2, 16)),
        "pool: the window 3x3 is larger than the image 2x2; expected an image of at least 3x3.\n"
        "  Use a smaller window or padding='same'.",
    ),
    (
        (Conv1D(8, 5), (4, 1)),
        "conv: the kernel 5 is larger than the row of length 4; expected a length of at least 5.\n"
        "  Use a smaller kernel or padding='same'.",
    ),
    (
        (Conv2D(8, 3), (28, 28)),
        "conv: the input (28, 28) has 2 axes; expected 3 axes, (height, width, channels).\n"
        "  Add a channel axis, for instance with Reshape((28, 28, 1)).",
    ),
    (
        (Conv2D(8, 3), (784,)),
        "conv: the input (784,) has 1 axis; expected 3 axes, (height, width, channels).\n"
        "  Put this layer before Flatten or Dense, or bring the axes back with Reshape.",
    ),
    (
        (Conv2D(8, 3), (32, 28, 28, 1)),
        "conv: the input (32, 28, 28, 1) has 4 axes; expected 3 axes, (height, width, channels).\n"
        "  Leave the batch axis out of shapes, and check how many axes the data has.",
    ),
    (
        (Conv1D(8, 3), (28, 28, 1)),
        "conv: the input (28, 28, 1) has 3 axes; expected 2 axes, (length, channels).\n"
        "  Leave the batch axis out of shapes, and check how many axes the data has.",
    ),
    (
        (Conv2D(8, 3, groups=4), (9, 9, 6)),
        "conv: 6 channels cannot be split into 4 equal groups; expected a multiple of 4 channels.\n"
        "  Change groups or the layer before.",
    ),
    (
        (layers.Conv2DTranspose(8, 2, padding=1), (1, 1, 3)),
        "deconv: padding ((1, 1), (1, 1)) leaves an output of 0x0; expected at least 1 on every axis.\n"
        "  Use less padding.",
    ),
    (
        (Dense(3), ()),
        "dense: the input () has no axis; expected at least one axis.\n"
        "  Give each example at least one number, for instance with Reshape((1,)).",
    ),
    (
        (layers.Reshape((7, 7, 2)), (100,)),
        "reshape: the input (100,) has 100 numbers, the target (7, 7, 2) has 98; "
        "expected the same number of them.\n"
        "  Change target_shape or the layer before.",
    ),
    (
        (layers.Reshape((7, -1)), (100,)),
        "reshape: the input (100,) has 100 numbers, the target (7, -1) has 7; expected a multiple of 7.\n"
        "  Change target_shape or the layer before.",
    ),
    (
        (layers.Permute((2, 1)), (3, 4, 5)),
        "permute: the input (3, 4, 5) has 3 axes and dims (2, 1) has 2; expected as many as the input has.\n"
        "  Change dims.",
    ),
    (
        (layers.RepeatVector(2), (3, 4)),
        "repeat: the input (3, 4) has 2 axes; expected one axis.\n  Put Flatten before it.",
    ),
    (
        (layers.Cropping2D(2), (4, 9, 3)),
        "crop: nothing is left of (4, 9, 3); expected at least 1 on every axis.\n"
        "  Crop less, or pad the picture before.",
    ),
    (
        (layers.Add(), (3, 2, 4), (3, 2, 5), (3, 3, 4)),
        "add: the inputs have shapes (3, 2, 4), (3, 2, 5), (3, 3, 4); expected equal shapes "
        "(an axis of size 1 is repeated).\n"
        "  Bring them to one shape first, for instance with padding='same', strides or Conv2D(filters, 1).",
    ),
    (
        (layers.Multiply(), (3, 2, 4), (4,)),
        "multiply: the inputs have shapes (3, 2, 4), (4,); "
        "expected equal shapes (an axis of size 1 is repeated).\n"
        "  Bring them to one shape first, for instance with padding='same', strides or Conv2D(filters, 1).",
    ),
    (
        (layers.Add(), (3, 2, 4)),
        "add: it got 1 input; expected at least two.\n  Call it on a list: Add()([a, b]).",
    ),
    (
        (layers.Subtract(), (3,), (3,), (3,)),
        "subtract: it got 3 inputs; expected exactly two.\n  Call it on a list: Subtract()([a, b]).",
    ),
    (
        (layers.Concatenate(), (3, 2, 4), (3, 3, 4)),
        "concat: the inputs have shapes (3, 2, 4), (3, 3, 4); expected shapes that differ only on axis -1.\n"
        "  Bring them to one shape first, for instance with padding='same', strides or Conv2D(filters, 1).",
    ),
    (
        (Dense(3), (4,), (5,)),
        "dense: it got 2 inputs; expected one input.\n"
        "  Join them first, for instance with Concatenate or Add.",
    ),
    (
        (layers.Softmax(axis=3), (4, 5)),
        "softmax: the input (4, 5) has no axis 3 (with the batch axis, it has 3); "
        "expected an axis of the input.\n"
        "  Choose another axis; -1 is the channels.",
    ),
    (
        (layers.BatchNormalization(axis=-4), (4, 5, 6)),
        "norm: the input (4, 5, 6) has no axis -4 (with the batch axis, it has 4); "
        "expected an axis of the input.\n"
        "  Choose another axis; -1 is the channels.",
    ),
    (
        (layers.PReLU(shared_axes=(1, 4)), (4, 5)),
        "prelu: the input (4, 5) has no axis 4; expected shared_axes up to 2.\n  Count the axes from 1.",
    ),
    (
        (layers.Dropout(0.5, noise_shape=(None, 1)), (4, 5)),
        "dropout: noise_shape (None, 1) does not cover the input (4, 5); expected 1, None or the size itself "
        "for each axis.\n  Count the batch axis as the first one.",
    ),
    (
        (layers.Rescaling([1, 2, 3]), (28, 28, 1)),
        "rescale: scale has shape (3,) for the input (28, 28, 1); "
        "expected one number, or one for each channel.\n"
        "  Change scale.",
    ),
    (
        (layers.Normalization(mean=[1, 2], variance=[1, 2]), (28, 28, 3)),
        "normalize: mean has shape (2,) for the input (28, 28, 3) and axis (-1,); "
        "expected one number or shape (3,).\n"
        "  Adapt it to data of this shape.",
    ),
]


@pytest.mark.parametrize(("case", "text"), REFUSED, ids=str)
def test_shapes_that_do_not_fit_are_refused(case, text):
    layer, *inputs = case
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(*inputs)
    assert str(caught.value) == text


def test_a_normalization_without_statistics_is_refused():
    with pytest.raises(ArgumentError) as caught:
        layers.Normalization(name="scale").output_shape((28, 28, 1))
    assert str(caught.value) == (
        "scale: it has no statistics yet; expected a mean and a variance.\n"
        "  Use layer = layer.adapt(data), which returns a new layer, or give mean and variance."
    )


@pytest.mark.parametrize("case", EXAMPLES["shapes"][0]["cases"], ids=str)
def test_sizes_of_the_worked_examples(case):
    conv = Conv2D(1, case["F"], strides=case["S"], padding=case["P"])
    assert conv.output_shape((case["W"], case["W"], 1)) == (case["out"], case["out"], 1)


def test_zero_padding_of_the_worked_examples():
    padded = [layers.ZeroPadding2D(by).output_shape((32, 32, 3))[0] for by in (1, 2)]
    assert padded == EXAMPLES["shapes"][1]["out"]


def parameters(layer, shape):
    """How many numbers the weights of a layer hold."""
    return sum(math.prod(weight.shape) for weight in layer.weights(shape).values())


def test_counts_of_the_worked_examples():
    counts = {entry["name"]: entry for entry in EXAMPLES["counts"]}
    known = "weights_and_biases"
    assert parameters(Dense(25), (49,)) == counts["dense 7x7 input to 25 units"][known]
    assert parameters(Conv2D(1, 3), (9, 9, 1)) == counts["one 3x3 filter with bias"][known]
    assert parameters(Conv2D(1, 5), (9, 9, 3)) == counts["one 5x5x3 filter with bias"][known]
    assert parameters(Dense(1), (32 * 32 * 3,)) == counts["one dense unit on 32x32x3 with bias"][known]
    wide = Dense(100, use_bias=False)
    assert (
        parameters(wide, (200 * 200 * 3,)) == counts["200x200x3 to 100 dense units, weights only"]["weights"]
    )
    huge = counts["400x400x3 to 480000 dense units, about"]["weights_about"]
    assert parameters(Dense(480_000), (480_000,)) == pytest.approx(huge, rel=0.01)
    edge, dense, sparse = (counts[name] for name in counts if name.startswith("320x280"))
    kernel = Conv2D(1, (1, 2), use_bias=False)
    assert parameters(kernel, (280, 320, 1)) == edge["stored_floats"]
    out = kernel.output_shape((280, 320, 1))
    assert out == (280, 319, 1)
    assert 2 * math.prod(out) * 3 // 2 == edge["muls_and_adds"] == sparse["muls_and_adds"]
    assert kernel.macs((280, 320, 1)) == sparse["stored_floats"]
    matrix = Dense(math.prod(out), use_bias=False)
    assert parameters(matrix, (280 * 320,)) == dense["stored_floats"]
    assert 2 * matrix.macs((280 * 320,)) > dense["muls_and_adds_more_than"]


def test_multiplications_are_counted():
    image = (28, 28, 8)
    assert Conv2D(16, 3).macs(image) == 26 * 26 * 16 * 9 * 8
    assert Conv2D(16, 3, groups=4).macs(image) == 26 * 26 * 16 * 9 * 2
    assert layers.DepthwiseConv2D(3, depth_multiplier=2).macs(image) == 26 * 26 * 16 * 9
    assert layers.SeparableConv2D(16, 3).macs(image) == 26 * 26 * (8 * 9 + 8 * 16)
    assert layers.Conv2DTranspose(16, 3, strides=2).macs(image) == 28 * 28 * 8 * 9 * 16
    assert layers.LocallyConnected2D(16, 3).macs(image) == 26 * 26 * 16 * 9 * 8
    assert Dense(10).macs((5, 64)) == 5 * 64 * 10
    assert MaxPooling2D().macs(image) == layers.Flatten().macs(image) == 0
