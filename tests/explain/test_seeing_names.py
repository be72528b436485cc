"""Names of layers, channels and positions, and what is said where there are none."""

import numpy as np
import pytest
from seeing_networks import pictures, small

from striate import layers
from striate.errors import ArgumentError, DataError, StriateError
from striate.explain import (
    channel,
    direction,
    dream,
    embed,
    feature_maps,
    filters,
    likeness,
    maximise,
    neuron,
    project_unit,
    receptive_field,
    score,
    templates,
    top_patches,
)
from striate.explain.seeing._pixels import as_colours, pixels_of
from striate.explain.seeing._places import check_channels, find_place, map_layers
from striate.explain.seeing._running import partial
from striate.models import Input, Model, Sequential


@pytest.fixture(scope="module")
def model():
    return small()


MISTAKES = {
    "no such layer": (
        lambda m: feature_maps(m, pictures(1)[0], "pol"),
        "layers: there is no layer 'pol'; expected a layer of small.\n  Did you mean 'pool'?",
    ),
    "nothing like it": (
        lambda m: receptive_field(m, "zzzzzz"),
        "layer: there is no layer 'zzzzzz'; expected a layer of small.\n  Such as a, pool, b, flat, answer.",
    ),
    "no activation inside": (
        lambda m: receptive_field(m, "pool/preactivation"),
        "layer: there is no layer 'pool/preactivation'; expected a layer of small.\n  Did you mean 'pool'?",
    ),
    "no space": (
        lambda m: top_patches(m, "answer", pictures(2)),
        "layer: the output of 'answer' has the shape (4,); expected a layer with maps, (H, W, C).\n"
        "  Choose one such as 'b'.",
    ),
    "channel": (
        lambda m: top_patches(m, "b", pictures(2), channels=(1, 6, -1)),
        "b: there is no channel 6, -1; expected channels from 0 to 5.\n  Channels count from 0.",
    ),
    "no channel": (
        lambda m: maximise(m, channel("a", ())),
        "a: no channel is named; expected channels from 0 to 7.\n  Channels count from 0.",
    ),
    "position": (
        lambda m: receptive_field(m, "b", (6, 0)),
        "b: the position (6, 0) is not on the map; expected (row, column) from (0, 0) to (5, 5).\n"
        "  Positions count from 0.",
    ),
    "position of a flat unit": (
        lambda m: project_unit(m, pictures(1)[0], "answer", 0, (0, 0)),
        "answer: a position was given, but its output has the shape (4,); expected no position.\n"
        "  Give its channel alone.",
    ),
    "samples": (
        lambda m: receptive_field(m, "b", samples=0),
        "samples: got 0; expected a whole number from 1 on.\n  More samples make the field smoother.",
    ),
    "way of projecting": (
        lambda m: project_unit(m, pictures(1)[0], "a", by="magic"),
        "by: got 'magic'; expected one of 'deconvnet', 'guided', 'gradient'.\n  Choose one of them.",
    ),
    "way of filters": (
        lambda m: filters(m, by="magic"),
        "by: got 'magic'; expected 'weights' or 'pixels'.\n"
        "  Write by='pixels' to see through the layers before.",
    ),
    "filters of a pool": (
        lambda m: filters(m, "pool"),
        "pool: it has no filters; expected a two-dimensional convolution.\n  Choose one such as 'a'.",
    ),
    "k": (
        lambda m: top_patches(m, "a", pictures(2), k=0),
        "k: got 0; expected a whole number from 1 on.\n  Write for instance k=9.",
    ),
    "no pictures": (
        lambda m: top_patches(m, "a", iter(())),
        "images: there are none; expected at least one picture.\n"
        "  Give an array (N, H, W, C), or an iterable of batches.",
    ),
    "a folder": (
        lambda m: top_patches(m, "a", "photos/"),
        "images: got a str; expected pictures.\n  Give an array (N, H, W, C), or an iterable of batches.",
    ),
    "moves": (
        lambda m: maximise(m, channel("a", 0), moves=(1, 2)),
        "moves: got (1, 2); expected Moves of jitter, scale and rotation.\n"
        "  Write for instance Moves(8, scale=1.1, rotate=10).",
    ),
    "a row alone": (
        lambda m: receptive_field(m, "b", 3),
        "b: the position (3,) is not on the map; expected (row, column) from (0, 0) to (5, 5).\n"
        "  Positions count from 0.",
    ),
    "half a sample": (
        lambda m: receptive_field(m, "b", samples=2.5),
        "samples: got 2.5; expected a whole number from 1 on.\n  More samples make the field smoother.",
    ),
    "vector of words": (
        lambda m: direction("a", "up"),
        "vector: its shape is (0,); expected finite numbers, (C,) or (pictures, C).\n"
        "  Give a number for each channel of the layer.",
    ),
    "several pictures": (
        lambda m: feature_maps(m, pictures(3)),
        "image: there are 3; expected one picture.\n  Take one of them, such as images[0].",
    ),
    "pictures of another size": (
        lambda m: top_patches(m, "a", pictures(3, side=9)),
        "input1: the array has shape (3, 9, 9, 3); expected shape (N, 14, 14, 3).\n"
        "  Resize or crop the data, or make the network for this shape.",
    ),
    "no iterable": (
        lambda m: top_patches(m, "a", 5),
        "images: got a int; expected pictures.\n  Give an array (N, H, W, C), or an iterable of batches.",
    ),
    "objective": (
        lambda m: maximise(m, "a"),
        "objective: got a str; expected an objective of striate.explain.\n"
        "  Write for instance channel('conv3', 5) or score(7).",
    ),
    "class": (
        lambda m: maximise(m, score("cow")),
        "score: there is no class 'cow'; expected ant, bee, <b>cat</b>, dog.\n"
        "  Give the number of the class, or one of model.class_names.",
    ),
    "vector": (
        lambda m: maximise(m, direction("a", np.ones(3))),
        "a: the vector has 3 numbers; expected 8 of them.\n  Give a number for each channel of the layer.",
    ),
    "vector of nothing": (
        lambda m: direction("a", [np.nan]),
        "vector: it holds NaN or infinity; expected finite numbers, (C,) or (pictures, C).\n"
        "  Give a number for each channel of the layer.",
    ),
    "counts": (
        lambda m: maximise(m, channel("a", (0, 1)) + channel("b", (0, 1, 2))),
        "objective: its terms ask for 2 and 3 pictures; expected one number of pictures.\n"
        "  Give every term as many channels, or one.",
    ),
    "neuron": (
        lambda m: maximise(m, neuron("b", 0, (9, 9))),
        "b: the position (9, 9) is not on the map; expected (row, column) from (0, 0) to (5, 5).\n"
        "  Positions count from 0.",
    ),
    "steps": (
        lambda m: maximise(m, channel("a", 0), steps=0, diversity=1.5, rate=float("nan")),
        "3 problems:\n"
        "1. steps: got 0; expected a whole number from 1 on.\n  Write for instance steps=4.\n"
        "2. diversity: got 1.5; expected a whole number from 1 on.\n  Write for instance diversity=4.\n"
        "3. rate: got nan; expected a number from 0 on.\n  Leave it out for the usual one.",
    ),
    "size": (
        lambda m: maximise(m, channel("a", 0), size=(8, 0)),
        "size: got (8, 0); expected whole numbers of pixels from 2 on.\n"
        "  Write for instance size=224, or size=(240, 320).",
    ),
    "size of classes": (
        lambda m: maximise(m, score(0), size=20),
        "size: pictures of 20x20 do not fit 'answer': its kernel has the shape (216, 4), and (486, 4) "
        "would be needed; expected 14x14 there.\n  Leave size out, or choose an earlier layer.",
    ),
    "size below the kernel": (
        lambda m: maximise(m, channel("b", 0), size=2),
        "size: pictures of 2x2 do not fit 'a': the kernel 3x3 is larger than the image 2x2; "
        "expected 14x14 there.\n  Leave size out, or choose an earlier layer.",
    ),
    "colours": (
        lambda m: maximise(m, channel("a", 0), colours="red"),
        "colours: got 'red'; expected 'imagenet', 'plain' or pictures.\n"
        "  Give some pictures of your data set, (N, H, W, C).",
    ),
    "dream": (
        lambda m: dream(m, pictures(1)[0], octaves=0, factor=1.0, steps=0, rate=-1, bands=-1),
        "5 problems:\n"
        "1. octaves: got 0; expected a whole number from 1 on.\n  Leave it out for the usual one.\n"
        "2. factor: got 1.0; expected a number above 1.\n  Leave it out for the usual one.\n"
        "3. steps: got 0; expected a whole number from 1 on.\n  Leave it out for the usual one.\n"
        "4. rate: got -1; expected a number from 0 on.\n  Leave it out for the usual one.\n"
        "5. bands: got -1; expected a whole number from 0 on.\n  Leave it out for the usual one.",
    ),
    "octaves": (
        lambda m: dream(m, pictures(1)[0], octaves=4),
        "octaves: the smallest octave of a picture of 14x14 has 5x5 pixels; "
        "expected at least 8 pixels each way.\n  Give fewer octaves, a smaller factor or a larger picture.",
    ),
    "dream of several": (
        lambda m: dream(m, pictures(1)[0], channel("a", (0, 1)), octaves=1),
        "objective: it asks for 2 pictures; expected one.\n  Name one channel, class or direction.",
    ),
    "dream of likeness": (
        lambda m: dream(m, pictures(1)[0], likeness("a", pictures(1)[0]), octaves=1),
        "objective: it is a likeness; expected an objective without a picture.\n  See caricature for that.",
    ),
    "embedding": (
        lambda m: embed(m, pictures(5), by="magic"),
        "by: got 'magic'; expected 'pca', 'tsne' or 'umap'.\n  Write for instance by='pca'.",
    ),
    "options of pca": (
        lambda m: embed(m, pictures(5), perplexity=3),
        "options: PCA has no option 'perplexity'; expected none.\n  Leave it out, or choose by='tsne'.",
    ),
    "too few": (
        lambda m: embed(m, pictures(2)),
        "images: there are 2; expected at least 3 pictures.\n  Give some hundred pictures.",
    ),
    "labels": (
        lambda m: embed(m, pictures(4), labels=[0, 1, -1, 2]),
        "labels: got 4 numbers of type int64 for 4 pictures; "
        "expected a whole number from 0 on for each picture.\n  Give the class number of each picture.",
    ),
    "templates": (
        lambda m: templates(m, "answer"),
        "answer: it is no dense layer on pixels; "
        "expected a dense layer behind nothing but Flatten and scaling.\n  See filters for convolutions.",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_with_their_cure(model, name):
    mistake, text = MISTAKES[name]
    with pytest.raises(StriateError) as refused:
        mistake(model)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((4, 4, 2), np.float32), "it is an array of float32 with the shape (4, 4, 2)"),
        (np.zeros((4, 4, 3), np.int64), "it is an array of int64 with the shape (4, 4, 3)"),
    ],
)
def test_what_is_no_picture_is_refused(image, found):
    with pytest.raises(DataError) as refused:
        as_colours(image, 3)
    assert str(refused.value) == (
        f"image: {found}; expected one picture, (H, W, 1 or 3), uint8 or from 0 to 1.\n"
        "  Read one with striate.images.read_image(path)."
    )


def test_floats_beyond_black_and_white_are_refused():
    with pytest.raises(DataError) as refused:
        as_colours(np.array([[0.0, 2.0]]), 1)
    assert str(refused.value) == (
        "image: its numbers go from 0 to 2; expected floats from 0 to 1.\n"
        "  Give it as uint8, or divide by 255."
    )


def test_grey_and_colour_turn_into_each_other():
    grey = np.array([[0, 255]], np.uint8)
    assert as_colours(grey, 3).tolist() == [[[0, 0, 0], [1, 1, 1]]]
    colour = np.array([[[1.0, 0, 0], [0, 1.0, 0]]])
    np.testing.assert_allclose(as_colours(colour, 1)[0, :, 0], [0.299, 0.587], rtol=1e-6)


def test_only_networks_of_one_picture_can_be_shown_colours():
    model = Sequential([Input((5,)), layers.Dense(2)], name="flat")
    with pytest.raises(ArgumentError) as refused:
        maximise(model, score(0))
    assert str(refused.value) == (
        "flat: it reads (5,); expected one picture, (H, W, 1) or (H, W, 3).\n"
        "  Look at its layers with feature_maps or filters instead."
    )


def test_black_and_white_are_what_the_model_was_trained_on(model):
    white = np.ones((1, 14, 14, 3), np.float32)
    assert np.asarray(pixels_of(model).scaled(white)).max() == pytest.approx(2)
    scaling = Sequential([Input((14, 14, 3)), layers.Rescaling(1 / 255), layers.Conv2D(2, 3)])
    assert np.asarray(pixels_of(scaling).scaled(white)).max() == 255
    bare = Sequential([Input((14, 14, 3)), layers.Conv2D(2, 3)])
    assert np.asarray(pixels_of(bare).scaled(white)).max() == 1
    assert np.asarray(pixels_of(bare, (-1, 3)).scaled(0 * white)).min() == -1


def test_names_of_preactivations_and_of_inputs_are_places(model):
    assert find_place(model.network, "a/preactivation").shape == (12, 12, 8)
    assert find_place(model.network, "input1").shape == (14, 14, 3)
    assert map_layers(model.network) == ["a", "pool", "b"]
    assert check_channels(find_place(model.network, "b"), None, most=2) == (0, 1)


def test_a_partial_program_has_only_what_is_needed():
    x = Input((6, 6, 1))
    y = layers.Conv2D(2, 3, name="y")(x)
    z = layers.Conv2D(2, 3, name="z")(x)
    model = Model(x, layers.Add(name="sum")([y, z]))
    program = model.network.program
    assert list(partial(program, ["z"]).steps) == ["z"]
    assert list(partial(program, ["sum"]).steps) == list(program.steps)
    assert list(partial(program, ["input1"]).steps) == []


def test_inputs_of_other_channels_than_colours_can_be_looked_at():
    model = Sequential([Input((6, 6, 5)), layers.Conv2D(3, 3, name="c"), layers.Flatten(), layers.Dense(2)])
    x = np.random.default_rng().normal(size=(4, 6, 6, 5)).astype(np.float32)
    for shown in (
        feature_maps(model, x[0]),
        filters(model),
        top_patches(model, "c", x, k=2),
        project_unit(model, x[0], "c"),
        embed(model, x),
    ):
        assert shown.pixels().shape[-1] == 3


def test_networks_without_pictures_have_no_maps():
    model = Sequential([Input((5,)), layers.Dense(2)], name="flat")
    with pytest.raises(ArgumentError) as refused:
        feature_maps(model, np.zeros(5, np.float32))
    assert str(refused.value) == (
        "image: an example has the shape (5,); expected a picture, (H, W, C).\n"
        "  Use read(model, x).values instead."
    )


def test_a_pixel_sees_itself(model):
    seen = receptive_field(model, "input1", (2, 3))
    assert seen.box == ((2, 2), (3, 3))
    assert seen.effective == 1
    assert repr(channel("a", 1)) == "<Objective a channel 1>"
