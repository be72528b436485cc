"""The cache of decoded pictures: whole shards or none, found by content, checked on every reading."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403

from striate.datasets.folders import store as store_module
from striate.datasets.folders.batches import Batches
from striate.datasets.folders.rows import Rows
from striate.datasets.folders.store import FACTS, Recipe, Store
from striate.errors import ArgumentError, DataError

RECIPE = Recipe((3, 4), 3, "crop")


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 4, 3), dtype=np.uint8)


def digest(picture):
    return hashlib.sha256(picture.tobytes()).digest()


def sums(pictures):
    """(n, 32) SHA-256 of each."""
    return np.array([list(digest(each)) for each in pictures], np.uint8).reshape(-1, 32)


def filled(store, x, rows=None):
    """Write pictures into a new shard, as workers do."""
    shard = store.begin(len(x))
    facts = []
    with shard.path.open("r+b") as file:
        for row, picture in enumerate(x):
            file.seek(shard.place(row))
            file.write(picture.tobytes())
            if rows is None or row in rows:
                sha256 = np.frombuffer(digest(picture), np.uint8)
                facts.append((sha256, row, zlib.crc32(picture.tobytes()), 30, 40, row))
    store.add(shard, np.array(facts, FACTS))


@pytest.fixture
def store():
    """A cache with three shards of ten pictures each."""
    store = Store(RECIPE)
    for seed in range(3):
        filled(store, pictures(10, seed))
    return store


@pytest.fixture
def x():
    return np.concatenate([pictures(10, seed) for seed in range(3)])


def test_pictures_come_back_by_their_content(store, x):
    order = np.random.default_rng(0).permutation(30)
    rows = store.rows(sums(x[order]))
    assert (rows.array() == x[order]).all()
    assert store.facts(sums(x[12:13]))[["row", "height", "width", "look"]].tolist() == [(2, 30, 40, 2)]
    assert store.has(digest(x[3]))
    assert not store.has(b"0" * 32)


def test_another_process_finds_the_same(store, x):
    again = Store(RECIPE)
    assert (again.rows(sums(x)).array() == x).all()


def test_recipes_have_folders_of_their_own(store):
    others = [Recipe((4, 3), 3, "crop"), Recipe((3, 4), 1, "crop"), Recipe((3, 4), 3, "pad")]
    assert len({RECIPE.folder, *(other.folder for other in others)}) == 4
    assert RECIPE.folder.name.startswith("3x4x3-crop-")
    assert not Store(others[0]).has(digest(pictures(1)[0]))


def test_only_what_was_written_counts(x):
    store = Store(RECIPE)
    filled(store, x, rows=[4, 7])
    assert [index for index in range(30) if store.has(digest(x[index]))] == [4, 7]
    filled(store, x[:0])
    shard = store.begin(5)
    store.add(shard, np.empty(0, FACTS))
    assert not shard.path.exists()


def test_an_unfinished_shard_is_no_shard(store, x):
    shard = store.begin(4)
    assert shard.path.name.startswith(".")
    lonely = RECIPE.folder / f"{'0' * 16}.npy"
    lonely.write_bytes(shard.path.read_bytes())
    again = Store(RECIPE)
    assert (again.rows(sums(x)).array() == x).all()
    assert shard.path.exists()
    long_ago = time.time() - 2 * store_module.LEFTOVER_AGE
    for path in (shard.path, lonely):
        os.utime(path, (long_ago, long_ago))
    Store(RECIPE)
    assert not shard.path.exists()
    assert not lonely.exists()
    assert len(list(RECIPE.folder.iterdir())) == 6


HARMS = {
    "facts cut": lambda facts, pixels: facts.write_bytes(facts.read_bytes()[:-1]),
    "facts of another kind": lambda facts, pixels: np.save(facts, np.zeros(3)),
    "facts are objects": lambda facts, pixels: np.save(facts, np.array([print], object), allow_pickle=True),
    "facts beyond the pixels": lambda facts, pixels: np.save(facts, np.array([(0, 99, 0, 1, 1, 0)], FACTS)),
    "pixels gone": lambda facts, pixels: pixels.unlink(),
    "pixels cut": lambda facts, pixels: pixels.write_bytes(pixels.read_bytes()[:200]),
    "pixels of another size": lambda facts, pixels: np.save(pixels, np.zeros((10, 4, 3, 3), np.uint8)),
    "no pixels": lambda facts, pixels: pixels.write_bytes(b"x" * 500),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_shard_is_decoded_again(x, harm):
    filled(Store(RECIPE), x)
    (facts,) = RECIPE.folder.glob("*.facts.npy")
    HARMS[harm](facts, facts.with_name(facts.name.replace(".facts", "")))
    assert not any(Store(RECIPE).has(digest(each)) for each in x)


def test_changed_pixels_are_noticed_when_they_are_read(store, x):
    rows = store.rows(sums(x[:2]))
    path = rows.shards[0].path
    data = bytearray(path.read_bytes())
    data[rows.shards[0].offset + 5] ^= 1
    path.write_bytes(data)
    assert (rows[1] == x[1]).all()
    with pytest.raises(DataError) as caught:
        rows[0]
    assert str(caught.value) == (
        f"{path}: its pixels are not what was written; expected a shard of the cache of decoded pictures.\n"
        f"  Remove the folder {path.parent}/: its pictures are decoded again."
    )
    path.unlink()
    with pytest.raises(DataError, match=r"it cannot be read \(No such file or directory\)"):
        rows[1]


def test_a_full_disk_is_told_before_the_work(monkeypatch):
    monkeypatch.setattr(
        store_module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 2_000_000_000})
    )
    with pytest.raises(DataError) as caught:
        Store(Recipe((1000, 1000), 3, "crop")).check_room(1000)
    assert str(caught.value).split(": ", 1)[1] == (
        "1,000 decoded pictures need 3.0 GB, and 2.0 GB are free; expected room for the cache.\n"
        "  Make room, choose a smaller size, or let STRIATE_HOME name a folder on another disk."
    )


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_store as t
store = t.Store(t.RECIPE)
t.filled(store, t.pictures(10, 0))
store.begin(10)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_whole_shards(fresh_home):
    words = [sys.executable, "-c", KILLED, str(Path(__file__).parent)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    again = Store(RECIPE)
    x = pictures(10, 0)
    assert (again.rows(sums(x)).array() == x).all()


def test_rows_are_used_like_an_array(store, x):
    rows = store.rows(sums(x))
    assert (len(rows), rows.shape, rows.ndim, rows.dtype, rows.nbytes) == (30, x.shape, 4, np.uint8, x.nbytes)
    assert (rows[-1] == x[-1]).all()
    assert (rows[5:25:3] == x[5:25:3]).all()
    assert (rows[[3, 3, 0]] == x[[3, 3, 0]]).all()
    assert (rows[np.arange(30) % 7 == 0] == x[np.arange(30) % 7 == 0]).all()
    assert (np.asarray(rows) == x).all()
    assert np.asarray(rows, np.float32).dtype == np.float32
    assert all((one == two).all() for one, two in zip(rows, x, strict=True))
    assert (rows.take(slice(10, 20)).take([1, 2]).array() == x[[11, 12]]).all()
    assert rows[[]].shape == (0, 3, 4, 3)
    with pytest.raises(IndexError):
        rows[30]
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(rows, copy=False)


def test_batches_of_rows_are_those_of_the_array(store, x):
    rows, y = store.rows(sums(x)), np.arange(30)
    for one, two in zip(Batches(rows, y, 7, seed=3), Batches(x, y, 7, seed=3, prefetch=0), strict=True):
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()


def seen(batches):
    return [label for _, y in batches for label in y.tolist()]


def test_the_order_depends_on_seed_and_epoch_alone(x):
    y = np.arange(30)
    batches = Batches(x, y, 8, seed=1)
    first, second = seen(batches), seen(batches)
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second
    assert (seen(batches.at(0)), seen(batches.at(1))) == (first, second)
    batches.set_epoch(0)
    assert seen(batches) == first
    assert seen(Batches(x, y, 5, seed=1)) == first
    assert seen(Batches(x, y, 8, seed=2)) != first
    assert seen(batches.at(1, start=2)) == second[16:]
    assert seen(Batches(x, y, 8, shuffle=False)) == list(range(30))


def test_the_last_batch_may_be_short_or_left_out(x):
    y = np.arange(30)
    assert [len(labels) for _, labels in Batches(x, y, 8)] == [8, 8, 8, 6]
    assert [len(labels) for _, labels in Batches(x, y, 8, drop_last=True)] == [8, 8, 8]
    assert (len(Batches(x, y, 8)), len(Batches(x, y, 8, drop_last=True)), len(Batches(x, y, 40))) == (4, 3, 1)


@pytest.mark.parametrize("arguments", [{"size": 0}, {"size": 1, "prefetch": -1}])
def test_batches_of_nothing_are_refused(x, arguments):
    with pytest.raises(ArgumentError, match="expected a size from 1, a prefetch from 0"):
        Batches(x, np.arange(30), **arguments)


def test_an_epoch_may_be_left_early(store, x):
    batches = Batches(store.rows(sums(x)), np.arange(30), 2)
    next(iter(batches))
    assert len(list(batches)) == 15


def test_no_more_batches_are_read_ahead_than_asked():
    read = []

    class Watched:
        def __len__(self):
            return 100

        def __getitem__(self, rows):
            read.append(rows)
            return rows

    taken = iter(Batches(Watched(), np.arange(100), 1, prefetch=3))
    next(taken)
    time.sleep(0.3)
    assert len(read) <= 5  # one given, three waiting, one in hand
    taken.close()


def test_an_error_while_reading_ahead_is_raised_where_the_batch_is_asked_for(store, x):
    rows = store.rows(sums(x))
    rows.shards[2].path.unlink()
    batches = Batches(rows, np.arange(30), 10, shuffle=False).at(0)
    assert len(next(batches)[0]) == len(next(batches)[0]) == 10
    with pytest.raises(DataError, match="it cannot be read"):
        next(batches)


def test_rows_are_frozen(store, x):
    rows = store.rows(sums(x[:1]))
    assert isinstance(rows, Rows)
    with pytest.raises(AttributeError):
        rows.row = np.zeros(1)
