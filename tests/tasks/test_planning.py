"""Sensible choices for a person who said nothing."""

import numpy as np
import pytest

from striate.applications import mnist_convnet, small_resnet
from striate.errors import ArgumentError, StriateError
from striate.images import Preprocessing
from striate.tasks import recipes
from striate.tasks.answers import Binary, Continuous, Count, Multinomial
from striate.tasks.material import Material, Portion, gather, is_folder
from striate.tasks.pictures import PictureOptions
from striate.tasks.planning import default_network, default_recipe, seconds_of, untrained, with_head


def material(count=200, answer=None, shape=(28, 28, 3)):
    x, y = np.zeros((1, *shape), np.uint8).repeat(count, 0), np.zeros(count, np.int32)
    whole, few = Portion(x, y), Portion(x[:10], y[:10])
    return Material(
        "some",
        answer or Multinomial(("a", "b", "c")),
        shape,
        Preprocessing(shape[:2], shape[2]),
        whole,
        few,
        few,
    )


@pytest.mark.parametrize(
    "answer", [Binary(("n", "y")), Multinomial(("a", "b", "c")), Continuous(("z",)), Count(("n",))]
)
def test_the_network_ends_in_the_answers_head(answer):
    network = default_network(material(answer=answer))
    last = network.nodes[-1].layer
    assert (last.units, last.activation) == (answer.units, answer.ACTIVATION)
    assert untrained(network, material(answer=answer), 3).about == {"answer": answer.to_json()}


def test_a_head_keeps_what_already_fits():
    network = mnist_convnet().network
    assert with_head(network, Multinomial(tuple("0123456789"))) is network


def test_a_network_without_a_dense_end_is_refused():
    with pytest.raises(ArgumentError) as refused:
        with_head(small_resnet(include_top=False).network, Binary(("n", "y")))
    assert str(refused.value).endswith(
        "expected a dense layer at its end.\n  End the network in a Dense layer."
    )


def test_fewer_pictures_are_seen_more_often():
    epochs = [default_recipe(material(count)).epochs for count in (100, 2_500, 10_000, 45_000)]
    assert epochs == [80, 50, 25, 12]


def test_angles_are_not_flipped_and_digits_neither():
    assert default_recipe(material(answer=Continuous(("angle",)))).augment == "none"
    assert default_recipe(material(shape=(28, 28, 1))).augment == "none"
    assert default_recipe(material()).augment == "light"


def test_a_recipe_refuses_what_cannot_be():
    with pytest.raises(ArgumentError) as refused:
        recipes.DEFAULT.changed(augment="wild", smoothing=1.5)
    assert str(refused.value) == (
        "2 problems:\n1. smoothing: got 1.5; expected a share from 0 below 1.\n  Give for instance 0.1.\n"
        "2. augment: got 'wild'; expected one of none, light, strong.\n  Choose one of them."
    )


def test_times_as_people_write_them():
    with pytest.raises(ArgumentError) as refused:
        seconds_of("soon")
    assert str(refused.value) == (
        "--time: got 'soon'; expected a time above 0.\n  Write for instance --time 5m, 90s or 1h."
    )


def test_a_data_set_is_material(striate_home):
    found = gather("mnist", limit=1000, held_out=100)
    assert [len(part) for part in (found.train, found.held_out, found.test)] == [900, 100, 10_000]
    assert found.answer == Multinomial(tuple("0123456789"))
    assert found.shape == found.train.x.shape[1:] == (28, 28, 1)
    assert found.test.name(7) == "no. 7"
    assert found.sentences() == ["mnist: 900 to train on, 100 to watch, 10,000 to test"]


def test_options_of_folders_are_refused_for_data_sets():
    with pytest.raises(StriateError) as refused:
        gather("mnist", PictureOptions(fit="crop"))
    assert str(refused.value) == (
        "DATA: mnist is a data set, which has its own sizes and targets; "
        "expected a folder for these options.\n"
        "  Leave the options for folders out."
    )


def test_names_of_data_sets_come_before_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "birds").mkdir()
    assert [is_folder(name) for name in ("mnist", "./mnist", "birds", "bees")] == [False, True, True, False]


def test_options_come_back_from_json():
    options = PictureOptions(size=(32, 48), fit="pad", skip_broken=True)
    assert PictureOptions.from_json(options.to_json(), "config") == options
