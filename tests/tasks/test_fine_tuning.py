"""Adopting a trained network: the head on kept features, then the rest; norms frozen, rates falling."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import striate as st
from striate.applications import pretrained
from striate.errors import ArgumentError, DataError, FormatError
from striate.formats import write_safetensors
from striate.images import Preprocessing
from striate.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePooling2D,
)
from striate.network import sequential
from striate.tasks import Order, Wishes, begin, carry_out, plan, reopen
from striate.tasks.features import digest, features
from striate.tasks.fine_tuning import head_of, rate_factors
from striate.tasks.source import adopted_network, find_source
from striate.training.callbacks import Callback

NETWORK = sequential(
    [
        Conv2D(4, 3, strides=2, use_bias=False, name="conv1"),
        BatchNormalization(name="norm1"),
        Activation("relu", name="relu1"),
        Conv2D(6, 3, strides=2, activation="relu", name="conv2"),
        GlobalAveragePooling2D(name="mean"),
        Dropout(0.2, name="drop"),
        Dense(5, activation="softmax", name="fc"),
    ],
    input_shape=(16, 16, 3),
    name="tiny",
)
PIXELS = Preprocessing((16, 16), 3, 1 / 255, (0.4, 0.5, 0.6), (0.2, 0.3, 0.2), "centre")
TOLD = []


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Ninety pictures of noise around three colours."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(7)
    for name, colour in {"red": (170, 90, 90), "green": (90, 170, 90), "blue": (90, 90, 170)}.items():
        (folder / name).mkdir()
        for n in range(30):
            noise = np.clip(random.normal(colour, 50, (20, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noise).save(folder / name / f"{n}.png")
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A model with moving statistics of its own."""
    random = np.random.default_rng(5)
    model = st.Model.from_network(NETWORK, preprocessing=PIXELS, class_names=tuple("abcde"), seed=8)
    variables = model.variables
    variables["state"]["norm1"]["moving_mean"] = random.normal(size=4).astype(np.float32)
    variables["state"]["norm1"]["moving_variance"] = random.uniform(0.5, 2, 4).astype(np.float32)
    model.variables = variables
    path = tmp_path_factory.mktemp("source") / "source.striate"
    model.save(path)
    return path


def wished(pictures, source, **more):
    planned = plan(Wishes(str(pictures), source=str(source), epochs=2, batch_size=24, **more))
    recipe = dataclasses.replace(planned.order.recipe, patience=None)
    order = dataclasses.replace(planned.order, recipe=recipe)
    tuning = dataclasses.replace(order.tuning, head_epochs=8)
    return dataclasses.replace(order, tuning=tuning), planned


@pytest.fixture(scope="module")
def tuned(pictures, source, tmp_path_factory):
    order, planned = wished(pictures, source)
    folder = begin(order, tmp_path_factory.mktemp("runs") / "tuned", planned.material)
    return order, carry_out(folder, order, material=planned.material, tell=TOLD.append)


def arrays(path):
    variables = st.load(path).variables
    return {
        f"{p}/{n}": np.asarray(a)
        for group in variables.values()
        for p, w in group.items()
        for n, a in w.items()
    }


def test_the_run_is_a_run_like_any_other(tuned):
    order, outcome = tuned
    model = st.load(outcome.folder.model)
    assert model.output_shape == (None, 3)
    assert model.class_names == ("blue", "green", "red")
    assert model.preprocessing == PIXELS
    assert model.about["begun from"] == {"weights": "tiny"}
    assert all(node.layer.trainable for node in model.network.nodes)
    assert outcome.evaluation.scored.examples == 9
    assert outcome.folder.report.exists()
    assert Order.from_json(order.to_json(), "config.json") == order


def test_norms_stay_bit_for_bit_and_everything_else_moves(tuned, source):
    before, after = arrays(source), arrays(tuned[1].folder.model)
    same = {name for name, array in after.items() if np.array_equal(array, before.get(name))}
    assert same == {f"norm1/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    moves = {name: np.abs(after[name] - before[name]).max() for name in ("conv1/kernel", "conv2/kernel")}
    assert 0 < moves["conv1/kernel"] < moves["conv2/kernel"]


def test_what_happens_is_said(tuned):
    said = [sentence for sentence in TOLD if not sentence.startswith("The held-out loss did not sink")]
    assert said[0].startswith("The features of 81 pictures took ")
    assert said[1].startswith("The head learned in ")
    assert said[2:] == [
        "Now all layers learn, at rates that fall towards the input.",
        "Its batch norm stays frozen, with the statistics that came with the weights.",
    ]


def test_the_head_alone_leaves_the_rest_bit_for_bit(pictures, source, tmp_path):
    order, planned = wished(pictures, source, learn="none")
    outcome = carry_out(begin(order, tmp_path / "head", planned.material), order, material=planned.material)
    before, after = arrays(source), arrays(outcome.folder.model)
    assert {name for name in before if not np.array_equal(before[name], after[name])} == {
        "fc/kernel",
        "fc/bias",
    }
    assert outcome.epochs <= 8
    assert len(outcome.folder.jsonl.read_text().splitlines()) == outcome.epochs


class Stop(Callback):
    """Ctrl-C behind the first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        import signal

        if epoch == 0:
            signal.raise_signal(signal.SIGINT)


def test_a_run_that_was_interrupted_goes_on_to_the_same_weights(tuned, tmp_path):
    order, whole = tuned
    cut = carry_out(begin(order, tmp_path / "cut"), order, [Stop()])
    assert cut.evaluation is None
    folder, again = reopen(tmp_path / "cut")
    assert dataclasses.replace(again, digest="") == dataclasses.replace(order, digest="")
    outcome = carry_out(folder, again)
    assert outcome.folder.model.read_bytes() == whole.folder.model.read_bytes()


def test_a_source_that_changed_is_refused(tuned, source, tmp_path):
    order = tuned[0]
    other = tmp_path / "other.striate"
    st.Model.from_network(NETWORK, preprocessing=PIXELS, seed=9).save(other)
    changed = dataclasses.replace(order, tuning=dataclasses.replace(order.tuning, source=str(other)))
    with pytest.raises(DataError) as refused:
        carry_out(begin(changed, tmp_path / "run"), changed)
    assert str(refused.value) == (
        f"{other}: its weights are not those that the run began with; expected the same weights.\n"
        "  Start a new run."
    )


def test_rates_fall_by_thirds():
    layers = [Dense(3, name=f"d{n}") for n in range(7)]
    found = rate_factors(sequential(layers, input_shape=(3,)), 0.5)
    assert found == tuple(zip([f"d{n}" for n in range(6)], [0.125, 0.125, 0.25, 0.25, 0.5, 0.5], strict=True))


def test_a_head_on_features_is_the_whole_network(source):
    model = st.load(source)
    x = np.random.default_rng(2).integers(0, 256, (5, 16, 16, 3), np.uint8)
    z = features(model.features(), x)
    assert [node.name for node in head_of(model).network.nodes] == ["drop", "fc"]
    np.testing.assert_allclose(head_of(model).predict(z), model.predict(x), rtol=1e-5, atol=1e-6)


def test_features_are_computed_once_for_each_picture_and_model(source, monkeypatch):
    model = st.load(source).features()
    x = np.random.default_rng(3).integers(0, 256, (70, 16, 16, 3), np.uint8)
    x[40] = x[3]
    asked, predict = [], type(model).predict

    def counted(self, pictures, **options):
        asked.append(len(pictures))
        return predict(self, pictures, **options)

    monkeypatch.setattr(type(model), "predict", counted)
    first = features(model, x[:50])
    assert sum(asked) == 49
    np.testing.assert_array_equal(features(model, x[:50][::-1]), first[::-1])
    assert sum(asked) == 49
    features(model, x)
    assert sum(asked) == 69
    other = st.Model.from_network(NETWORK, preprocessing=PIXELS, seed=9).features()
    assert digest(other) != digest(model)
    assert not np.array_equal(features(other, x[:5]), first[:5])


def test_networks_that_end_in_a_map_get_a_mean_and_a_head(tuned):
    answer = tuned[1].evaluation.answer
    body = sequential([Conv2D(4, 3, name="c")], input_shape=(9, 9, 3))
    made = adopted_network(body, (7, 5, 3), answer)
    assert [node.name for node in made.nodes] == ["c", "mean", "answer"]
    assert made.output_shapes == ((3,),)
    assert made.inputs[0].shape == (7, 5, 3)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"learn": "conv9"},
            "--learn: there is no layer 'conv9'; expected all, none, or a layer's name.\n"
            "  striate summary tiny shows the names.",
        ),
        (
            {"lr": "auto"},
            "--lr: got auto beside --from; expected a number.\n  Leave --lr out, or give a number.",
        ),
    ],
)
def test_wishes_that_cannot_be(pictures, source, more, message):
    with pytest.raises(ArgumentError) as refused:
        plan(Wishes(str(pictures), source=str(source), **more))
    assert str(refused.value) == message


def test_learning_needs_a_source(pictures):
    with pytest.raises(ArgumentError) as refused:
        plan(Wishes(str(pictures), learn="none"))
    assert str(refused.value) == (
        "--learn: the training begins anew; expected --from.\n"
        "  Say what to begin from, for instance --from resnet50."
    )


def test_weights_of_another_framework_need_an_architecture(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_safetensors(path, {"fc.weight": np.ones((2, 3), np.float32)}, {})
    with pytest.raises(ArgumentError) as refused:
        find_source(str(path))
    assert str(refused.value) == (
        f"{path}: it holds no architecture; expected weights and their architecture.\n"
        "  Say which with --model, for instance --model resnet50."
    )
    with pytest.raises(FormatError):
        find_source(str(path), "lenet5")


def test_names_of_weights_and_files_that_are_not_there():
    assert pretrained.is_name("mobilenet_v2")
    assert not pretrained.is_name("nothing.striate")
    with pytest.raises(ArgumentError, match="weights: there are none named 'resnet5'"):
        find_source("resnet5")
    with pytest.raises(DataError, match="there is no such file or folder"):
        find_source("runs/nothing.striate")


@pytest.mark.parametrize("name", ["resnet50", "other.striate"])
def test_what_brings_an_architecture_takes_no_other(name):
    with pytest.raises(ArgumentError) as refused:
        find_source(name, "lenet5")
    assert str(refused.value) == (
        f"--model: {name} brings its own architecture; expected --from alone.\n  Leave --model out."
    )
