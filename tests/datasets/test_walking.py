"""Which files a folder holds: in the same order everywhere, and nothing that leads out of it."""

import os
import socket
import sys
import unicodedata

import pytest

from striate.datasets.folders import walking
from striate.datasets.folders.walking import Broken, walk
from striate.errors import DataError


def touch(root, *names):
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")


def test_files_come_in_the_order_of_their_names_whatever_the_system_says(tmp_path, monkeypatch):
    names = ["b/2.png", "a/10.png", "a/9.png", "B/1.png", "a/sub/1.png", "z.png", "é/1.png"]
    touch(tmp_path, *names)
    assert walk(tmp_path).files == tuple(sorted(names))
    plain = os.scandir

    class Backwards:
        def __init__(self, path):
            self.entries = sorted(plain(path), key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert walk(tmp_path).files == tuple(sorted(names))


def test_accents_written_in_two_ways_stand_in_the_same_place(tmp_path):
    composed, apart = "\u00e9.png", unicodedata.normalize("NFD", "\u00e9") + ".png"
    touch(tmp_path, apart, "f.png")
    (other := tmp_path / "other").mkdir()
    touch(other, composed, "f.png")
    assert walk(other).files == ("f.png", composed)
    assert walk(tmp_path).files[:2] == ("f.png", "other/f.png")
    assert walk(tmp_path).files[-1] == apart


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    touch(tmp_path, "a/1.png", "a/.DS_Store", "a/._1.png", ".git/2.png", "a/.thumbs/3.png")
    found = walk(tmp_path)
    assert (found.files, found.folders, found.refused) == (("a/1.png",), ("a",), ())


def test_links_that_leave_the_folder_are_refused_and_those_inside_are_files(tmp_path):
    (outside := tmp_path / "outside").mkdir()
    touch(outside, "secret.png")
    root = tmp_path / "root"
    touch(root, "a/1.png")
    (root / "a/away.png").symlink_to(outside / "secret.png")
    (root / "a/climb.png").symlink_to("../../outside/secret.png")
    (root / "a/near.png").symlink_to("1.png")
    (root / "a/nothing.png").symlink_to("2.png")
    (root / "b").symlink_to(outside)
    (root / "loop").symlink_to(root)
    found = walk(root)
    assert found.files == ("a/1.png", "a/near.png")
    assert found.refused == (
        Broken("a/away.png", "it is a link that leaves the folder"),
        Broken("a/climb.png", "it is a link that leaves the folder"),
        Broken("a/nothing.png", "it is a link to nothing"),
        Broken("b", "it is a link to a folder"),
        Broken("loop", "it is a link to a folder"),
    )


def test_a_folder_whose_name_begins_like_the_root_is_outside(tmp_path):
    touch(tmp_path, "root/1.png", "rooted/2.png")
    (tmp_path / "root/2.png").symlink_to(tmp_path / "rooted/2.png")
    assert walk(tmp_path / "root").refused == (Broken("2.png", "it is a link that leaves the folder"),)


def test_the_folder_itself_may_be_a_link(tmp_path):
    touch(tmp_path, "real/a/1.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert walk(tmp_path / "link").files == ("a/1.png",)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are files of Unix")
def test_devices_and_pipes_are_refused_without_being_opened(tmp_path):
    touch(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a/pipe.png")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "a/socket.png"))
        found = walk(tmp_path)
    assert found.files == ("a/1.png",)
    assert found.refused == (
        Broken("a/pipe.png", "it is a device or a pipe"),
        Broken("a/socket.png", "it is a device or a pipe"),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_names_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    os.close(os.open(os.fsencode(tmp_path) + b"/a/\xff.png", os.O_CREAT))
    assert walk(tmp_path).refused == (Broken("a/\udcff.png", "its name is not UTF-8 text"),)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "a").mkdir(mode=0)
    assert walk(tmp_path).refused == (Broken("a", "the folder cannot be opened (Permission denied)"),)


def test_a_folder_that_vanishes_is_told(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.png", "b/1.png")
    plain = os.scandir

    def scandir(path):
        if str(path).rstrip("/").endswith("a"):
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = walk(tmp_path)
    assert found.files == ("b/1.png",)
    assert found.refused == (Broken("a", "the folder cannot be opened (Permission denied)"),)


def test_depth_and_number_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(walking, "MAX_DEPTH", 2)
    touch(tmp_path, "a/b/1.png", "a/b/c/2.png")
    found = walk(tmp_path)
    assert found.files == ("a/b/1.png",)
    assert found.refused == (Broken("a/b/c", "it lies more than 2 folders deep"),)
    monkeypatch.setattr(walking, "MAX_FILES", 0)
    with pytest.raises(DataError) as caught:
        walk(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: it holds more than 0 files; expected a folder of pictures.\n"
        "  Name the folder of the pictures themselves."
    )


def test_what_is_no_folder_is_told(tmp_path):
    touch(tmp_path, "file")
    cure = "\n  Name the folder that holds a folder of pictures for each class."
    for name, happened in (("file", "it is a file"), ("none", "there is no such folder")):
        with pytest.raises(DataError) as caught:
            walk(tmp_path / name)
        assert str(caught.value) == f"{tmp_path}/{name}: {happened}; expected a folder of pictures.{cure}"
