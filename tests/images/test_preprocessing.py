"""The preprocessing recipe: arithmetic, colours, sizes, and its life as JSON."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ArgumentError, DataError, FormatError, ShapeError
from striate.images import Preprocessing


def picture(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def test_scale_pixels_is_scale_then_mean_then_std():
    recipe = Preprocessing(scale=1 / 255, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 2.0))
    pixels = np.array([[[[255, 0, 51]]]], np.uint8)
    found = recipe.scale_pixels(pixels)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found[0, 0, 0], [(1 - 0.5) / 0.5, (0 - 0.25) / 0.25, 0.2 / 2.0], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float16])
def test_scale_pixels_takes_bytes_and_floats_and_compiles(dtype):
    recipe = Preprocessing(channels=1, mean=0.1, std=0.5)
    pixels = picture(4, 5, 1).astype(dtype)
    wanted = (pixels.astype(np.float64) / 255 - 0.1) / 0.5
    np.testing.assert_allclose(jax.jit(recipe.scale_pixels)(pixels), wanted, atol=1e-6)


def test_scale_pixels_without_mean_and_std_takes_any_shape():
    assert Preprocessing(channels=1).scale_pixels(np.full((2, 28, 28), 51, np.uint8)).shape == (2, 28, 28)


def test_scale_pixels_refuses_other_channels_than_mean_was_given_for():
    with pytest.raises(ShapeError) as caught:
        Preprocessing(mean=0.5).scale_pixels(np.zeros((2, 3, 8, 8), np.uint8))
    assert str(caught.value) == (
        "preprocessing: the pictures have the shape (2, 3, 8, 8); expected 3 channels on the last axis, "
        "for which mean and std were given.\n"
        "  Put the channels last, or give mean and std for the channels you have."
    )


def test_one_mean_serves_every_channel():
    assert Preprocessing(mean=0.5, std=2).mean == (0.5, 0.5, 0.5)
    assert Preprocessing(channels=1, std=[2]).std == (2.0,)


def test_grey_is_the_luminance_of_itu_601():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    grey = Preprocessing(channels=1).prepare(colours)
    assert grey.dtype == np.uint8
    assert grey[0, :, 0].tolist() == [76, 150, 29, 18]


def test_grey_becomes_colour_by_repetition():
    grey = picture(3, 4, 1)
    np.testing.assert_array_equal(Preprocessing().prepare(grey), np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_a_picture_of_the_right_size_is_left_alone(fit):
    image = picture(6, 7)
    np.testing.assert_array_equal(Preprocessing(size=(6, 7), fit=fit).prepare(image), image)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", [(9, 3), (3, 9), (1, 40), (40, 1), (8, 8), (1, 1), (1, 5000)])
def test_every_fit_gives_the_promised_size(fit, shape):
    for channels in (1, 3):
        recipe = Preprocessing(size=(8, 6), channels=channels, fit=fit)
        assert recipe.prepare(picture(*shape)).shape == (8, 6, channels)


def test_shrinking_averages_the_covered_area():
    image = np.kron(np.array([[0, 100], [200, 60]], np.uint8), np.ones((8, 8), np.uint8))[:, :, None]
    small = Preprocessing(size=(1, 1), channels=1).prepare(image)
    assert small[0, 0, 0] == 90


def test_crop_keeps_the_middle_and_pad_keeps_everything():
    image = np.zeros((2, 6, 1), np.uint8)
    image[:, :, 0] = [10, 20, 30, 40, 50, 60]
    crop = Preprocessing(size=(2, 2), channels=1, fit="crop").prepare(image)
    assert crop[:, :, 0].tolist() == [[30, 40], [30, 40]]
    pad = Preprocessing(size=(6, 6), channels=1, fit="pad").prepare(image)
    assert pad[:, :, 0].tolist() == [[0] * 6, [0] * 6, *image[:, :, 0].tolist(), [0] * 6, [0] * 6]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        [[0]],
    ],
)
def test_prepare_refuses_what_is_no_picture(image):
    with pytest.raises(
        DataError, match=r"expected a NumPy array of uint8 of shape \(H, W, 1\) or \(H, W, 3\)"
    ):
        Preprocessing().prepare(image)


def test_prepare_says_what_it_found():
    with pytest.raises(DataError) as caught:
        Preprocessing().prepare(np.zeros((2, 4, 4), np.float32))
    assert str(caught.value) == (
        "image: found float32 of shape (2, 4, 4); "
        "expected a NumPy array of uint8 of shape (H, W, 1) or (H, W, 3).\n"
        "  Read pictures with striate.images.read_image, or convert the array first."
    )


def test_all_wrong_fields_are_told_at_once():
    with pytest.raises(ArgumentError) as caught:
        Preprocessing(size=(0, 5), channels=2, scale=float("nan"), mean=(1, 2), std=0, fit="squash")
    assert str(caught.value) == (
        "6 problems:\n"
        "1. size: found (0, 5); expected (H, W) in pixels, each 1 to 16384, or None.\n  Give (H, W).\n"
        "2. channels: found 2; expected 1 or 3.\n  Use 1 for grey, 3 for colour.\n"
        "3. scale: found nan; expected a number above 0.\n  Use 1/255 to bring pixels to 0..1.\n"
        "4. fit: found 'squash'; expected one of 'stretch', 'crop', 'pad', 'centre', "
        "'centre-bicubic'.\n  Choose one of them.\n"
        "5. mean: found (1, 2); expected one or 3 finite, or None.\n  Give one number for each channel.\n"
        "6. std: found 0; expected one or 3 above 0, or None.\n  Give one number for each channel."
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 28},
        {"size": (28, 28, 1)},
        {"size": (28.0, 28)},
        {"size": (True, 28)},
        {"size": (28, 20_000)},
        {"size": "28"},
        {"channels": True},
        {"channels": 1.0},
        {"channels": None},
        {"channels": [1]},
        {"scale": 0},
        {"scale": -1},
        {"scale": float("inf")},
        {"scale": 1e39},
        {"scale": True},
        {"scale": "1"},
        {"mean": float("nan")},
        {"mean": "abc"},
        {"mean": (1, 2, None)},
        {"mean": ()},
        {"std": -1.0},
        {"std": (1, 0, 1)},
        {"fit": None},
        {"fit": ["pad"]},
    ],
    ids=str,
)
def test_each_wrong_field_is_refused(fields):
    with pytest.raises(ArgumentError):
        Preprocessing(**fields)


@pytest.mark.parametrize(
    "recipe",
    [
        Preprocessing(),
        Preprocessing(size=(28, 28), channels=1),
        Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), fit="crop", size=(224, 224)),
        Preprocessing(size=[np.int64(3), 4], scale=np.float32(0.5), mean=1),
    ],
)
def test_json_round_trip_is_exact(recipe):
    assert Preprocessing.from_json(recipe.to_json()) == recipe
    assert hash(recipe) == hash(Preprocessing.from_json(recipe.to_json()))


def test_from_json_names_missing_and_unknown_fields():
    values = {**Preprocessing().to_json(), "colour": 1}
    del values["scale"]
    with pytest.raises(FormatError) as caught:
        Preprocessing.from_json(values)
    assert str(caught.value) == (
        "preprocessing: fields missing: ['scale'], fields unknown: ['colour']; expected exactly the fields "
        "['size', 'channels', 'scale', 'mean', 'std', 'fit'].\n  Save the model again."
    )


def test_from_json_refuses_wrong_values_with_their_place():
    with pytest.raises(FormatError) as caught:
        Preprocessing.from_json({**Preprocessing().to_json(), "std": [1, 0, 1]}, "cat.striate, preprocessing")
    assert str(caught.value) == (
        "cat.striate, preprocessing.std: found (1, 0, 1); expected one or 3 above 0, or None.\n"
        "  Save the model again."
    )


@pytest.mark.parametrize("values", [None, [], "x", 3])
def test_from_json_refuses_what_is_no_object(values):
    with pytest.raises(FormatError, match="expected a JSON object"):
        Preprocessing.from_json(values)
