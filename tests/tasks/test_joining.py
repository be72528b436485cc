"""An ensemble is one model file whose answers are the means of its members' answers."""

import numpy as np
import pytest
from picture_fixtures import *  # noqa: F403
from picture_fixtures import net, paint

import striate as st
from striate.errors import ArgumentError
from striate.images import Preprocessing
from striate.layers import Dense, Flatten
from striate.network import sequential
from striate.tasks import PictureOptions, Wishes, begin, carry_out, ensemble, load_trained, make_trained, plan
from striate.tasks.answers import Continuous, Multinomial
from striate.tasks.joining import join

PIXELS = np.random.default_rng(6).integers(0, 256, (9, 8, 8, 3), np.uint8)


def member(seed, activation="softmax", answer=None, recipe=None):
    """An untrained model with a scale of its own."""
    answer = answer or Multinomial(("a", "b", "c"))
    layers = [Flatten(), Dense(answer.units, activation=activation)]
    recipe = recipe or Preprocessing(
        (8, 8), 3, 1 / 255, mean=(0.1 * seed, 0.2, 0.3), std=(0.5, 0.4, 0.2 + seed)
    )
    model = st.Model.from_network(sequential(layers, input_shape=(8, 8, 3)), preprocessing=recipe, seed=seed)
    model.about = {"answer": answer.to_json()}
    return make_trained(model)


@pytest.mark.parametrize("activation", ["softmax", "linear"])
def test_the_mean_of_answers_not_of_pixels_or_logits(activation, tmp_path):
    members = [member(seed, activation) for seed in (1, 2, 3)]
    wanted = np.mean([each.outputs(PIXELS) for each in members], axis=0)
    join(members).model.save(tmp_path / "three.striate")
    found = load_trained(tmp_path / "three.striate")
    np.testing.assert_allclose(found.outputs(PIXELS), wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.outputs(PIXELS).sum(axis=1), 1, atol=1e-5)
    raw = np.asarray(st.load(tmp_path / "three.striate").predict(PIXELS, verbose=0))
    np.testing.assert_allclose(raw, wanted, rtol=1e-4, atol=1e-6)


def test_numbers_learned_on_scales_of_their_own():
    answers = [Continuous(("angle",), 10.0, 2.0), Continuous(("angle",), -30.0, 50.0)]
    members = [member(seed, "linear", answer) for seed, answer in enumerate(answers, 1)]
    wanted = np.mean([each.answer.outputs(each.outputs(PIXELS)) for each in members], axis=0)
    whole = join(members)
    np.testing.assert_allclose(whole.answer.outputs(whole.outputs(PIXELS)), wanted, rtol=1e-4, atol=1e-4)


def test_a_picture_and_its_mirror_image(tmp_path):
    plain, twice = (join([member(1), member(2)], mirrored) for mirrored in (False, True))
    twice.model.save(tmp_path / "twice.striate")
    wanted = (plain.outputs(PIXELS) + plain.outputs(PIXELS[:, :, ::-1])) / 2
    np.testing.assert_allclose(load_trained(tmp_path / "twice.striate").outputs(PIXELS), wanted, atol=1e-6)
    assert not np.allclose(wanted, plain.outputs(PIXELS))


def test_members_that_do_not_fit():
    other = member(2, recipe=Preprocessing((8, 8), 3, fit="crop"))
    stranger = member(3, answer=Multinomial(("a", "b", "d")))
    with pytest.raises(ArgumentError) as refused:
        join([member(1), other, stranger])
    assert str(refused.value) == (
        "2 problems:\n"
        "1. model: its pictures are not those of model: size, colour or fit differ; "
        "expected the same form of pictures.\n  Leave it out.\n"
        "2. model: its answers are not those of model; expected the same kind and names.\n  Leave it out."
    )
    with pytest.raises(ArgumentError, match="members: got 1; expected two models or more"):
        join([member(1)])


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Two runs on one folder that split it alike, and a third that splits it in its own way."""
    base = tmp_path_factory.mktemp("two")
    folder, runs = paint(base / "pets", ("cat", "dog"), 30), []
    for seed, options in ((1, PictureOptions(split_seed=7)), (2, PictureOptions(split_seed=7)), (3, None)):
        more = {} if options is None else {"pictures": options}
        wishes = Wishes(str(folder), net(base / "net.json", 2, "softmax"), epochs=2, seed=seed, **more)
        planned = plan(wishes)
        runs.append(base / f"run{seed}")
        carry_out(begin(planned.order, runs[-1], planned.material), planned.order, (), planned.material)
    return runs


def test_members_and_whole_are_tested_on_the_same_new_pictures(two_runs, tmp_path):
    joined = ensemble(two_runs[:2], tmp_path / "both.striate")
    assert joined.note == "Tested on 6 pictures of pets that are new to all members."
    assert [each.scored.examples for each in (*joined.members, joined.evaluation)] == [6, 6, 6]
    apart = ensemble([two_runs[0], two_runs[2]], tmp_path / "apart.striate")
    assert apart.evaluation is None or apart.evaluation.scored.examples < 6
    alone = ensemble([run / "model.striate" for run in two_runs[:2]], tmp_path / "files.striate")
    assert alone.evaluation is None
    assert alone.note == "Not tested: a model file alone does not say where its pictures lie."
    assert (tmp_path / "files.striate").read_bytes() == (tmp_path / "both.striate").read_bytes()
