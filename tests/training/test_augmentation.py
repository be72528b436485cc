"""Varied pictures: deterministic, within their bounds, still pictures, and part of training only."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate import Augmentation, Sequential, augmentation, callbacks, layers, load
from striate.errors import ArgumentError, DataError
from striate.models import Input
from striate.ops.losses import categorical_crossentropy, sparse_categorical_crossentropy

EACH = [
    {"flip": "both"},
    {"shift": 0.3},
    {"rotate": 30},
    {"scale": 0.5},
    {"crop": 0.5},
    {"brightness": 0.3},
    {"contrast": 0.5},
    {"saturation": 0.8},
    {"hue": 0.2},
    {"cutout": 0.5},
]


@pytest.fixture(scope="module")
def x():
    return jnp.asarray(np.random.default_rng(5).integers(0, 256, (8, 9, 7, 3)), jnp.uint8)


@pytest.mark.parametrize(
    "fields", [*EACH, *(vars(augmentation.get(name)) for name in ("light", "strong"))], ids=str
)
def test_changed_pictures_are_pictures_and_depend_on_the_key_alone(fields, x):
    change = Augmentation(**fields).change
    first, again = change(x, jax.random.key(1)), change(x, jax.random.key(1))
    assert first.shape == x.shape
    assert first.dtype == jnp.uint8
    assert (first == again).all()
    assert (first != change(x, jax.random.key(2))).any()
    assert (first != x).any()


def test_nothing_is_nothing(x):
    assert (Augmentation().change(x, jax.random.key(0)) == x).all()
    assert augmentation.get("none") is None


def test_flips_are_about_half_and_of_the_kind_that_was_asked():
    x = jnp.asarray(np.arange(6).reshape(1, 2, 3, 1).repeat(400, 0), jnp.uint8)
    got = np.asarray(Augmentation(flip="horizontal").change(x, jax.random.key(3)))
    flipped = (got == np.asarray(x)[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (flipped | (got == np.asarray(x)).all(axis=(1, 2, 3))).all()
    assert 150 < flipped.sum() < 250


def test_shifts_reach_their_bound_and_no_further():
    column = np.zeros((500, 1, 21, 1), np.uint8)
    column[:, :, 10] = 255
    got = np.asarray(Augmentation(shift=0.2).change(jnp.asarray(column), jax.random.key(0)))
    places = got[:, 0, :, 0].argmax(axis=1) - 10
    assert set(places) == set(range(-4, 5))


def test_turns_keep_within_their_angle():
    x = np.zeros((64, 41, 41, 1), np.uint8)
    x[:, 20, 28:] = 255  # a spoke to the right
    got = np.asarray(Augmentation(rotate=20).change(jnp.asarray(x), jax.random.key(0))).astype(float)
    rows, columns = np.mgrid[:41, :41] - 20
    far = (np.hypot(rows, columns) > 7) & (np.hypot(rows, columns) < 18)
    angles = [np.degrees(np.arctan2(-(p * rows)[far].sum(), (p * columns)[far].sum())) for p in got[..., 0]]
    assert max(np.abs(angles)) <= 20.5
    assert max(angles) > 12
    assert min(angles) < -12


def test_a_hole_has_its_size_and_the_mean_colour():
    x = jnp.asarray(np.random.default_rng(0).integers(0, 256, (40, 20, 20, 1)), jnp.uint8)
    got = np.asarray(Augmentation(cutout=0.5).change(x, jax.random.key(0)))
    changed = (got != np.asarray(x))[..., 0]
    assert changed.sum(axis=(1, 2)).max() <= 100
    for before, after, where in zip(np.asarray(x)[..., 0], got[..., 0], changed, strict=True):
        assert (np.abs(after[where] - before.mean()) <= 1).all()


def test_mixing_blends_pictures_with_their_partners(x):
    mixed, mixture = Augmentation(mixup=0.4).mix(x, jax.random.key(4))
    share, pixels = float(mixture.share), np.asarray(x, np.float64)
    wanted = share * pixels + (1 - share) * pixels[np.asarray(mixture.partner)]
    np.testing.assert_allclose(mixed, wanted, atol=0.51)
    assert 0.5 <= share <= 1


def test_smoothed_class_numbers_equal_smoothed_rows():
    random = np.random.default_rng()
    logits, labels = random.normal(size=(6, 5)).astype(np.float32), random.integers(0, 5, 6)
    rows = categorical_crossentropy(np.eye(5, dtype=np.float32)[labels], logits, True, 0.1)
    np.testing.assert_allclose(sparse_categorical_crossentropy(labels, logits, True, 0.1), rows, rtol=1e-5)


def model(**options):
    made = Sequential(
        [
            Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        seed=0,
    )
    made.compile("sgd", "sparse_categorical_crossentropy", **options)
    return made


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(1)
    return random.integers(0, 256, (20, 8, 8, 1)).astype(np.uint8), random.integers(0, 3, 20)


def test_training_sees_varied_pictures_and_testing_does_not(data):
    plain, varied = model(), model(augment=Augmentation(rotate=40, mixup=0.3))
    again = model(augment=Augmentation(rotate=40, mixup=0.3))
    assert plain.evaluate(*data, verbose=0) == varied.evaluate(*data, verbose=0)
    for each in (plain, varied, again):
        each.fit(*data, epochs=2, batch_size=8, verbose=0, seed=3)
    kernels = [each.get_weights()[0] for each in (plain, varied, again)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-3
    np.testing.assert_array_equal(kernels[1], kernels[2])


def test_a_mixture_trains_on_both_targets(data):
    """One step of gradient descent against the same step by hand."""
    x, y = data
    made = model(augment=Augmentation(mixup=1.0))
    before = jax.tree.map(jnp.array, made.variables)
    steps = made.compiled().programs.steps
    made.fit(x, y, epochs=1, batch_size=20, shuffle=False, verbose=0, seed=7)
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(7), 0), 0)
    batch, mixture = steps.varied(steps_batch(x, y), key)

    def loss(params):
        p = made.network.apply({"params": params, "state": {}}, batch.inputs[0]).output
        rows = jax.nn.one_hot(y, 3)
        target = mixture.share * rows + (1 - mixture.share) * rows[mixture.partner]
        return categorical_crossentropy(target, p).mean()

    slopes = jax.grad(loss)(before["params"])
    stepped = jax.tree.map(lambda p, g: p - jnp.float32(0.01) * g, before["params"], slopes)
    for path, weights in stepped.items():
        for name, wanted in weights.items():
            np.testing.assert_allclose(made.variables["params"][path][name], wanted, atol=1e-6)


def steps_batch(x, y):
    from striate.training._batches import Batch

    return Batch((jnp.asarray(x),), (jnp.asarray(y, jnp.int32),))


def test_an_interrupted_training_varies_alike(data, tmp_path):
    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                raise KeyboardInterrupt

    options = {"epochs": 3, "batch_size": 8, "verbose": 0, "seed": 1}
    whole = model(augment="light")
    whole.fit(*data, **options)
    cut = model(augment="light")
    cut.fit(*data, callbacks=[callbacks.BackupAndRestore(tmp_path), Stop()], **options)
    resumed = model(augment="light")
    resumed.fit(*data, callbacks=[callbacks.BackupAndRestore(tmp_path)], **options)
    np.testing.assert_array_equal(resumed.get_weights()[0], whole.get_weights()[0])


def test_a_saved_model_remembers_how_pictures_were_varied(tmp_path):
    model(augment=Augmentation(rotate=5)).save(tmp_path / "m.striate")
    assert load(tmp_path / "m.striate").compiled().programs.steps.augment == Augmentation(rotate=5)


def test_what_cannot_be_is_refused_at_once(x):
    with pytest.raises(ArgumentError) as refused:
        Augmentation(flip="sideways", shift=2, rotate=-1)
    assert str(refused.value) == (
        "3 problems:\n"
        "1. Augmentation.flip: got 'sideways'; expected 'none' or 'horizontal' or 'vertical' or 'both'.\n"
        "  Choose 'none' where mirror images mean something else.\n"
        "2. Augmentation.shift: got 2; expected a finite number from 0 to 1.\n"
        "  Give a share from 0 to 1, such as 0.1.\n"
        "3. Augmentation.rotate: got -1; expected a finite number from 0 to 180.\n"
        "  Give degrees such as 15."
    )
    with pytest.raises(ArgumentError) as refused:
        model(augment="mild")
    assert str(refused.value) == (
        "augment: got 'mild'; expected one of none, light, strong, or an Augmentation.\n  Choose one of them."
    )
    with pytest.raises(DataError) as refused:
        Augmentation(hue=0.1).change(x.astype(jnp.float32), jax.random.key(0))
    assert str(refused.value) == (
        "augment: colours are to change and the input holds float32 numbers; expected raw uint8 pictures.\n"
        "  Give raw uint8 pictures and let model.preprocessing or Rescaling scale them."
    )
