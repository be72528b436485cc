"""The official address, on a loopback server that breaks off, lies, forgets ranges or sends too much."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from dataset_fixtures import *  # noqa: F403
from loopback import Site, serving

from striate.datasets._download import SourceError, Web, download


def test_a_file_arrives_whole_with_progress(tmp_path, body, digest):
    seen = []
    with serving(Site(body)) as site:
        path = download(Web(site.address, digest, len(body)), tmp_path, lambda *at: seen.append(at))
    assert path.read_bytes() == body
    assert [entry.name for entry in tmp_path.iterdir()] == [digest]
    assert seen[-1] == (len(body), len(body))
    assert len(seen) > 1


def test_a_broken_connection_is_resumed_where_it_broke(tmp_path, body, digest):
    with serving(Site(body, cuts=[1000, 2000])) as site:
        path = download(Web(site.address, digest, len(body)), tmp_path)
    assert path.read_bytes() == body
    assert site.asked == ["", "bytes=1000-", "bytes=3000-"]


def test_a_server_without_ranges_starts_over(tmp_path, body, digest):
    (tmp_path / f"{digest}.part").write_bytes(body[:5000])
    with serving(Site(body, ranges=False)) as site:
        path = download(Web(site.address, digest, len(body)), tmp_path)
    assert path.read_bytes() == body
    assert site.asked == ["bytes=5000-"]


def test_a_wrong_beginning_is_thrown_away_once(tmp_path, body, digest):
    (tmp_path / f"{digest}.part").write_bytes(b"x" * 5000)
    with serving(Site(body)) as site:
        path = download(Web(site.address, digest, len(body)), tmp_path)
    assert path.read_bytes() == body
    assert site.asked == ["bytes=5000-", ""]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(tmp_path, body, digest):
    (tmp_path / f"{digest}.part").write_bytes(body + b"more")
    with serving(Site(body)) as site:
        assert download(Web(site.address, digest, len(body)), tmp_path).read_bytes() == body
    assert site.asked == [""]


def test_a_whole_part_needs_no_request(tmp_path, body, digest):
    (tmp_path / f"{digest}.part").write_bytes(body)
    with serving(Site(body)) as site:
        assert download(Web(site.address, digest, len(body)), tmp_path).read_bytes() == body
    assert site.asked == []


WRONG = {
    "other bytes": (
        lambda body: Site(body[::-1]),
        "the bytes it sent do not have the expected SHA-256",
    ),
    "too long": (lambda body: Site(body + b"!"), "it sends more than the expected 528,609 bytes"),
    "truncated": (lambda body: Site(body[:-9]), "it holds fewer than the expected 528,609 bytes"),
    "empty": (lambda body: Site(b""), "it broke off after 0 of 528,609 bytes"),
    "missing": (lambda body: Site(body, status=404), "it answered 404 Not Found"),
    "failing": (lambda body: Site(body, status=503), "it answered 503 Service Unavailable"),
    "never a byte": (lambda body: Site(body, cuts=[0] * 99), "it broke off after 0 of 528,609 bytes"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_left_that_looks_whole(tmp_path, body, digest, kind):
    make, message = WRONG[kind]
    with serving(make(body)) as site, pytest.raises(SourceError) as caught:
        download(Web(site.address, digest, len(body)), tmp_path)
    assert str(caught.value) == message
    assert not (tmp_path / digest).exists()


def test_an_address_where_nobody_listens(tmp_path, body, digest):
    with serving(Site(body)) as site:
        pass
    with pytest.raises(SourceError, match=r"it cannot be reached \(.*refused.*\)"):
        download(Web(site.address, digest, len(body)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_only_http_is_followed(tmp_path, body, digest, target):
    with serving(Site(body, status=302, location=target)) as site, pytest.raises(SourceError):
        download(Web(site.address, digest, len(body)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["file:///etc/hostname", "data:text/plain,hello"])
def test_other_schemes_are_unknown(tmp_path, digest, address):
    with pytest.raises(SourceError, match=r"it cannot be reached \(unknown url type"):
        download(Web(address, digest, 5), tmp_path)


CHILD = """
import sys
from pathlib import Path
from striate.datasets._download import Web, download
download(Web(sys.argv[1], sys.argv[2], int(sys.argv[3])), Path(sys.argv[4]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_process_killed_half_way_is_continued_by_the_next(tmp_path, body, digest):
    half, hold = len(body) // 2, threading.Event()
    with serving(Site(body, cuts=[half], hold=hold)) as site:
        words = [sys.executable, "-c", CHILD, site.address, digest, str(len(body)), str(tmp_path)]
        child = subprocess.Popen(words)
        part = tmp_path / f"{digest}.part"
        _wait(lambda: part.exists() and part.stat().st_size > 0)
        child.send_signal(signal.SIGKILL)
        child.wait()
        hold.set()
        held = part.stat().st_size
        assert 0 < held <= half
        assert [entry.name for entry in tmp_path.iterdir()] == [part.name]
        assert download(Web(site.address, digest, len(body)), tmp_path).read_bytes() == body
    assert site.asked == ["", f"bytes={held}-"]


def _wait(ready, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_part_file_is_named_by_its_hash_alone(tmp_path, body, digest):
    with serving(Site(body, cuts=[10], status=200)) as site:
        address = site.address.replace("data.bin", "..%2f..%2fevil")
        path = download(Web(address, digest, len(body)), tmp_path)
    assert path == Path(tmp_path / digest)
