"""Every warning fires where it should, says so word for word, and keeps quiet where it should."""

import pytest

from striate.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    ReLU,
    Softmax,
    ZeroPadding2D,
)
from striate.network import Input, InputSpec, Network, Node, graph, sequential


def found(network: Network) -> list[str]:
    return [f"{problem.severity} {problem}" for problem in network.check()]


def row(*layers, shape=(12, 12, 1)) -> list[str]:
    return found(sequential(layers, shape))


WARNINGS = {
    "heavy dense": (
        [Conv2D(8, 3, activation="relu"), Flatten(), Dense(128, activation="relu"), Dense(10)],
        "warning dense1: it holds 98.7% of the 103,898 weights; expected less than 90% in one dense layer.\n"
        "  Shrink the map before Flatten with pooling or strides, or use GlobalAveragePooling2D.",
    ),
    "kernel on padding": (
        [MaxPooling2D(6), Conv2D(8, 3, padding="same")],
        "warning conv1: 56% of what its 3x3 kernel sees on the 2x2 map are zeros of the padding; "
        "expected a kernel that sees mostly the map.\n"
        "  Use padding='valid', a smaller kernel, or shrink the map less before.",
    ),
    "padding and nothing else": (
        [Conv2D(8, 3, padding=3)],
        "warning conv1: 60 of its 256 positions see nothing but padding; expected "
        "positions that see the map.\n"
        "  Pad by less than the size of the kernel.",
    ),
    "rows dropped by pooling": (
        [MaxPooling2D(5)],
        "warning pool1: no window reaches the last 2 of 12 rows and the last 2 of 12 columns; "
        "expected windows that cover the map.\n  Use edges='keep' or padding='same'.",
    ),
    "columns dropped by a convolution": (
        [Conv2D(8, 4, strides=(1, 4)), Conv2D(8, (1, 2), strides=(1, 2), activation="relu")],
        "warning conv2: no window reaches the last of 3 columns; expected windows that cover the map.\n"
        "  Use padding='same'.",
    ),
    "narrow view": (
        [Conv2D(8, 3, activation="relu"), Conv2D(10, 3, strides=2), GlobalAveragePooling2D()],
        "warning pool1: each position it pools sees 5x5 of the 12x12 image; "
        "expected a receptive field as large as the image.\n"
        "  Add layers, strides, dilation or larger kernels before it.",
    ),
    "softmax and relu": (
        [Flatten(), Dense(10, activation="softmax"), ReLU()],
        "warning relu1: it applies relu to the probabilities that 'dense1' made with "
        "softmax; expected one activation.\n"
        "  Leave one of the two out.",
    ),
    "softmax and softmax": (
        [Flatten(), Dense(10, activation="softmax"), Activation("softmax")],
        "warning activation1: it applies softmax to the probabilities that 'dense1' made with softmax; "
        "expected one activation.\n  Leave one of the two out.",
    ),
    "hidden softmax": (
        [Flatten(), Dense(10), Softmax(), Dense(2)],
        "warning softmax1: its softmax feeds 'dense2'; expected softmax at the end only.\n"
        "  Use relu between layers; softmax makes units share 1 and starves their gradients.",
    ),
    "softmax over one": (
        [Flatten(), Dense(1, activation="softmax")],
        "warning dense1: softmax over a single unit is always 1; expected at least 2 units.\n"
        "  Use activation='sigmoid' for one unit, or one unit for each class.",
    ),
    "relu at the end": (
        [Flatten(), Dense(2, activation="relu")],
        "warning dense1: the network ends in relu, which stops learning wherever it gives 0; "
        "expected an ending whose gradient does not vanish.\n"
        "  Leave the activation out, or use softmax, sigmoid or softplus.",
    ),
    "nothing between": (
        [Conv2D(2, 3), BatchNormalization(), Dropout(0.5), Flatten(), Dense(2)],
        "warning conv1: no activation lies between it and 'dense1'; "
        "expected something nonlinear between two linear layers.\n"
        "  Give it activation='relu', or leave one of the two out.",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_say_what_is_unwise(name):
    layers, expected = WARNINGS[name]
    assert expected in row(*layers)


QUIET = {
    "a good convnet": [
        *(Conv2D(8, 3, activation="relu"), MaxPooling2D(), Flatten()),
        *(Dense(8, activation="relu"), Dense(10, activation="softmax")),
    ],
    "logistic regression has nothing lighter": [Flatten(), Dense(1000, activation="softmax")],
    "a tenth of the map may be dropped": [MaxPooling2D((11, 12))],
    "kept edges drop nothing": [MaxPooling2D(5, edges="keep")],
    "a 1x1 convolution with a stride means to skip": [Conv2D(8, 1, strides=3)],
    "explicit margins are meant": [ZeroPadding2D(9)],
    "the mean of pooling leaves padding out": [AveragePooling2D(12, padding="same")],
    "a deconvolution has its own border": [Conv2DTranspose(8, 5, padding="same")],
    "global pooling over a wide view": [Conv2D(8, 7, activation="relu"), Conv2D(8, 6), GlobalMaxPooling2D()],
    "norm and relu between": [Conv2D(8, 3), BatchNormalization(), ReLU(), Flatten(), Dense(2)],
    "linear is no activation to apply twice": [
        Flatten(),
        Dense(9, activation="softmax"),
        Activation("linear"),
    ],
}


@pytest.mark.parametrize("name", QUIET)
def test_checks_keep_quiet_about_sound_networks(name):
    assert row(*QUIET[name]) == []


def test_channels_first_are_recognized():
    assert row(Conv2D(4, 3), shape=(3, 32, 24)) == [
        "warning input1: shape (3, 32, 24) looks like channels, height, width; expected "
        "height, width, channels.\n"
        "  Write shape (32, 24, 3), and transpose the pictures likewise."
    ]
    assert row(Conv2D(4, 3), shape=(32, 24, 3)) == []
    assert row(Conv2D(4, (1, 3)), shape=(1, 32, 4)) == []


def test_features_that_are_no_picture_may_be_heavy():
    assert row(Dense(512, activation="relu"), Dense(10, activation="softmax"), shape=(784,)) == []


def test_rows_of_sound_are_positions():
    assert row(Conv1D(2, 4, strides=4), shape=(7, 1)) == [
        "warning conv1: no window reaches the last 3 of 7 positions; expected windows that cover the map.\n"
        "  Use padding='same'."
    ]


def test_warnings_come_in_the_order_of_the_layers_behind_the_errors():
    image = Input((12, 12, 1))
    network = graph(
        image,
        [
            Conv2D(2, 13, name="too_large")(image),
            Dense(1, activation="softmax", name="one")(Flatten()(MaxPooling2D(5)(image))),
        ],
    )
    assert [(problem.severity, problem.where) for problem in network.check()] == [
        ("error", "too_large"),
        ("warning", "pool1"),
        ("warning", "one"),
    ]


def test_shares_of_the_weights_wait_until_all_are_known():
    image = Input((12, 12, 1))
    heavy = Dense(100)(Flatten()(Conv2D(1, 3, activation="relu")(image)))
    assert [problem.where for problem in graph(image, heavy).check()] == ["dense1"]
    assert [problem.where for problem in graph(image, [heavy, Conv2D(1, 13)(image)]).check()] == ["conv2"]


def test_everything_wrong_with_two_branches_is_told_at_once():
    image = Input((12, 12, 3))
    small, large = Conv2D(4, 5)(image), Conv2D(4, 3)(image)
    network = graph(
        image,
        [
            Add(name="sum")([small, large]),
            Conv2D(4, 13, name="wide")(image),
            Dense(2)(Conv2D(4, 2)(Flatten()(image))),
        ],
    )
    assert found(network) == [
        "error sum: the inputs have shapes (8, 8, 4), (10, 10, 4); "
        "expected equal shapes (an axis of size 1 is repeated).\n"
        "  Bring them to one shape first, for instance with padding='same', strides or Conv2D(filters, 1).",
        "error wide: the kernel 13x13 is larger than the image 12x12; expected an image of at least 13x13.\n"
        "  Use a smaller kernel or padding='same'.",
        "error conv3: the input (432,) has 1 axis; expected 3 axes, (height, width, channels).\n"
        "  Put this layer before Flatten or Dense, or bring the axes back with Reshape.",
    ]


def test_a_branch_that_leads_nowhere_is_told_with_its_path():
    spec = (InputSpec("x", (4,)),)
    base = Network(
        spec, (Node("used", Dense(2), ("x",), "used"), Node("loose", Dense(2), ("x",), "loose")), ("used",)
    )
    network = sequential([base], (4,))
    assert found(network) == [
        "error network1/loose: no output depends on it; expected a layer that leads to an output.\n"
        "  Connect its branch to an output, or leave it out."
    ]


def test_a_layer_that_takes_one_input_is_told_about_two():
    one, two = Input((4,)), Input((4,))
    block = sequential([Dense(2)], (4,), name="block")
    assert found(graph([one, two], [Dense(2)([one, two]), block([one, two])])) == [
        "error dense1: it got 2 inputs; expected one input.\n"
        "  Join them first, for instance with Concatenate or Add.",
        "error block: it is called on 2 inputs; expected 1 input.\n"
        "  Join several inputs first, with Concatenate or Add.",
    ]


@pytest.mark.parametrize(("channels", "told"), [(4, []), (24, ["no activation lies between it and 'wide'"])])
def test_a_linear_bottleneck_is_no_mistake(channels, told):
    first, middle = Conv2D(16, 3, activation="relu", name="first"), Conv2D(channels, 1, name="middle")
    layers = [
        first,
        middle,
        Conv2D(16, 1, activation="relu", name="wide"),
        Flatten(),
        Dense(2, activation="softmax"),
    ]
    found = sequential(layers, input_shape=(5, 5, 3)).check()
    assert [problem.happened for problem in found if "no activation" in problem.happened] == told
