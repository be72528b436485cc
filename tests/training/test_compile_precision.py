"""`compile(precision=...)`: what it changes, what it leaves alone, and that it is remembered."""

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError
from striate.training.callbacks import BackupAndRestore


def model_for(precision="float32", **more):
    parts = [
        st.Input((8, 8, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    ]
    model = st.Sequential(parts, seed=3)
    model.compile(st.optimizers.SGD(0.1), "sparse_categorical_crossentropy", precision=precision, **more)
    return model


def data(count=96):
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 4, count)
    corners = np.zeros((count, 8, 8, 1), np.float32)
    for picture, which in zip(corners, classes, strict=True):
        picture[4 * (which // 2) :, 4 * (which % 2) :][:4, :4] = 1
    return corners + rng.normal(0, 0.2, corners.shape).astype(np.float32), classes


def test_answers_and_training_differ_by_the_rounding_and_learn_alike():
    x, y = data()
    exact, half = model_for(), model_for("bfloat16")
    difference = np.abs(exact.predict(x) - half.predict(x)).max()
    assert 1e-6 < difference < 1e-2
    losses = [model.fit(x, y, epochs=12, verbose=0, seed=0).history["loss"][-1] for model in (exact, half)]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[0] != losses[1]
    assert half.evaluate(x, y, verbose=0) == pytest.approx(losses[1], rel=0.2)
    assert all(array.dtype == np.float32 for array in half.get_weights())


def test_compiling_again_changes_the_answers_back():
    x, _ = data(8)
    model = model_for()
    before = model.predict(x)
    model.compile("sgd", "sparse_categorical_crossentropy", precision="bfloat16")
    assert np.any(model.predict(x) != before)
    assert model.precision == "bfloat16"
    model.compile("sgd", "sparse_categorical_crossentropy")
    np.testing.assert_array_equal(model.predict(x), before)


def test_it_is_saved_and_goes_over_to_a_twin(tmp_path):
    x, _ = data(8)
    model = model_for("bfloat16")
    model.save(tmp_path / "half.striate")
    loaded = st.models.load_model(tmp_path / "half.striate")
    assert loaded.precision == model.twin().precision == "bfloat16"
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_a_training_in_another_precision_is_not_gone_on_with(tmp_path):
    x, y = data()
    backup = tmp_path / "backup.striate"

    class Enough(Exception):
        pass

    def stop(epoch, logs):
        raise Enough

    callbacks = [BackupAndRestore(backup, save_freq=1), st.callbacks.LambdaCallback(on_epoch_end=stop)]
    with pytest.raises(Enough):
        model_for().fit(x, y, epochs=2, verbose=0, callbacks=callbacks, seed=0)
    with pytest.raises(Exception, match="its precision differs"):
        model_for("bfloat16").fit(x, y, epochs=2, verbose=0, callbacks=[BackupAndRestore(backup)], seed=0)


def test_a_precision_that_there_is_not_is_refused_with_all_that_is_wrong():
    with pytest.raises(ArgumentError) as caught:
        model_for("float16", metrics=["acuracy"])
    assert "precision: the precision is 'float16'; expected one of float32, bfloat16." in str(caught.value)
    assert "acuracy" in str(caught.value)
