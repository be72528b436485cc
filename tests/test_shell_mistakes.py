"""What a person tells the shell by mistake, and what the shell says: each text word for word."""

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError

OPTIMIZERS = "SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion, Muon"
LOSSES = (
    "CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy, MeanSquaredError, "
    "MeanAbsoluteError, Huber, Poisson"
)


def small():
    return st.Sequential([st.Input((4,)), layers.Dense(3, activation="softmax")])


def texts(call):
    with pytest.raises(ArgumentError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_compile_tells_all_that_is_wrong_at_once():
    model = small()
    said = texts(lambda: model.compile("adagard", 3, ["accuracy", "AUC"], metrics=["acuracy"], opt=1))
    assert said[:4] == [
        "compile: got opt; expected optimizer, loss, loss_weights, metrics, "
        "weighted_metrics, augment, precision.\n  Correct the name.",
        f"optimizer: 'adagard' is not known; expected one of {OPTIMIZERS}.\n  Did you mean 'adagrad'?",
        f"loss: 3 is not known; expected one of {LOSSES}.\n"
        "  Give one of these names or an object of striate.losses.",
        said[3],
    ]
    assert said[3].startswith("metric: 'acuracy' is not known; expected one of ")
    assert said[3].endswith("Did you mean 'accuracy'?")
    assert said[4:] == [
        "loss_weights: got 'accuracy', 'AUC'; expected a number for each output.\n"
        "  Metrics are given by name: compile(optimizer, loss, metrics=[...])."
    ]
    assert model.optimizer is None


def test_things_that_are_no_callbacks_are_refused_before_training():
    model = small()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 4), np.float32), np.ones((4, 3), np.float32)
    wrong = [st.callbacks.TerminateOnNaN, 3]
    said = [
        "callbacks, item 0: it is the class TerminateOnNaN; expected a callback.\n"
        "  Write TerminateOnNaN(...).",
        "callbacks, item 1: it is of type int; expected a callback with methods such as on_epoch_end.\n"
        "  Give objects of striate.callbacks, or of a class of your own that has such methods.",
    ]
    assert texts(lambda: model.fit(x, y, callbacks=wrong)) == said
    assert texts(lambda: model.evaluate(x, y, callbacks=wrong)) == said
    seen = []
    alone = st.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    model.fit(x, y, callbacks=alone, verbose=0)
    assert seen == [0]


def test_class_weights_are_a_dict():
    model = small()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((4, 4), np.float32), np.zeros(4, int)
    assert texts(lambda: model.fit(x, y, class_weight=[1, 2, 3])) == [
        "class_weight: got a list; expected a dict {class: weight}.\n"
        "  Write for instance dict(enumerate([1.0, 2.0]))."
    ]


def test_a_row_needs_its_brackets():
    assert texts(lambda: st.Sequential(layers.Dense(3))) == [
        "Sequential: got one Dense; expected a list of layers.\n  Write Sequential([...]), with brackets."
    ]


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_an_ending_that_promises_another_format_is_warned_of(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    with pytest.warns(UserWarning, match="it becomes a .striate file") as caught:
        small().save(path)
    assert str(caught[0].message) == (
        f"{path}: it becomes a .striate file; expected an ending that says so.\n"
        "  striate.load reads it whatever its name, Keras does not: end the name with .striate."
    )
    assert st.load(path).count_params() == 15


def test_an_optimizer_s_older_arguments_are_told_their_new_names():
    said = texts(lambda: st.optimizers.Adam(lr=0.1, decay=1e-6))
    assert [text.split("; expected some of ")[0] for text in said] == [
        "Adam: it has no argument 'lr'",
        "Adam: it has no argument 'decay'",
    ]
    assert said[0].endswith("\n  Did you mean learning_rate?")
    assert said[1].endswith("\n  Give learning_rate a schedule such as schedules.InverseTimeDecay.")


def test_what_keras_has_twice_is_here_twice():
    assert layers.Input((4,)).shape == st.Input((4,)).shape
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert st.regularizers.l2(0.5) == st.regularizers.L2(0.5)
    assert st.optimizers.schedules is st.schedules
