"""A folder of pictures from a stranger: nothing in it leads out of it, runs, or takes more than allowed."""

import ast
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.datasets import image_folder
from striate.datasets.folders import BrokenPictures
from striate.errors import DataError

NAMES = [
    "<img src=x onerror=alert(1)>",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202egnp.cod\u202c",
    "a\nb\rc",
    "{0}%s$(id)`id`",
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "home"))


def picture(seed):
    values = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((20, 16), Image.Resampling.BICUBIC)


def folder_of(root, names, each=4):
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for index in range(each):
            picture(100 * number + index).save(root / name / f"{name}-{index}.png")
    return root


def test_hostile_names_of_classes_and_files_stay_data(tmp_path):
    folder = image_folder(folder_of(tmp_path / "pictures", NAMES))
    assert set(folder.class_names) == set(NAMES)
    assert len(folder) == 4 * len(NAMES)
    assert set(json.loads(json.dumps(folder.to_json()))["class_names"]) == set(NAMES)
    assert len(folder.digest) == 64


def test_hostile_names_are_made_visible_in_every_error(tmp_path):
    root = folder_of(tmp_path / "pictures", NAMES)
    for name in NAMES:
        (root / name / f"{name}.png").write_bytes(b"x")
    with pytest.raises(BrokenPictures) as caught:
        image_folder(root)
    said = str(caught.value)
    assert said.isprintable() or set(said) - set(filter(str.isprintable, said)) == {"\n"}
    assert said.count("\n") == 1 + len(NAMES)


def test_the_worker_is_told_names_as_data_and_no_shell_sees_them(tmp_path):
    root = folder_of(tmp_path / "pictures", [*NAMES, "$(touch owned)", "; touch owned;"])
    folder = image_folder(root, workers=2)
    assert (folder.read([0, 5]) == image_folder(root, workers=0).read([0, 5])).all()
    assert not list(tmp_path.rglob("owned"))


def forged_png(width, height):
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def test_forged_headers_are_listed_and_nothing_is_decoded(tmp_path):
    root = folder_of(tmp_path / "pictures", ["a", "b"])
    (root / "a/giant.png").write_bytes(forged_png(31_623, 31_623))
    (root / "a/wide.png").write_bytes(forged_png(2**31 - 1, 1))
    (root / "b/none.png").write_bytes(forged_png(0, 5))
    with pytest.raises(BrokenPictures) as caught:
        image_folder(root)
    assert [each.file for each in caught.value.broken] == ["a/giant.png", "a/wide.png", "b/none.png"]


def test_a_picture_that_inflates_takes_no_more_than_was_allowed(tmp_path):
    """A sound PNG file of 100 kB and 36 million pixels: refused with little memory, decoded with enough."""
    root = folder_of(tmp_path / "pictures", ["a", "b"])
    Image.new("L", (6000, 6000)).save(root / "a/bomb.png", compress_level=9)
    assert (root / "a/bomb.png").stat().st_size < 200_000
    code = textwrap.dedent("""
        import resource, sys
        import striate as st
        from striate.errors import DataError
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            st.datasets.image_folder(sys.argv[1], workers=0, memory=64 * 2**20)
        except DataError as error:
            print("expected at most 5,592,405 pixels" in str(error))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    said, grown = done.stdout.split()
    assert said == "True"
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 64 * 2**20


def test_a_table_reads_no_file_that_was_not_found_in_the_folder(tmp_path):
    root = folder_of(tmp_path / "pictures", ["a"])
    picture(9).save(tmp_path / "secret.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    for name in ("../secret.png", str(tmp_path / "secret.png"), "a/../../secret.png"):
        (tmp_path / "t.csv").write_text(f"file,y\na/a-0.png,1.5\n{name},2\n")
        with pytest.raises(DataError, match="files that are not there"):
            image_folder(root, table=tmp_path / "t.csv", validation=0, test=0)
    (tmp_path / "t.csv").write_text("file,y\na/a-0.png,1.5\nlink.png,2\n")
    with pytest.raises(BrokenPictures, match=r"link\.png: it is a link that leaves the folder"):
        image_folder(root, table=tmp_path / "t.csv", validation=0, test=0)


def test_nothing_is_written_into_the_folder(tmp_path):
    root = folder_of(tmp_path / "pictures", ["a", "b"])
    before = sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*"))
    image_folder(root, workers=2)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*")) == before


def test_a_link_planted_after_the_walk_is_not_followed_out(tmp_path, monkeypatch):
    """Between walking and reading a file may become a link: it is read as a picture, no word of it told."""
    root = folder_of(tmp_path / "pictures", ["a", "b"])
    (tmp_path / "secret").write_text("secret words")
    plain = __import__("striate.datasets.folders.folder", fromlist=["survey"]).survey

    def survey(*given):
        (root / "a/a-0.png").unlink()
        (root / "a/a-0.png").symlink_to(tmp_path / "secret")
        return plain(*given)

    monkeypatch.setattr("striate.datasets.folders.folder.survey", survey)
    with pytest.raises(BrokenPictures) as caught:
        image_folder(root)
    assert "secret" not in str(caught.value)
    assert caught.value.broken[0].reason == "it is not recognized as a picture"


@pytest.mark.skipif(sys.platform == "win32", reason="files of Unix")
def test_pipes_and_devices_do_not_stop_the_work_for_ever(tmp_path):
    root = folder_of(tmp_path / "pictures", ["a", "b"])
    os.mkfifo(root / "a/pipe.png")
    (root / "b/zero.png").symlink_to("/dev/zero")
    with pytest.raises(BrokenPictures) as caught:
        image_folder(root)
    assert [each.reason for each in caught.value.broken] == [
        "it is a device or a pipe",
        "it is a link that leaves the folder",
    ]


def test_arrays_are_never_read_or_written_with_objects_in_them():
    """Every call of NumPy's load and save says `allow_pickle=False`."""
    source = Path(__file__).parent.parent.parent / "src"
    calls = [
        (path.name, node)
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node).startswith(("np.load(", "np.save(", "partial(np.save"))
    ]
    assert len(calls) >= 5
    assert [name for name, node in calls if "allow_pickle=False" not in ast.unparse(node)] == []


def test_workers_are_held_to_their_memory_by_the_system(tmp_path):
    """A decoder that asks for more than its share is refused by the system, and the picture is broken."""
    code = textwrap.dedent("""
        import striate.images.worker as worker
        worker._limit_memory(2**30)
        worker.decoded = lambda *_: bytearray(2**31)
        task = {"root": "/", "names": ["etc/hostname"], "sha256": [None], "places": [0], "max_pixels": 9,
                "size": [4, 4], "channels": 3, "fit": "crop", "file": "/dev/null"}
        worker.hashlib.sha256 = lambda data: type("Digest", (), {"hexdigest": lambda self: None})()
        print(worker.decode(task))
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[{'reason': 'there is not enough memory to decode it'}]\n"
