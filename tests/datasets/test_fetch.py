"""Sources in order, each failure with its reason, and a cache that two processes share."""

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403
from loopback import Site, serving

from striate.datasets._arrays import Pin, check
from striate.datasets._cached import folder_of, load_cached
from striate.datasets._download import Web
from striate.datasets._fetch import Source, fetch, fetch_file
from striate.datasets._registries import Package
from striate.errors import DataError, Problem

CURE = "\n  Check the network, or copy the cache folder (STRIATE_HOME) from a machine that has the data set."


def decode(paths):
    """Four small arrays out of the first bytes of a file."""
    x = np.frombuffer(paths[0].read_bytes()[:80], np.uint8).reshape(20, 2, 2)
    y = np.arange(20, dtype=np.uint8)
    return (x[:16], y[:16]), (x[16:], y[16:])


@pytest.fixture
def pins(body):
    x, y = body[:80], bytes(range(20))
    parts = {"x_train": (16, x[:64]), "y_train": (16, y[:16]), "x_test": (4, x[64:]), "y_test": (4, y[16:])}
    return {
        name: Pin((n, 2, 2) if name[0] == "x" else (n,), hashlib.sha256(part).hexdigest())
        for name, (n, part) in parts.items()
    }


def test_the_first_source_that_works_wins_and_its_file_is_not_kept(body, digest, pins, fresh_home):
    missing = Web("http://127.0.0.1:9/none", "0" * 64, 5)
    with serving(Site(body)) as site:
        good = Web(site.address, digest, len(body))
        sources = [Source((missing,), decode), Source((good,), decode)]
        arrays = fetch("tiny", sources, lambda found, where: check(found, pins, where))
    assert arrays[0][0].tobytes() == body[:64]
    assert list((fresh_home / "downloads").iterdir()) == []


def test_when_all_fail_each_source_is_listed_with_its_reason(body, digest, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with serving(Site(body, status=404)) as site:
        sources = [
            Source((Web(site.address, digest, len(body)),), decode),
            Source((Package("npm", "a", "1", digest),), decode),
        ]
        with pytest.raises(DataError) as caught:
            fetch("tiny", sources, lambda found, where: None)
    assert str(caught.value) == (
        "2 problems:\n"
        f"1. {site.address}: it answered 404 Not Found; expected the data set.{CURE}\n"
        f"2. npm package a 1: there is no npm on this machine; expected the data set.{CURE}"
    )


def test_a_source_whose_arrays_are_others_is_refused(body, digest, pins):
    other = dict(pins, y_test=Pin((4,), "0" * 64))
    with serving(Site(body)) as site:
        sources = [Source((Web(site.address, digest, len(body)),), decode)]
        with pytest.raises(DataError) as caught:
            fetch("tiny", sources, lambda found, where: check(found, other, where))
    assert str(caught.value) == (
        f"{site.address}, y_test: the array's bytes have another SHA-256; "
        "expected the pinned uint8 (4,) array.\n"
        "  Use an untampered source."
    )


def test_a_whole_download_is_used_again_unless_it_was_changed(body, digest, fresh_home):
    with serving(Site(body)) as site:
        web = Web(site.address, digest, len(body))
        path = fetch_file(web, "tiny")
        assert fetch_file(web, "tiny") == path
        assert len(site.asked) == 1
        path.write_bytes(b"changed")
        assert fetch_file(web, "tiny").read_bytes() == body
        assert len(site.asked) == 2


def test_a_set_is_fetched_once_and_then_read_from_the_cache(body, digest, pins):
    with serving(Site(body)) as site:
        sources = [Source((Web(site.address, digest, len(body)),), decode)]
        first = load_cached("tiny", sources, pins)
        second = load_cached("tiny", sources, pins)
    assert len(site.asked) == 1
    for one, two in zip(sum(first, ()), sum(second, ()), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("harm", ["flip", "cut", "pickle", "remove", "shape"])
def test_a_harmed_cache_is_never_believed(body, digest, pins, harm):
    with serving(Site(body)) as site:
        sources = [Source((Web(site.address, digest, len(body)),), decode)]
        load_cached("tiny", sources, pins)
        path = folder_of("tiny") / "x_train.npy"
        _harm(path, harm)
        again = load_cached("tiny", sources, pins)
    assert len(site.asked) == 2
    assert again[0][0].tobytes() == body[:64]


def _harm(path, harm):
    data = path.read_bytes()
    if harm == "flip":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif harm == "cut":
        path.write_bytes(data[:-1])
    elif harm == "pickle":
        np.save(path, np.array([print] * 3, object), allow_pickle=True)
    elif harm == "shape":
        np.save(path, np.frombuffer(data[-64:], np.uint8))
    else:
        path.unlink()


def test_an_error_of_the_decoder_is_a_reason_too(body, digest):
    def refuse(paths):
        raise DataError(Problem("inside", "it is odd", "evenness", "Do it again."))

    with serving(Site(body)) as site:
        sources = [Source((Web(site.address, digest, len(body)),), refuse)]
        with pytest.raises(DataError, match=r"inside: it is odd; expected evenness"):
            fetch("tiny", sources, lambda found, where: None)


def test_the_progress_bar_shows_only_on_a_terminal(body, digest, capsys):
    with serving(Site(body)) as site:
        fetch_file(Web(site.address, digest, len(body)), "[red]tiny")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_the_progress_bar_on_a_terminal_names_the_set_literally(body, digest, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with serving(Site(body)) as site:
        fetch_file(Web(site.address, digest, len(body)), "[red]tiny")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "[red]tiny" in shown.err


CHILD = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
import numpy as np
from test_fetch import decode
from striate.datasets._arrays import Pin
from striate.datasets._cached import load_cached
from striate.datasets._download import Web
from striate.datasets._fetch import Source
web = Web(sys.argv[1], sys.argv[2], int(sys.argv[3]))
(x, _), _ = arrays = decode([Path(sys.argv[5])])
def pin(array): return Pin(array.shape, hashlib.sha256(array.tobytes()).hexdigest())
names = ("x_train", "y_train", "x_test", "y_test")
pins = {name: pin(array) for name, array in zip(names, sum(arrays, ()))}
found = load_cached("tiny", [Source((web,), decode)], pins)
assert (found[0][0] == x).all()
"""


def test_two_processes_at_once_fetch_once(body, digest, tmp_path):
    local, half, hold = tmp_path / "local.bin", len(body) // 2, threading.Event()
    local.write_bytes(body)
    with serving(Site(body, cuts=[half], hold=hold)) as site:
        here = str(Path(__file__).parent)
        words = [sys.executable, "-c", CHILD, site.address, digest, str(len(body)), here, str(local)]
        first = subprocess.Popen(words)
        while not site.asked and first.poll() is None:
            time.sleep(0.01)
        second = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert second.stderr.readline() == "Waiting for another process that fetches tiny …\n"
        hold.set()
        assert second.communicate(timeout=60)[1] == ""
        assert (first.wait(60), second.returncode) == (0, 0)
    assert site.asked == ["", f"bytes={half}-"]


def test_a_source_is_named_by_its_first_file(digest):
    assert str(Source((Web("http://a/b", digest, 1),), decode)) == "http://a/b"
