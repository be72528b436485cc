"""From a folder to a trained and tested model: every kind of answer, pictures on the disk or changed."""

import dataclasses
import json

import numpy as np
import pytest
from picture_fixtures import *  # noqa: F403
from picture_fixtures import net, paint, tabled
from PIL import Image

import striate as st
from striate.errors import ArgumentError, DataError
from striate.tasks import (
    PictureOptions,
    Wishes,
    begin,
    carry_out,
    evaluate,
    gather,
    plan,
    predict,
    reopen,
)
from striate.tasks.reporting.found import data_parts
from striate.training.callbacks import Callback


def test_a_folder_becomes_a_model_with_all_it_needs(pets_run, pets):
    planned, outcome = pets_run
    scored = outcome.evaluation.scored
    assert scored.examples == len(planned.material.test) == 6
    assert scored.value("accuracy") > 0.8
    model = st.load(outcome.folder.model)
    assert model.class_names == ("cat", "dog", "owl")
    assert model.preprocessing == planned.material.preprocessing
    assert model.about["training"]["gist"] == [16, 16, 16]
    results = json.loads(outcome.folder.results.read_text())
    assert results["accuracy"] == scored.value("accuracy")
    assert set(results["milliseconds"]) == {"alone", "among_many"}
    with Image.open(outcome.folder.augmented) as sheet:
        assert sheet.width > 400


def test_what_was_found_is_said(pets_run):
    said = "\n".join(pets_run[0].said)
    for words in (
        "pets: 60 pictures.",
        "there are 3 classes",
        "cat, dog, owl",
        "48 pictures to train",
        "8 x 8",
    ):
        assert words in said


def test_pictures_are_answered_as_they_were_tested(pets_run, pets):
    planned, outcome = pets_run
    test = planned.material.test
    found = predict(outcome.folder.path, [pets / name for name in test.files])
    names = [prediction.top[0][0] for prediction in found]
    assert names == [planned.material.answer.names[k] for k in outcome.evaluation.scored.said]


KINDS = {
    "binary": (1, "sigmoid", "accuracy"),
    "multilabel": (2, "sigmoid", "label accuracy"),
    "continuous": (1, "linear", "mean absolute error"),
    "count": (1, "softplus", "mean absolute error"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_beats_its_baseline(kind, tmp_path):
    units, activation, main = KINDS[kind]
    files, table = tabled(tmp_path, kind)
    network, options = net(tmp_path / "net.json", units, activation), PictureOptions(table=str(table))
    more = {"epochs": 40, "batch_size": 16, "lr": 0.02, "augment": "none", "pictures": options}
    wishes = Wishes(str(files), network, **more)
    planned = plan(wishes)
    assert kind == planned.material.answer.KIND
    outcome = carry_out(begin(planned.order, tmp_path / "run", planned.material), planned.order)
    best = outcome.evaluation.scored.main
    assert best.name == main
    assert best.margin[0] > 0
    (said,) = predict(outcome.folder.path, [files / "000.png"])
    assert said.case.text
    assert (
        evaluate(outcome.folder.path, str(files), options=PictureOptions(table=str(table))).scored.main
        == best
    )


class Cut(Callback):
    """A power cut after so many steps."""

    def __init__(self, step):
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("power cut")


@pytest.fixture
def on_disk(monkeypatch):
    """Folders whose pictures are too many for the memory."""
    monkeypatch.setattr("striate.datasets.folders.rows.Rows.nbytes", 1 << 40)


def test_pictures_on_the_disk_train_alike_and_resume_bit_for_bit(pets_run, on_disk, tmp_path):
    planned, whole = pets_run
    again = plan(
        Wishes(planned.order.data, epochs=6, batch_size=16, lr=0.01, seed=3, model=_file(planned, tmp_path))
    )
    assert not again.material.train.in_memory
    folder = begin(again.order, tmp_path / "run", again.material)
    with pytest.raises(RuntimeError, match="power cut"):
        carry_out(folder, again.order, [Cut(8)], again.material)
    folder, order = reopen(folder.path)
    outcome = carry_out(folder, order)
    straight = carry_out(begin(again.order, tmp_path / "straight", again.material), again.order)
    assert outcome.folder.jsonl.read_bytes() == straight.folder.jsonl.read_bytes()
    mine, theirs, memory = (st.load(each.folder.model).get_weights() for each in (outcome, straight, whole))
    for one, two, three in zip(mine, theirs, memory, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(one, three, rtol=1e-4, atol=1e-5)


def _file(planned, folder):
    from striate.network import to_json

    path = folder / "same.json"
    path.write_text(to_json(planned.order.network))
    return str(path)


def test_changed_pictures_are_not_trained_on(tmp_path):
    folder = paint(tmp_path / "birds", ("cat", "dog"), 10)
    wishes = Wishes(str(folder), net(tmp_path / "net.json", 1, "sigmoid"), epochs=1)
    planned = plan(wishes)
    run = begin(planned.order, tmp_path / "run", planned.material)
    (folder / "cat" / "cat003.png").unlink()
    with pytest.raises(DataError) as refused:
        carry_out(*reopen(run.path))
    assert str(refused.value) == (
        f"{folder}: its pictures are no longer those that the run began with; "
        "expected the same pictures, names and labels.\n"
        "  Bring them back as they were, or start a new run."
    )


def test_broken_and_duplicate_files_are_in_the_report(tmp_path):
    folder = paint(tmp_path / "birds", ("cat", "dog"), 10)
    (folder / "cat" / "<b>bad.png").write_text("hello")
    (folder / "dog" / "twin.png").write_bytes((folder / "dog" / "dog004.png").read_bytes())
    with pytest.raises(DataError, match=r"bad\.png: it is not recognized as a picture"):
        gather(str(folder))
    material = gather(str(folder), PictureOptions(skip_broken=True))
    page = "".join(data_parts(material))
    assert "cat/&lt;b&gt;bad.png" in page
    assert "1 files were left out" not in page
    assert "One file was left out:" in page
    assert "dog/dog004.png, dog/twin.png" in page
    assert "smallest 8 x 8, middle 8 x 8, largest 8 x 8" in page


def test_other_pictures_are_warned_of(pets_run, tmp_path):
    run = pets_run[1].folder.path
    bright = paint(tmp_path / "bright", ("cat", "dog"), 6, (40, 40), shift=45, start=500)
    paint(bright, ("fox",), 4, (40, 40), start=500)
    found = evaluate(run, str(bright))
    said = "\n".join(map(str, found.warnings))
    assert "the model cannot know fox (4): it was trained without them" in said
    assert "it has no picture of owl" in said
    assert "the middle one of them has 40x40 and not 8x8 pixels" in said
    assert "their colours are others: " in said
    assert found.scored.examples == 12
    assert found.split == "all"


def test_like_pictures_are_not_warned_of(pets_run, tmp_path):
    found = evaluate(pets_run[1].folder.path, str(paint(tmp_path / "more", count=8, start=700)))
    assert found.warnings == ()
    assert found.scored.examples == 24


def test_the_training_folder_is_known_again(pets_run, pets):
    outcome = pets_run[1]
    found = evaluate(outcome.folder.path, str(pets))
    assert found.split == "test"
    assert found.scored.to_json() == outcome.evaluation.scored.to_json()
    assert "the model was trained on this folder; only the pictures kept for testing count" in str(
        found.warnings[0]
    )
    everything = evaluate(outcome.folder.path, str(pets), "all")
    assert everything.scored.examples == 60


def test_a_folder_of_strangers_is_refused(pets_run, tmp_path):
    folder = paint(tmp_path / "zoo", ("fox", "owl"), 4)
    (folder / "owl").rename(folder / "elk")
    with pytest.raises(DataError) as refused:
        evaluate(pets_run[1].folder.path, str(folder))
    assert str(refused.value) == (
        f"{folder}: its names are elk, fox, and the model knows cat, dog, owl; "
        "expected a name that the model knows.\n  Give pictures of what the model was trained for."
    )


def test_wishes_that_cannot_be(pets, tmp_path):
    for wishes, text in (
        ({"lr": "fast"}, "--lr: got 'fast'; expected a number above 0, or auto.\n"
         "  Give for instance --lr 0.001, or --lr auto to have one sought."),
        ({"augment": "wild"}, "augment: got 'wild'; expected one of none, light, strong.\n"
         "  Choose one of them."),
        ({"time": "soon"}, "--time: got 'soon'; expected a time above 0.\n"
         "  Write for instance --time 5m, 90s or 1h."),
    ):  # fmt: skip
        with pytest.raises(ArgumentError) as refused:
            plan(Wishes(str(tmp_path / "nowhere/"), **wishes))
        assert str(refused.value) == text


def test_a_network_for_other_answers_is_refused(pets, tmp_path):
    with pytest.raises(DataError) as refused:
        plan(Wishes(str(pets), net(tmp_path / "net.json", 4, "softmax")))
    assert str(refused.value) == (
        "folder pets: it has 3 classes and the model tells 4 apart; expected the same number of classes.\n"
        "  Choose the data set that the model was trained on, or train another model."
    )
    files, table = tabled(tmp_path, "count", 30)
    with pytest.raises(DataError) as refused:
        plan(
            Wishes(
                str(files), net(tmp_path / "one.json", 1, "linear"), pictures=PictureOptions(table=str(table))
            )
        )
    assert str(refused.value) == (
        "folder files: its answers are counts and the model ends in 'linear'; expected rates above 0.\n"
        "  End the network in Dense(1, activation='softplus')."
    )


def test_a_rate_is_sought_and_a_time_is_kept(pets, tmp_path):
    wishes = Wishes(str(pets), net(tmp_path / "net.json", 3, "softmax"), lr="auto", time="30s", epochs=4)
    planned = plan(wishes)
    assert planned.order.recipe.epochs == 4
    assert 1e-6 < planned.order.recipe.learning_rate < 1
    assert planned.said[-1] == "4 epochs fit into 30s."
    assert planned.said[-2].startswith("Learning rate 0.")
    with pytest.raises(ArgumentError, match="--time: one epoch alone takes about"):
        plan(dataclasses.replace(wishes, lr=None, time="0.001s"))
