"""The best pieces of a data set, against a loop that looks at everything."""

import numpy as np
import pytest
from seeing_networks import pictures, small

from striate.explain import read, top_patches
from striate.network import pixels_seen


@pytest.fixture(scope="module")
def model():
    return small()


def by_looking_at_everything(model, layer, images, k, channel):
    """[(score, row, position)] best first, one a picture, in plain loops."""
    maps = np.concatenate([np.asarray(read(model, image).values[layer]) for image in images])
    best = []
    for row in range(len(images)):
        score, position = -np.inf, None
        for i, j in np.ndindex(*maps.shape[1:3]):
            if maps[row, i, j, channel] > score:
                score, position = maps[row, i, j, channel], (i, j)
        best.append((score, row, position))
    return sorted(best, key=lambda one: (-one[0], one[1]))[:k]


@pytest.mark.parametrize("layer", ["a", "b"])
def test_they_are_what_a_loop_over_everything_finds(model, layer):
    images = pictures(23)
    found = top_patches(model, layer, images, k=4, channels=(5, 2), batch_size=8)
    for index, channel in enumerate((5, 2)):
        for rank, (score, row, position) in enumerate(
            by_looking_at_everything(model, layer, images, 4, channel)
        ):
            assert found.scores[index, rank] == pytest.approx(score, abs=1e-5)
            assert found.rows[index, rank] == row
            assert tuple(found.positions[index, rank]) == position
            (top, bottom), (left, right) = pixels_seen(model.network, layer, position)["input1"]
            np.testing.assert_array_equal(
                found.patch(channel, rank), images[row, top : bottom + 1, left : right + 1]
            )
            assert found.box(channel, rank) == ((top, bottom), (left, right))
    assert found.seen == 23


def test_however_the_pictures_come_the_answer_is_the_same(model):
    images = pictures(21)
    whole = top_patches(model, "b", images, k=3, batch_size=4)
    pieces = [images[:1], images[1:10], images[10:10], images[10:]]
    ways = {
        "batches": iter(pieces),
        "pairs": ((piece, np.zeros(len(piece))) for piece in pieces),
        "single pictures": iter(images),
        "one batch": [images],
    }
    for way in ways.values():
        other = top_patches(model, "b", way, k=3, batch_size=4)
        np.testing.assert_array_equal(other.rows, whole.rows)
        np.testing.assert_array_equal(other.scores, whole.scores)
        np.testing.assert_array_equal(other.patch(2), whole.patch(2))


def test_only_pictures_with_a_piece_are_kept_and_each_batch_is_let_go(model):
    made = []

    def batches():
        for _ in range(30):
            made.append(pictures(4))
            yield made[-1]

    found = top_patches(model, "b", batches(), k=2, channels=(0, 1), batch_size=4)
    assert set(found.pictures) == set(found.rows.ravel().tolist())
    assert len(found.pictures) <= 4
    assert all(picture.base is None for picture in found.pictures.values())
    for row, picture in found.pictures.items():
        np.testing.assert_array_equal(picture, made[row // 4][row % 4])


def test_among_equals_the_earlier_picture_wins(model):
    same = pictures(1).repeat(7, 0)
    found = top_patches(model, "b", same, k=3, batch_size=2)
    np.testing.assert_array_equal(found.rows, [[0, 1, 2]] * 6)


def test_fewer_pictures_than_k_give_fewer_pieces(model):
    found = top_patches(model, "b", pictures(2), k=9, channels=3)
    assert found.scores.shape == (1, 2)
    assert found.pixels().shape[2] == 3


def test_pieces_at_borders_are_drawn_where_they_were(model):
    dark = np.zeros((1, 14, 14, 3), np.uint8)
    dark[0, 0, 0] = 255
    found = top_patches(model, "b", np.concatenate([dark, pictures(3)]), k=4)
    for part in found.parts()[:-1]:
        assert part.pixels.ndim == 3
    assert found.parts()[-1].words.startswith("4 pictures.")
