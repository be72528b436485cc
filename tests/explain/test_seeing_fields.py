"""Receptive fields: nothing outside the frame counts, and what counts inside is the slope."""

import numpy as np
import pytest
from seeing_networks import pictures, small, weight

from striate import layers
from striate.explain import receptive_field
from striate.models import Input, Sequential
from striate.network import pixels_seen


@pytest.fixture(scope="module")
def model():
    return small()


@pytest.mark.parametrize("position", [None, (0, 0), (5, 2)])
def test_the_effective_field_lies_inside_the_theoretical_one(model, position):
    seen = receptive_field(model, "b", position, images=pictures(20), samples=12)
    (top, bottom), (left, right) = seen.box
    spot = (3, 3) if position is None else position
    assert seen.box == pixels_seen(model.network, "b", spot)["input1"]
    outside = np.ones((14, 14), bool)
    outside[top : bottom + 1, left : right + 1] = False
    assert not seen.influence[outside].any()
    assert seen.influence.max() == 1
    assert 1 <= seen.effective <= np.sqrt((~outside).sum())
    assert (seen.position, seen.samples) == (spot, 12)


def test_the_influence_of_a_linear_channel_is_the_size_of_its_kernel():
    model = Sequential(
        [Input((9, 9, 3)), layers.Conv2D(4, 3, name="a"), layers.Conv2D(2, 2, name="b")], seed=1
    )
    both = np.zeros((4, 4, 3, 2))
    for i, j in np.ndindex(2, 2):
        both[i : i + 3, j : j + 3] += np.einsum("hwcm,mf->hwcf", weight(model, "a"), weight(model, "b")[i, j])
    sizes = np.sqrt((both**2).sum(2))
    seen = receptive_field(model, "b", (1, 2), channel=1)
    np.testing.assert_allclose(seen.influence[1:5, 2:6], sizes[..., 1] / sizes[..., 1].max(), rtol=1e-4)
    assert seen.effective == pytest.approx(np.sqrt((sizes[..., 1] > 0.0455 * sizes[..., 1].max()).sum()))


def test_all_channels_together_are_the_root_of_the_sum_of_their_squares():
    model = Sequential([Input((5, 5, 1)), layers.Conv2D(3, 3, name="a")], seed=2)
    expected = np.sqrt((weight(model, "a")[:, :, 0] ** 2).sum(-1))
    seen = receptive_field(model, "a", samples=4000)
    np.testing.assert_allclose(seen.influence[1:4, 1:4], expected / expected.max(), rtol=0.1)


def test_the_same_seed_gives_the_same_field_and_another_another(model):
    fields = [receptive_field(model, "b", seed=seed).influence for seed in (4, 4, 5)]
    np.testing.assert_array_equal(fields[0], fields[1])
    assert np.abs(fields[0] - fields[2]).max() > 1e-3


def test_it_is_drawn_on_the_picture_that_is_given(model):
    picture = pictures(1, side=28)[0]
    seen = receptive_field(model, "b", picture=picture)
    assert seen.picture.shape == (14, 14, 3)
    assert abs(seen.picture.mean() - picture.mean()) < 5
    field, effective, note = seen.parts()
    assert field.caption.startswith("8x8 every 2: rows 4 to 11")
    assert "4.55 %" in note.words
    assert (field.pixels == (255, 140, 0)).all(-1).sum() > 4 * 50
    assert effective.caption == f"about {seen.effective:.1f} pixels wide"
