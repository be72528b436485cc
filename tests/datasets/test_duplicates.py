"""Look-alikes: found among many, joined in chains, and plain pictures not thrown together."""

import hashlib
import io
import itertools

import numpy as np
import pytest
from folder_fixtures import blobs
from PIL import Image, ImageEnhance

from striate.datasets import mnist
from striate.datasets.folders._joining import _found, members
from striate.datasets.folders.duplicates import USUAL, candidates, components, group
from striate.images.looks import look


def slow_pairs(looks, most):
    """Every pair, one after the other."""
    values = [int(value) for value in looks]
    pairs = itertools.combinations(range(len(values)), 2)
    return {(i, j) for i, j in pairs if (values[i] ^ values[j]).bit_count() <= most}


def crowded(count, seed=0):
    """Looks of which many differ in a few bits only, some in none."""
    random = np.random.default_rng(seed)
    looks = random.integers(0, 2**63, count, dtype=np.uint64)
    for index in range(count // 2, count):
        flips = random.choice(64, random.integers(0, 11), replace=False)
        looks[index] = looks[random.integers(0, count // 2)] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    return looks


@pytest.mark.parametrize("most", [0, 3, USUAL.near])
def test_all_close_pairs_are_found_and_each_once(most):
    looks = crowded(400)
    found = [tuple(pair) for pairs in candidates(looks, most) for pair in pairs.tolist()]
    assert len(found) == len(set(found))
    assert set(found) == slow_pairs(looks, most)
    assert len(found) > 20


def test_all_close_pairs_are_found_in_one_crowd(monkeypatch):
    monkeypatch.setattr("striate.datasets.folders.duplicates.BLOCK", 700)
    looks = np.zeros(60, np.uint64)
    assert sum(len(pairs) for pairs in candidates(looks)) == 60 * 59 // 2


def test_crowds_are_cut_so_that_plain_pictures_take_no_forever(monkeypatch):
    monkeypatch.setattr("striate.datasets.folders.duplicates.CROWD", 50)
    looks = crowded(400) & np.uint64(0xFFFF_FFFF_FFFF_0000)  # two bands say nothing
    found = {tuple(pair) for pairs in candidates(looks) for pair in pairs.tolist()}
    every = slow_pairs(looks, USUAL.near)
    assert found <= every
    assert len(found) > 0.95 * len(every)
    same = np.full(400, 7, np.uint64)
    assert 400 * 49 / 2 <= sum(len(pairs) for pairs in candidates(same)) <= 8 * 400 * 49 / 2


def test_chains_are_followed():
    assert components(7, np.array([[5, 6], [1, 2], [2, 3], [6, 0]])).tolist() == [0, 1, 1, 1, 4, 0, 0]
    assert components(3, np.empty((0, 2), np.int64)).tolist() == [0, 1, 2]


def array(picture):
    pixels = np.asarray(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def grouped(pictures):
    """The groups of pictures (H, W, C) of one shape, as the folder finds them."""
    pixels = np.stack([array(picture) for picture in pictures])
    looks = np.array([look(each) for each in pixels], np.uint64)
    sums = [list(hashlib.sha256(each.tobytes()).digest()) for each in pixels]
    return members(_found(np.array(sums, np.uint8), looks, Pixels(pixels)))


class Pixels:
    """An array that is used as `Rows` are."""

    def __init__(self, pixels):
        self.pixels, self.shape = pixels, pixels.shape

    def take(self, rows):
        return Pixels(self.pixels[rows])

    def __getitem__(self, index):
        return self.pixels[index]

    def __len__(self):
        return len(self.pixels)


def jpeg(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


CHANGES = {
    "saved again": lambda picture: jpeg(picture, 60),
    "resized": lambda picture: picture.resize((31, 40)).resize(picture.size),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "an edge cut off": lambda picture: picture.crop((1, 1, 95, 95)).resize(picture.size),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_look_alikes(change):
    originals = [blobs(seed, 96, 96) for seed in range(40)]
    pictures = originals + [CHANGES[change](picture) for picture in originals]
    found = [each for each in grouped(pictures) if len(each) == 2 and each[1] == each[0] + 40]
    assert len(found) >= 36  # nine in ten; of the cut ones too


def test_different_pictures_are_no_look_alikes():
    assert grouped([blobs(seed, 96, 96) for seed in range(300)]) == ()


def test_colour_counts():
    red, green = (Image.new("RGB", (32, 32), colour) for colour in ((200, 30, 30), (30, 109, 30)))
    for picture in (red, green):
        picture.paste((255, 255, 255), (8, 8, 20, 20))
    assert look(array(red)) == look(array(green))
    assert grouped([red, green]) == ()


def test_plain_pictures_are_alike_only_when_they_are_the_same():
    greys = [Image.new("L", (32, 32), value) for value in (0, 1, 100, 102, 255)]
    assert grouped(greys) == ((0, 1), (2, 3))


def test_chains_of_look_alikes_are_one_group():
    first, last = np.asarray(blobs(1, 64, 64), float), np.asarray(blobs(2, 64, 64), float)
    steps = [(first * (1 - part) + last * part).astype(np.uint8) for part in np.linspace(0, 1, 60)]
    assert grouped(steps) == (tuple(range(60)),)


def test_digits_are_not_thrown_together():
    """The looks alone would put 9 of 10 digits of MNIST into one group."""
    (x, _), _ = mnist.load_data()
    found = grouped(x[:4000, :, :, None])
    assert sum(map(len, found)) < 120
    assert max(map(len, found), default=0) <= 30


def test_copies_come_first_and_need_no_second_look():
    pictures = [array(blobs(seed)) for seed in (1, 2, 1, 3, 2, 1)]
    assert grouped(pictures) == ((0, 2, 5), (1, 4))


def test_nothing_is_asked_of_pictures_that_look_like_no_other():
    looks = np.array([0, 2**64 - 1], np.uint64)
    assert group(looks, lambda rows, side: pytest.fail("nobody needs a second look")).tolist() == [0, 1]


@pytest.mark.slow
def test_a_hundred_thousand_looks_take_seconds():
    looks = np.random.default_rng(0).integers(0, 2**63, 100_000, dtype=np.uint64)
    assert sum(len(pairs) for pairs in candidates(looks)) < 100
