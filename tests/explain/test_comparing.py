"""What differs between two sides, held to slow references and to changes made on purpose."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binomtest

import striate as st
from striate import layers
from striate.errors import ArgumentError, DataError, ShapeError
from striate.explain import Recorder
from striate.explain.comparing import alignment, compare
from striate.explain.comparing.answers import compare_answers, sign_test
from striate.explain.comparing.pairing import pair_layers
from striate.explain.comparing.similarity import gram
from striate.explain.comparing.weights import difference
from striate.network import sequential


def small(seed=1, **names):
    parts = [
        st.Input((5, 5, 1)),
        layers.Conv2D(3, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ]
    model = st.Sequential(parts, seed=seed, **names)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def model():
    return small()


@pytest.fixture
def x():
    return np.random.default_rng().normal(size=(12, 5, 5, 1)).astype(np.float32)


def slow_hsic(k, m):
    """The mean over all ordered fours of different examples, term by term, as the estimate is defined."""
    fours = itertools.permutations(range(len(k)), 4)
    return np.mean([k[i, j] * m[i, j] + k[i, j] * m[q, r] - 2 * k[i, j] * m[i, q] for i, j, q, r in fours])


def test_the_debiased_alignment_is_the_mean_over_all_fours():
    rng = np.random.default_rng()
    for _ in range(3):
        a, b = rng.normal(size=(7, 3)) + 5, rng.normal(size=(7, 2, 2))
        k, m = gram(a), gram(b)
        expected = slow_hsic(k, m) / np.sqrt(slow_hsic(k, k) * slow_hsic(m, m))
        assert alignment(a, b) == pytest.approx(expected, abs=1e-9)


def test_the_plain_alignment_is_the_one_of_features():
    rng = np.random.default_rng()
    a, b = rng.normal(size=(20, 5)), rng.normal(size=(20, 9)) + 3
    x, y = a - a.mean(0), b - b.mean(0)
    expected = np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert alignment(a, b, debiased=False) == pytest.approx(expected)


@pytest.mark.parametrize("debiased", [True, False])
def test_rotation_scale_and_shift_change_nothing_and_other_maps_do(debiased):
    rng = np.random.default_rng()
    a = rng.normal(size=(30, 6)).astype(np.float32)
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert alignment(a, -2 * a @ turned + 1000, debiased) == pytest.approx(1, abs=1e-6)
    assert alignment(a, a * np.array([9, 1, 1, 1, 1, 1]), debiased) < 0.9


def test_only_the_plain_alignment_is_fooled_by_width():
    rng = np.random.default_rng()
    unrelated = [(rng.normal(size=(12, 3000)), rng.normal(size=(12, 3000))) for _ in range(20)]
    assert np.mean([alignment(a, b, debiased=False) for a, b in unrelated]) > 0.95
    assert abs(np.mean([alignment(a, b) for a, b in unrelated])) < 0.1


def test_what_does_not_vary_is_like_nothing():
    assert np.isnan(alignment(np.full((9, 3), 1 / 3), np.random.default_rng().normal(size=(9, 2))))


def test_distances_by_hand():
    found = difference("w", "w", np.array([[3.0, 4.0]]), np.array([[3.0, 9.0]]))
    assert (found.relative, found.address, found.before, found.after) == (1.0, "w[0,1]", 4.0, 9.0)
    assert found.cosine == pytest.approx((9 + 36) / (5 * np.sqrt(90)))
    nothing = difference("w", "w", np.zeros(2), np.ones(2))
    assert nothing.relative == np.inf
    assert np.isnan(nothing.cosine)
    assert difference("w", "w", np.zeros(2), np.zeros(2)).relative == 0
    assert not difference("w", "w", np.zeros(2), np.zeros(3)).comparable


def changes(a, b):
    pairs = pair_layers(sequential(a, (8, 8, 1)), sequential(b, (8, 8, 1)))
    return [(pair.a, pair.b, pair.change, dict(pair.fields)) for pair in pairs]


def test_layers_are_aligned_although_their_names_move():
    conv, pool, dense = layers.Conv2D(4, 3), layers.MaxPooling2D(2), layers.Dense(2)
    before = [conv, pool, layers.Flatten(), dense]
    after = [layers.Conv2D(1, 1), conv, pool, layers.Flatten(), dense]
    assert changes(before, after) == [
        (None, "conv1", "added", {}),
        ("conv1", "conv2", "changed", {"reads": ("input1", "conv1")}),
        ("pool1", "pool1", "same", {}),
        ("flatten1", "flatten1", "same", {}),
        ("dense1", "dense1", "same", {}),
    ]


def test_fields_are_told_one_by_one():
    before = [layers.Conv2D(4, 3, activation="relu"), layers.Dropout(0.5), layers.Flatten()]
    after = [layers.Conv2D(4, 3, strides=2, trainable=False), layers.Flatten(name="f")]
    found = {pair[:3]: pair[3] for pair in changes(before, after)}
    assert found["conv1", "conv1", "changed"] == {
        "strides": ((1, 1), (2, 2)),
        "activation": ("relu", None),
        "trainable": (True, False),
        "output shape": ((6, 6, 4), (3, 3, 4)),
    }
    assert found["dropout1", None, "removed"] == {}
    assert found["flatten1", "f", "changed"] == {
        "output shape": ((144,), (36,)),
        "reads": ("dropout1", "conv1"),
    }


def test_a_model_and_itself_are_equal(model, x):
    found = compare(model, model, x)
    assert found.changed == ()
    assert all(each.relative == 0 for each in found.weights)
    assert np.diag(found.alignment) == pytest.approx(1)
    assert found.answers.flips == ()
    assert "All 8 weight tensors of equal shape are equal, number by number." in found.text()
    assert "0 of 12 answers differ; no output differs by more than 0." in found.text()


def test_one_changed_number_is_found_with_its_address(model, x):
    other = small()
    weights = other.get_weights()
    weights[0][1, 2, 0, 1] += 2
    other.set_weights(weights)
    found = compare(model, other, x)
    moved = [each for each in found.weights if each.relative]
    assert [each.address for each in moved] == ["conv1/kernel[1,2,0,1]"]
    assert moved[0].after - moved[0].before == pytest.approx(2)
    activations = [model.network.apply(m.variables, x, record=True).record["conv1"] for m in (model, other)]
    assert found.alignment[0, 0] == pytest.approx(alignment(*activations), abs=1e-5)


def test_half_precision_is_that_of_weights_and_of_arithmetic(model, x):
    found = compare(model, "bfloat16", x)
    cast = jax.tree.map(lambda a: a.astype(jnp.bfloat16), model.variables)
    expected = model.network.apply(cast, x.astype(jnp.bfloat16)).output
    outputs = found.answers.outputs[1]
    np.testing.assert_array_equal(outputs, outputs.astype(jnp.bfloat16).astype(np.float32))
    np.testing.assert_allclose(outputs, expected.astype(np.float32), atol=2**-7)
    assert found.names[1] == "bfloat16"
    assert all(0 <= each.relative < 2**-8 for each in found.weights)
    assert 0 < found.answers.largest < 0.05


def test_another_runtime_is_a_function_or_its_arrays(model, x):
    outputs = np.asarray(model.predict(x, verbose=0))
    other = outputs.copy()
    other[3] = np.roll(other[3], 1)
    for side in (lambda given: [other], other, lambda given: {"dense1": other}, {"dense1": other}):
        found = compare(model, side, x)
        assert [flip.index for flip in found.answers.flips] == [3]
        assert found.answers.flips[0].b == (found.answers.flips[0].a + 1) % 3
        assert found.layers is None
        assert "Architectures are not compared: b has none." in found.text()
    assert compare(model, outputs, x, names=("ours", "ONNX")).title == "ours and ONNX"
    record = model.network.apply(model.variables, x, record=True).record
    found = compare(model, {"conv1": record["conv1"], "dense1": outputs}, x, layers=["conv1"])
    assert found.alignment[0, 0] == pytest.approx(1)


def test_two_steps_of_a_recording(tmp_path, x):
    trained, recorder = small(), Recorder(tmp_path / "run", steps=3, examples=8)
    y = np.random.default_rng(0).integers(0, 3, 12)
    trained.fit(x, y, batch_size=2, verbose=0, callbacks=[recorder])
    log = recorder.recording
    found = compare(log.at(0), log.at(6))
    assert found.names == ("step 0", "step 6")
    np.testing.assert_array_equal(found.x, x[:8])
    before, after = (log.value("conv1/kernel", step).astype(np.float64) for step in (0, 6))
    kernel = next(each for each in found.weights if each.a == "conv1/kernel")
    assert kernel.relative == pytest.approx(np.linalg.norm(after - before) / np.linalg.norm(before))
    np.testing.assert_allclose(found.answers.outputs[1], log.value("dense1", 6), atol=1e-6)
    against = compare(log.at(6), trained, x, y)
    assert against.answers.largest < 1e-6


def test_steps_of_which_only_a_part_was_recorded(tmp_path, x):
    recorder = Recorder(tmp_path / "run", "conv1", steps=3, examples=8)
    small().fit(x, np.zeros(12, int), batch_size=2, verbose=0, callbacks=[recorder])
    log = recorder.recording
    found = compare(log.at(0), log.at(6))
    assert {each.a for each in found.weights} == {"conv1/kernel", "conv1/bias"}
    expected = alignment(log.value("conv1", 0), log.value("conv1", 6))
    assert found.alignment.item() == pytest.approx(expected)
    assert "Answers are not compared: one side gives none." in found.notes
    with pytest.raises(ArgumentError):
        log.at(1)


def test_flips_are_judged_by_the_truth():
    a = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    b = np.eye(3)[[0, 2, 2, 1, 0, 1]]
    found = compare_answers(a, b, np.array([0, 2, 1, 0, 0, 0]))
    assert [flip.index for flip in found.flips] == [1, 3, 4, 5]
    assert (found.correct, found.mended, found.broken) == ((2, 3), 2, 1)
    assert found.flips[0].truth == 2
    assert compare_answers(a, b, np.eye(3)[[0, 2, 1, 0, 0, 0]]).mended == 2
    logits = compare_answers(np.array([[-3.0], [0.4]]), np.array([[2.0], [0.4]]), None)
    assert [flip.index for flip in logits.flips] == [0]
    shares = compare_answers(np.array([[0.6], [0.4]]), np.array([[0.4], [0.4]]), None)
    assert [(flip.a, flip.b) for flip in shares.flips] == [(1, 0)]


def test_the_sign_test_is_the_exact_binomial_one():
    for mended, broken in [(0, 0), (1, 0), (7, 3), (30, 31), (40, 9)]:
        expected = binomtest(mended, mended + broken).pvalue if mended + broken else 1.0
        assert sign_test(mended, broken) == pytest.approx(expected)


def test_pictures_that_flipped_are_shown_with_their_names(model, x, tmp_path):
    named = small(seed=2)
    named.class_names = ("cat", "dog", "<img src=x>")
    pictures = np.random.default_rng().normal(size=(40, 5, 5, 1)).astype(np.float32)
    found = compare(named, small(seed=3), pictures, np.zeros(40, int))
    page = found.page()
    assert "<img src=x>" not in page
    assert "<script" not in page
    assert "cat → " in page + "cat → "
    assert f"{len(found.answers.flips)} of 40 answers differ" in page
    assert found.save(tmp_path / "a.png").stat().st_size > 1000
    assert min(24, len(found.answers.flips)) == page.count("<figure>") - 1


def test_several_hundred_flips_are_counted_and_some_are_shown(x):
    first = small(seed=2)
    found = compare(first, np.roll(first.predict(x, verbose=0), 1, 1).repeat(5, 0)[:12], x)
    assert len(found.text().splitlines()) < 80
    many = np.random.default_rng().normal(size=(60, 5, 5, 1)).astype(np.float32)
    found = compare(first, np.roll(first.predict(many, verbose=0), 1, 1), many)
    assert "36 more pictures flipped; `.answers.flips` lists them all." in found.text()


@pytest.mark.parametrize(
    ("a", "b", "more", "kind", "message"),
    [
        (
            "runs/1",
            None,
            {},
            ArgumentError,
            "a: got 'runs/1'; expected a model, recording.at(step), 'bfloat16' beside a model, a function "
            "of x, or arrays.\n  Load files first: st.load(path), st.explain.open_recording(path).at(step).",
        ),
        (
            None,
            3,
            {},
            ArgumentError,
            "b: got a int; expected a model, recording.at(step), 'bfloat16' beside a model, a function of x, "
            "or arrays.\n  Load files first: st.load(path), st.explain.open_recording(path).at(step).",
        ),
        (
            None,
            None,
            {"layers": ["conv1", "conv7"]},
            ArgumentError,
            "layers: neither side has 'conv7'; expected some of conv1, dense1.\n"
            "  model.summary() shows the layers.",
        ),
        (
            None,
            np.zeros((12, 4)),
            {},
            ShapeError,
            "compare: the outputs have the shapes (12, 3) and (12, 4); expected equal shapes.\n"
            "  Compare sides that answer the same question for the same examples.",
        ),
        (
            None,
            None,
            {"y": np.zeros(5)},
            DataError,
            "y: it has 5 examples; expected 12, as x.\n  Give a truth for each example of x.",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(model, x, a, b, more, kind, message):
    with pytest.raises(kind) as refused:
        compare(model if a is None else a, model if b is None else b, x, **more)
    assert str(refused.value) == message


def test_what_is_left_out_is_said(model, x):
    assert compare(model, model).notes == (
        "No examples were given, so neither activations nor answers are compared.",
    )
    assert compare(model, model, x[:3]).notes == (
        "Activations are not compared: the debiased alignment needs 4 examples.",
    )
    assert compare(model, model, x[:3], debiased=False).alignment.shape == (2, 2)


def test_too_many_activations_are_refused_before_they_are_made(model):
    endless = np.broadcast_to(np.float32(0), (40_000_000, 5, 5, 1))
    with pytest.raises(ArgumentError) as refused:
        compare(model, model, endless)
    assert str(refused.value).startswith(
        "compare: the activations of 2 layers for 40,000,000 examples take 4.5 GiB"
    )
