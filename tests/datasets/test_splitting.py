"""Dealing pictures to parts: class by class, groups uncut, the same whatever the files are called."""

import hashlib

import numpy as np
import pytest
from hypothesis import given as given_values
from hypothesis import settings
from hypothesis import strategies as st

from striate.datasets.folders.layout import TEST, TRAIN, UNKNOWN, VALIDATION
from striate.datasets.folders.splitting import deal, ranks


def contents(count, start=0):
    """(count, 32) SHA-256 of as many different files."""
    digests = (hashlib.sha256(b"%d" % number).digest() for number in range(start, start + count))
    return np.array([list(digest) for digest in digests], np.uint8).reshape(count, 32)


def dealt(strata, groups=None, given=None, validation=0.1, test=0.2, seed=0, sha256=None):
    strata = np.asarray(strata)
    count = len(strata)
    groups = np.arange(count) if groups is None else np.asarray(groups)
    given = np.full(count, UNKNOWN) if given is None else np.asarray(given)
    sha256 = contents(count) if sha256 is None else sha256
    return deal(strata, groups, ranks(sha256, seed), given, validation, test)


def test_each_class_gives_its_share():
    strata = np.repeat([0, 1, 2], [100, 50, 10])
    parts = dealt(strata)
    for stratum, count in ((0, 100), (1, 50), (2, 10)):
        chosen = parts[strata == stratum]
        assert (chosen == TEST).sum() == round(0.2 * count)
        assert (chosen == VALIDATION).sum() == round(0.1 * count)


def test_seeds_make_other_splits_and_the_same_seed_the_same():
    strata = np.zeros(200, int)
    assert (dealt(strata, seed=1) == dealt(strata, seed=1)).all()
    assert (dealt(strata, seed=1) != dealt(strata, seed=2)).any()


def test_names_and_order_do_not_matter():
    sha256, strata = contents(60), np.arange(60) % 3
    order = np.random.default_rng(0).permutation(60)
    parts = dealt(strata, sha256=sha256)
    assert (dealt(strata[order], sha256=sha256[order]) == parts[order]).all()


def test_an_added_picture_moves_almost_none():
    strata = np.zeros(1001, int)
    before = dealt(strata[:1000], sha256=contents(1000))
    after = dealt(strata, sha256=contents(1001))
    assert (before != after[:1000]).sum() <= 2


def test_given_parts_are_kept_and_only_missing_ones_are_drawn():
    given = np.array([TRAIN] * 50 + [TEST] * 20)
    parts = dealt(np.zeros(70, int), given=given)
    assert (parts[50:] == TEST).all()
    assert (parts[:50] == VALIDATION).sum() == 5
    assert (parts[:50] == TRAIN).sum() == 45
    given = np.array([TRAIN] * 50 + [VALIDATION] * 5)
    parts = dealt(np.zeros(55, int), given=given)
    assert (parts[:50] == TEST).sum() == 10
    given = np.array([TRAIN, VALIDATION, TEST])
    assert dealt([0, 0, 0], given=given).tolist() == [TRAIN, VALIDATION, TEST]


def test_shares_of_nothing_draw_nothing():
    assert (dealt(np.zeros(50, int), validation=0, test=0) == TRAIN).all()
    assert (dealt(np.zeros(50, int), validation=0) != VALIDATION).all()


@pytest.mark.parametrize(
    ("count", "wanted"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])]
)
def test_small_classes(count, wanted):
    assert np.bincount(dealt(np.zeros(count, int)), minlength=3).tolist() == wanted


def test_a_large_group_does_not_swallow_the_test():
    groups = np.array([0] * 80 + list(range(80, 100)))
    parts = dealt(np.zeros(100, int), groups=groups)
    assert (parts[:80] == TRAIN).all()
    assert (parts == TEST).sum() == 19  # of the 20 other pictures one is left for validation
    groups = np.array([0] * 30 + [30] * 30 + [60] * 40)
    assert sorted(np.bincount(dealt(np.zeros(100, int), groups=groups)).tolist()) == [30, 30, 40]


@settings(max_examples=80, deadline=None)
@given_values(st.data())
def test_groups_are_never_cut_and_someone_always_trains(data):
    count = data.draw(st.integers(1, 60))
    strata = np.array(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    groups = np.array(data.draw(st.lists(st.integers(0, 15), min_size=count, max_size=count)))
    first = {number: index for index, number in reversed(list(enumerate(groups.tolist())))}
    groups = np.array([first[number] for number in groups.tolist()])
    shares = st.sampled_from([0.0, 0.1, 0.3, 0.45])
    parts = dealt(strata, groups, validation=data.draw(shares), test=data.draw(shares))
    for number in np.unique(groups):
        assert len(np.unique(parts[groups == number])) == 1
    assert (parts == TRAIN).any()


def test_ranks_depend_on_content_and_seed_alone():
    sha256 = contents(5)
    assert (ranks(sha256[::-1].copy(), 3)[::-1] == ranks(sha256, 3)).all()
    assert ranks(sha256, 3).dtype == np.uint64
    salted = hashlib.sha256(b"striate split 3 " + sha256[0].tobytes()).digest()
    assert int(ranks(sha256, 3)[0]) == int.from_bytes(salted[:8], "big")
