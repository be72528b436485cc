"""Writing a file as a whole or not at all: faults injected at every step, kills, and two writers."""

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
import time

import pytest

from striate.errors import StriateError
from striate.formats import atomic, write_atomically

UNTOUCHED = "What was saved there before is untouched."
FULL = (
    "model.striate: cannot be written: the disk is full; expected a place to write to.\n"
    f"  Free some space there, or save to another disk. {UNTOUCHED}"
)
BROKEN = (
    "model.striate: cannot be written: the disk reported an input/output error; "
    "expected a place to write to.\n"
    f"  Check the disk, or save to another one. {UNTOUCHED}"
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_bytes_and_pieces(tmp_path):
    write_atomically(tmp_path / "a", b"123")
    write_atomically(str(tmp_path / "b"), iter([b"1", memoryview(b"23"), b""]))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"123"
    assert names(tmp_path) == ["a", "b"]


def test_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "runs" / "one" / "a"
    write_atomically(path, b"first")
    write_atomically(path, b"2")
    assert path.read_bytes() == b"2"
    assert names(path.parent) == ["a"]


def test_a_name_without_folder_is_written_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def failing(name, code, after=0):
    """The function of the system that fails from its call number `after` on."""
    original, calls = getattr(os, name), []

    def fail(*args, **kwargs):
        calls.append(args)
        if len(calls) > after:
            raise OSError(code, os.strerror(code))
        return original(*args, **kwargs)

    return fail


@pytest.mark.parametrize(("code", "told"), [(errno.ENOSPC, FULL), (errno.EIO, BROKEN)])
@pytest.mark.parametrize(
    ("name", "after"), [("open", 0), ("write", 0), ("write", 2), ("fsync", 0), ("replace", 0)]
)
@pytest.mark.parametrize("before", [None, b"what was there"])
def test_a_fault_at_any_step_leaves_the_previous_file_and_no_litter(
    tmp_path, monkeypatch, name, after, code, told, before
):
    path = tmp_path / "model.striate"
    if before is not None:
        path.write_bytes(before)
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, name, failing(name, code, after))
        with pytest.raises(StriateError) as caught:
            write_atomically(path, iter([b"a" * 10, b"b" * 10, b"c" * 10]))
    assert str(caught.value) == told
    assert names(tmp_path) == ([] if before is None else ["model.striate"])
    assert before is None or path.read_bytes() == before


def test_a_disk_that_takes_a_few_bytes_at_a_time_still_gets_them_all(tmp_path, monkeypatch):
    original = os.write
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", lambda descriptor, data: original(descriptor, data[:3]))
        write_atomically(tmp_path / "a", [b"0123456789", b"abc"])
    assert (tmp_path / "a").read_bytes() == b"0123456789abc"


def test_a_folder_that_cannot_be_forced_to_the_disk_is_told(tmp_path, monkeypatch):
    path = tmp_path / "model.striate"
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", failing("fsync", errno.EIO, after=1))
        with pytest.raises(StriateError) as caught:
            write_atomically(path, b"new")
    assert str(caught.value) == (
        "model.striate: the new file is in place, but its folder was not forced to the disk "
        "(Input/output error); expected a folder that survives a power cut.\n  Check the disk and save again."
    )
    assert path.read_bytes() == b"new"


def test_file_and_folder_are_forced_to_the_disk_around_the_renaming(tmp_path, monkeypatch):
    events = []
    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            original = getattr(os, name)
            patch.setattr(
                atomic.os, name, lambda *args, name=name, call=original: (events.append(name), call(*args))[1]
            )
        write_atomically(tmp_path / "a", b"1")
    assert events == ["fsync", "replace", "fsync"]


def test_a_real_limit_of_the_system_leaves_the_previous_file(tmp_path):
    path = tmp_path / "model.striate"
    path.write_bytes(b"previous")
    program = (
        "import resource, sys\nfrom striate.formats import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try:\n    write_atomically(sys.argv[1], b'x' * 200000)\n"
        "except ValueError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "model.striate: cannot be written: the file would be larger than this system allows; "
        f"expected a place to write to.\n  Raise the limit (ulimit -f). {UNTOUCHED}\n"
    )
    assert path.read_bytes() == b"previous"
    assert names(tmp_path) == ["model.striate"]


def test_an_interruption_leaves_the_previous_file_and_no_litter(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"previous")

    def pieces():
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, pieces())
    assert path.read_bytes() == b"previous"
    assert names(tmp_path) == ["a"]


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    wanted = {
        "folder": "folder: cannot be written: that is a folder",
        "file/a": "a: cannot be written: a part of that path is a file, not a folder",
        "file/b/a": "a: cannot be written: a part of that path is a file, not a folder",
        "pipe": "pipe: cannot be written: that is a device or a pipe, not a file",
        "n" * 250: "n" * 250 + ": cannot be written: that name is too long",
        "a\0b": "'a\\x00b': cannot be written: the name holds a NUL character",
    }
    for name, told in wanted.items():
        with pytest.raises(StriateError) as caught:
            write_atomically(f"{tmp_path}/{name}", b"x")
        assert str(caught.value).split("; expected")[0] == told
    assert names(tmp_path) == ["file", "folder", "pipe"]


def test_a_link_is_replaced_and_never_followed(tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a").symlink_to("precious")
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_permissions_follow_the_mask_or_the_previous_file(tmp_path):
    path = tmp_path / "a"
    mask = os.umask(0o027)
    try:
        write_atomically(path, b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o600)
        write_atomically(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(mask)


def test_leftovers_of_killed_writers_are_removed_after_an_hour(tmp_path):
    old, young, other = (tmp_path / f".{name}.tmp" for name in ("a.0123456789abcdef", "a.f0", "b.f0"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 4000,) * 2)
    write_atomically(tmp_path / "a", b"1")
    assert names(tmp_path) == [young.name, other.name, "a"]


def test_two_writers_never_mix(tmp_path):
    path = tmp_path / "a"
    contents = [bytes([65 + index]) * 50_000 for index in range(4)]
    seen, stop = set(), threading.Event()

    def write(content):
        for _ in range(25):
            write_atomically(path, [content[:25_000], content[25_000:]])

    def read():
        while not stop.is_set():
            seen.add(path.read_bytes())

    write_atomically(path, contents[0])
    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert seen <= set(contents)
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["a"]


def test_open_files_do_not_pile_up(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(used + 30, hard), hard))
    try:
        for _ in range(60):
            write_atomically(tmp_path / "a", b"1")
            with pytest.raises(StriateError):
                write_atomically(tmp_path, b"1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
