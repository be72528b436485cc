"""`striate explain` and `striate see`, as a person types them, right and wrong."""

import re

import numpy as np
import pytest
from cli_fixtures import *  # noqa: F403
from PIL import Image

import striate as st
from striate import layers

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model of hostile class names with a recording beside it, and pictures of several kinds."""
    folder = tmp_path_factory.mktemp("explained")
    parts = [
        st.Input((8, 8, 1)),
        layers.Conv2D(2, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ]
    model = st.Sequential(parts, seed=3, name="tiny")
    model.preprocessing = st.images.Preprocessing((8, 8), 1)
    model.class_names = ("cat", "\x1b[2Jdog", "<img src=x>")
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (16, 8, 8, 1), np.uint8), rng.integers(0, 3, 16)
    recorder = st.explain.Recorder(folder / "run" / "recording", steps=2, examples=(x[:1], y[:1]))
    model.fit(x, y, batch_size=4, verbose=0, callbacks=[recorder])
    model.save(folder / "run" / "model.striate")
    Image.fromarray(x[0, ..., 0]).save(folder / "a.png")
    Image.fromarray(np.repeat(rng.integers(0, 256, (20, 30, 1), np.uint8), 3, 2)).save(folder / "big.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    plain = st.Sequential([st.Input((4,)), layers.Dense(2)], seed=1)
    plain.save(folder / "plain.striate")
    return folder


def test_a_method_by_name_writes_a_page(run, home):
    done = run("explain", home / "run", home / "a.png", "--method", "gradient", "--out", "why.html")
    assert done.code == 0
    assert done.out.startswith("gradient: why ")
    assert done.err == "See why.html\n"
    with open("why.html", encoding="utf-8") as file:
        page = file.read()
    assert "<script" not in page
    assert "<img src=x>" not in page


def test_without_a_method_it_chooses_and_says_why(run, home):
    done = run("explain", home / "run", home / "a.png", "--class", "cat")
    assert done.out.startswith("why cat")
    for method in ("integrated-gradients", "grad-cam", "occlusion", "lrp"):
        assert f"{method}: chosen " in done.out


def test_a_class_by_name_and_by_number(run, home):
    by_name = run("explain", home / "run", home / "a.png", "-m", "gradient", "--class", "cat")
    by_number = run("explain", home / "run", home / "a.png", "-m", "gradient", "-c", 0)
    assert by_name.out == by_number.out
    assert "gradient: why cat" in by_name.out
    assert by_name.err == "Pictures come with --out page.html or --out picture.png.\n"


def test_every_method_of_the_table_runs_or_says_why_not(run, home):
    from striate.explain.attribution import METHODS

    listed = run("explain", "--methods")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == list(METHODS)
    for name in ("input-x-gradient", "grad-cam", "cam"):
        done = run("explain", home / "run", home / "a.png", "--method", name)
        assert done.code == 0 or "error: " in done.err
        assert "fault of Striate" not in done.err


def test_without_a_method_the_usual_one_is_taken(run, home):
    done = run("explain", home / "run", home / "a.png", "--out", "why.png")
    assert (done.code, done.err) == (0, "See why.png\n")
    with Image.open("why.png") as picture:
        assert picture.width > 200


def test_an_address_is_taken_apart(run, home):
    done = run("explain", home / "run", home / "a.png", "--address", "conv1/preactivation[0,5,3,1]")
    assert done.code == 0
    model = st.load(home / "run" / "model.striate")
    x = np.asarray(Image.open(home / "a.png"), np.uint8)[None, ..., None]
    reading = st.explain.read(model, x)
    value = float(reading.values["conv1/preactivation"][0, 5, 3, 1])
    found = float(re.search(r"= (-?[\d.e-]+)", done.out.splitlines()[0])[1])
    assert found == pytest.approx(value, rel=1e-4)


def test_an_address_at_a_recorded_step_is_of_this_picture(run, home):
    log = st.explain.open_recording(home / "run" / "recording")
    x = np.asarray(Image.open(home / "a.png"), np.uint8)[None, ..., None]
    reading = st.explain.read(log.model(2), x)
    weight, value = log.value("conv1/kernel", 2)[0, 1, 0, 1], reading.values["conv1"][0, 1, 2, 1]
    for more in ([], ["--recording", home / "run" / "recording"]):
        for address, number in (("conv1/kernel[0,1,0,1]", weight), ("conv1/output[0,1,2,1]", value)):
            done = run("explain", home / "run", home / "a.png", "-a", f"{address}@step=2", *more)
            assert done.code == 0
            assert done.err.startswith("The model is the one after step 2 of its training.\n")
            assert float(done.out.split(" = ")[1].split()[0]) == pytest.approx(float(number), rel=1e-4)
    assert run("explain", home / "run", home / "a.png", "-a", "conv1/kernel.grad[0,0,0,0]@step=2").code == 0


@pytest.mark.parametrize("view", ["filter", "equation", "network", "matrix", "cost", "all"])
def test_views_of_a_convolution(run, home, view):
    done = run("explain", home / "run", home / "a.png", "--view", view, "--layer", "conv1", "-o", "v.png")
    assert (done.code, done.err) == (0, "See v.png\n")
    assert "conv1" in done.out


def test_a_view_of_the_first_convolution_at_a_place(run, home):
    done = run(
        "explain", home / "run", home / "a.png", "--view", "filter", "--filter", 1, "--position", "5,3"
    )
    assert done.out.startswith("Filter view: conv1, filter 1, position (5, 3)\n")


def test_see_draws_maps(run, home):
    done = run("see", home / "run", home / "a.png", "--layer", "conv1")
    assert (done.code, done.err) == (0, "See see.html\n")
    with open("see.html", encoding="utf-8") as file:
        assert "6 x 6, all 2 channels" in file.read()
    assert run("see", home / "run", home / "a.png", "--out", "maps.png").code == 0


def test_a_picture_of_another_size_is_told(run, home):
    done = run("explain", home / "run", home / "big.png", "--view", "cost")
    assert done.code == 0
    assert done.err.startswith(
        "The picture was brought from 30x20 to 8x8 pixels (stretch) and to grey, as the model takes it.\n"
    )
    assert run("explain", home / "run", home / "big.png", "--view", "cost", "--invert").code == 0


def test_hostile_names_do_nothing(run, home):
    done = run("explain", home / "run", home / "a.png", "-m", "gradient", "-c", 1)
    assert "\\x1b[2Jdog" in done.out
    assert not CONTROL.search(done.out + done.err)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["run", "a.png", "--method", "grad-can"],
            "error: method: there is no method 'grad-can'; expected a name of METHODS.\n"
            "  Did you mean 'grad-cam'?\n",
        ),
        (
            ["run", "a.png", "--view", "matrx"],
            "error: --view: got 'matrx'; expected filter, equation, network, matrix, cost or all.\n"
            "  Did you mean matrix?\n",
        ),
        (
            ["run", "a.png", "--view", "matrix", "--layer", "dense1"],
            "error: layer: 'dense1' is no convolution; expected one of conv1.\n"
            "  model.summary() shows all layers.\n",
        ),
        (
            ["run", "a.png", "--view", "matrix", "--position", "9,9"],
            "error: position: got (9, 9); expected a place among 6 x 6 outputs.\n"
            "  Give for instance position=(0, 0).\n",
        ),
        (
            ["run", "a.png", "--view", "matrix", "--position", "here"],
            "error: --position: got 'here'; expected whole numbers and commas.\n"
            "  Write for instance --position 5,3.\n",
        ),
        (
            ["run", "a.png", "--view", "matrix", "--method", "lrp", "--class", "cat"],
            "error: 2 problems:\n"
            "1. --view: it stands beside --method; expected one of --method, --address, --view.\n"
            "  Ask one question at a time.\n"
            "2. --class: it stands beside --view; expected no class.\n"
            "  Leave --class out: a view is of a layer, not of a class.\n",
        ),
        (
            ["run", "a.png", "--position", "1,1", "--address", "conv1[0]", "--layer", "conv1"],
            "error: 2 problems:\n"
            "1. --position: it stands alone; expected --view beside it.\n"
            "  Add for instance --view filter, or leave --position out.\n"
            "2. --layer: it stands beside --address; expected no layer.\n"
            "  Leave --layer out: the address names it.\n",
        ),
        (
            ["run", "nothing.png"],
            "error: nothing.png: it cannot be read: No such file or directory; expected a picture file.\n"
            "  Check the name, the folder, and your right to read it.\n",
        ),
        (
            ["run", "a.png", "--recording", "run"],
            "error: --recording: no step is asked for; expected --address with @step=….\n"
            "  Add for instance --address 'conv1/kernel[0,0,0,0]@step=120'.\n",
        ),
        (
            ["nowhere", "a.png"],
            "error: {home}/nowhere: there is no such file or folder; expected a trained model.\n"
            "  Give a run's folder or a .striate file.\n",
        ),
        (
            ["plain.striate", "a.png"],
            "error: model: its input has the shape (4,); expected a picture, (H, W, 1) or (H, W, 3).\n"
            "  Use it from Python instead: st.explain.at(st.load(path), address, x).\n",
        ),
        (
            ["run", "a.png", "--view", "cost", "--out", "page.pdf"],
            "error: page.pdf: its ending is '.pdf'; expected a page or a picture.\n"
            "  End the name in .html or .png.\n",
        ),
        (
            ["run", "a.png", "--address", "conv1/kernel[0,0,0,0]@step=1"],
            "error: {home}/run/recording: step 1 was not recorded; expected a recorded step.\n"
            "  The nearest: 0 and 2.\n",
        ),
        (
            ["run", "a.png", "--address", "conv1/kernel[0,0,0,0]@step=2", "--recording", "run"],
            "error: {home}/run: the folder holds no index.jsonl; expected a recording.\n"
            "  Give the folder that a Recorder was given.\n",
        ),
    ],
)
def test_wrong_words_meet_a_cure(run, home, words, message):
    names = {"run", "a.png", "nothing.png", "nowhere", "plain.striate"}
    given = [words[0], words[1], *words[2:]]
    given = [home / word if word in names else word for word in given]
    done = run("explain", *given)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert message.format(home=home) in done.err


@pytest.mark.parametrize("command", ["explain", "see"])
def test_broken_pictures_and_missing_words(run, home, command):
    done = run(command, home / "run", home / "broken.png")
    assert done.code == 2
    assert "broken.png" in done.err
    assert "fault of Striate" not in done.err
    assert run(command, home / "run").code == 2
    assert run(command, "--help").code == 0


def test_a_wrong_class_and_a_wrong_number_of_maps(run, home):
    for name in ("dgo", "7"):
        done = run("explain", home / "run", home / "a.png", "-m", "gradient", "-c", name)
        assert done.code == 2
        assert name in done.err
    done = run("see", home / "run", home / "a.png", "--most", 0)
    assert (
        done.err == "error: --most: got 0; expected a whole number from 1.\n  Give for instance --most 16.\n"
    )
    done = run("see", home / "run", home / "a.png", "--layer", "conv7")
    assert done.code == 2
    assert "conv7" in done.err
