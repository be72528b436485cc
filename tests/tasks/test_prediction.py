"""Predictions for picture files: the same answers as for the arrays, whatever the file's size and colour."""

import numpy as np
import pytest
from PIL import Image
from task_fixtures import *  # noqa: F403

import striate as st
from striate.errors import DataError
from striate.images import Preprocessing
from striate.layers import Dense, Flatten, Rescaling
from striate.network import sequential
from striate.tasks import load_trained, make_trained, predict


@pytest.fixture(scope="module")
def digits():
    (_, _), (x, _) = st.datasets.mnist.load_data()
    return x[:4]


@pytest.fixture
def files(tmp_path, digits):
    paths = [tmp_path / f"{number}.png" for number in range(len(digits))]
    for path, digit in zip(paths, digits, strict=True):
        Image.fromarray(digit).save(path)
    return paths


def test_files_give_the_answers_of_their_arrays(finished, files, digits):
    rows = load_trained(finished.folder.path).outputs(digits[..., None])
    for prediction, path, row in zip(predict(finished.folder.path, files, 10), files, rows, strict=True):
        assert prediction.image == str(path)
        assert [chance for _, chance in prediction.top] == sorted(row, reverse=True)
        assert prediction.top[0][0] == str(row.argmax())


def test_larger_coloured_and_inverted_pictures(finished, tmp_path, files, digits):
    large = Image.fromarray(digits[0]).resize((280, 280), Image.Resampling.NEAREST)
    large.convert("RGB").save(tmp_path / "large.png")
    Image.fromarray(255 - digits[0]).save(tmp_path / "ink.png")
    first, colour = predict(finished.folder.path, [files[0], tmp_path / "large.png"], 1)
    assert colour.top[0][0] == first.top[0][0]
    assert predict(finished.folder.path, [tmp_path / "ink.png"], 1, invert=True)[0].top == first.top


def test_every_bad_picture_is_named_at_once(finished, tmp_path, files):
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DataError) as caught:
        predict(finished.folder.path, [files[0], tmp_path / "text.png", tmp_path / "none.png"])
    assert [problem.where for problem in caught.value.problems] == ["text.png", "none.png"]


def test_how_pictures_become_input():
    def model(*layers, shape=(28, 28, 1)):
        return st.Model.from_network(sequential([*layers, Flatten(), Dense(2)], input_shape=shape))

    assert make_trained(model()).preprocessing() == Preprocessing((28, 28), 1, 1 / 255)
    assert make_trained(model(Rescaling(1 / 255))).preprocessing() == Preprocessing((28, 28), 1, 1.0)
    own = model(shape=(8, 9, 3))
    own.preprocessing = Preprocessing(None, 3, 0.5, mean=0.1)
    assert make_trained(own).preprocessing() == Preprocessing((8, 9), 3, 0.5, mean=0.1)
    with pytest.raises(DataError, match=r"its input has the shape \(5,\)"):
        make_trained(model(shape=(5,))).preprocessing()


def test_a_model_without_preprocessing_sees_scaled_pixels(tmp_path, files, digits):
    network = sequential([Flatten(), Dense(10, activation="softmax")], input_shape=(28, 28, 1))
    model = st.Model.from_network(network, seed=3)
    model.save(tmp_path / "plain.striate")
    (prediction,) = predict(tmp_path / "plain.striate", files[:1], 10)
    row = model.predict(digits[:1, ..., None].astype(np.float32) / 255, verbose=0)[0]
    np.testing.assert_allclose([chance for _, chance in prediction.top], np.sort(row)[::-1], rtol=1e-6)


def test_json_is_plain(finished, files):
    (prediction,) = predict(finished.folder.path, files[:1], 2)
    values = prediction.to_json()
    assert values["image"] == str(files[0])
    assert [set(entry) for entry in values["top"]] == [{"class", "probability"}] * 2
