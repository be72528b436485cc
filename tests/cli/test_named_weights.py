"""Names of trained weights where a network or a model may stand, as a person types them."""

import contextlib
import io

import pytest

from striate import datasets
from striate.applications import pretrained
from striate.cli import main
from striate.images import Preprocessing
from striate.layers import Dense, Flatten
from striate.models import Model
from striate.network import sequential


def run(*words):
    output, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as left,
    ):
        main(words)
    return left.value.code, output.getvalue(), errors.getvalue()


def test_a_summary_of_named_weights_is_of_their_network():
    code, output, _ = run("summary", "resnet50/imagenet-keras")
    assert code == 0
    assert "25,636,712" in output


def test_predict_takes_the_model_of_a_name(monkeypatch, tmp_path):
    network = sequential([Flatten(), Dense(2, activation="softmax", name="fc")], input_shape=(4, 4, 1))
    model = Model.from_network(network, preprocessing=Preprocessing((4, 4), 1), class_names=("cat", "dog"))
    monkeypatch.setattr(pretrained, "load", lambda name: model)
    (x, _), _ = datasets.mnist.load_data()
    from PIL import Image

    Image.fromarray(x[0]).save(tmp_path / "five.png")
    code, output, _ = run("predict", "mobilenet_v2", str(tmp_path / "five.png"))
    assert code == 0
    assert "cat" in output
    assert "dog" in output


def test_a_file_of_that_name_comes_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").write_bytes(b"no model")
    code, _, errors = run("predict", "resnet50", "x.png")
    assert code == 2
    assert errors.startswith("error: resnet50: ")
