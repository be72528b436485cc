"""One size and one fit, chosen from the statistics and said with their numbers."""

import numpy as np
import pytest

from striate.datasets.folders.sizes import choose


def sizes(*pairs, times=10):
    return np.array(list(pairs) * times, np.int32)


def test_pictures_of_one_small_size_stay_as_they_are():
    found = choose(sizes((32, 48)))
    assert (found.size, found.fit) == ((32, 48), "stretch")
    assert found.reason == "All 10 pictures are 32 x 48 (height x width) and stay as they are."


def test_pictures_of_one_large_size_are_shrunk():
    found = choose(sizes((480, 480)))
    assert (found.size, found.fit) == ((96, 96), "stretch")
    assert found.reason == (
        "All 10 pictures are 480 x 480 (height x width). They become 96 x 96, chosen from these numbers, "
        "stretched by at most 0 % in nine of ten."
    )


def test_nearly_square_pictures_are_cropped_to_squares():
    found = choose(sizes((300, 400), (400, 300)))
    assert (found.size, found.fit) == ((96, 96), "crop")
    assert found.reason == (
        "20 pictures from 300 x 400 to 300 x 400 (height x width), median 350 x 350; nine in ten are 0.75 to "
        "1.33 times as wide as high. They become 96 x 96, chosen from these numbers, cropped around their "
        "middle, which costs the median picture 25 % and one in ten 25 % or more."
    )


def test_wide_pictures_stay_wide():
    found = choose(sizes((200, 400), (210, 400)))
    assert found.size == (72, 136)
    assert found.fit == "stretch"


def test_shapes_of_all_kinds_are_padded():
    found = choose(sizes((100, 300), (300, 100)))
    assert (found.size, found.fit) == ((96, 96), "pad")
    assert "padded with black, 67 % of the median one" in found.reason


def test_small_pictures_are_not_blown_up_but_counted():
    found = choose(sizes((20, 20), (40, 41), (60, 60)))
    assert found.size == (40, 40)
    assert found.reason.endswith("10 of them are enlarged.")


@pytest.mark.parametrize("asked", [64, (64, 64), [64, 64], np.int64(64)])
def test_the_person_decides(asked):
    found = choose(sizes((300, 400)), asked, "pad")
    assert (found.size, found.fit) == ((64, 64), "pad")
    assert "They become 64 x 64, as asked, padded" in found.reason


def test_a_fit_is_chosen_for_a_size_that_was_asked_for():
    assert choose(sizes((300, 400)), (60, 80)).fit == "stretch"
    assert choose(sizes((300, 400)), (80, 80)).fit == "crop"
    assert choose(sizes((300, 400)), (80, 20)).fit == "pad"


@pytest.mark.parametrize("seed", range(5))
def test_any_sizes_give_a_size_within_bounds(seed):
    random = np.random.default_rng(seed)
    found = choose(random.integers(1, 5000, (50, 2)))
    assert all(side >= 8 and side % 8 == 0 for side in found.size)
    assert found.size[0] * found.size[1] <= 1.15 * 96**2
