"""Hostile archives: whatever slips, links, bombs or lies is refused before a byte of it is used."""

import io
import tarfile
import zipfile

import pytest

from striate.datasets._archives import read_chosen, read_members
from striate.datasets._streams import Limits
from striate.errors import DataError

GOOD = b"good bytes"
WANTED = {"data/a.bin": len(GOOD)}


def member(name, data=GOOD, **fields):
    """A tar entry and its bytes."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(path, *members, mode="w:gz"):
    with tarfile.open(path, mode, format=tarfile.GNU_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path, *members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def deb(path, *parts):
    """An `ar` archive of (name, data) parts."""
    out = b"!<arch>\n"
    for name, data in parts:
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    path.write_bytes(out)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_a_named_member_of_a_tar(tmp_path, mode):
    folder = member("./data", b"", type=tarfile.DIRTYPE)
    path = tar(tmp_path / "a", folder, member("./data/other", b"no"), member("./data/a.bin"), mode=mode)
    assert read_members(path, WANTED) == {"data/a.bin": GOOD}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_named_member_of_a_zip(tmp_path):
    path = zipped(tmp_path / "a.whl", ("data/", b""), ("data/other", b"no"), ("data/a.bin", GOOD))
    assert read_members(path, WANTED) == {"data/a.bin": GOOD}


def test_a_named_member_of_a_debian_package(tmp_path):
    inside = tar(tmp_path / "data", member("./data/a.bin"), mode="w:xz").read_bytes()
    parts = ("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), ("data.tar.xz", inside)
    assert read_members(deb(tmp_path / "a.deb", *parts), WANTED) == {"data/a.bin": GOOD}


HOSTILE_NAMES = [
    "../evil", "data/../../evil", "/etc/evil", "data//evil", "data/./evil", "..", "data\\evil", "C:evil",
    "C:\\evil", "data/nul", "CON", "aux.txt", "data/com1.bin", "evil.", "evil ", "data /x", "a\nb",
    "a\x1b[2J", "a\u202eb", "a*b", "a?b", "a|b", "a<b>", 'a"b',
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_could_leave_their_folder_or_lie_are_refused(tmp_path, name, kind):
    if kind == "tar":
        path = tar(tmp_path / "a", member(name), member("data/a.bin"))
    else:
        path = zipped(tmp_path / "a", (name, b"x"), ("data/a.bin", GOOD))
    with pytest.raises(DataError) as caught:
        read_members(path, WANTED)
    assert str(caught.value) == (
        f"a: it has an entry named {name!r}; expected plain relative names.\n"
        "  Don't use this archive; fetch the data set again from a source you trust."
    )


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_members_that_are_chosen_by_name_are_checked_as_strictly(tmp_path, name):
    path = tar(tmp_path / "a", member("data/a.bin"), member(name))
    with pytest.raises(DataError, match="expected plain relative names"):
        read_chosen(path, lambda each: True)
    path = zipped(tmp_path / "z", ("data/a.bin", GOOD), (name, b"x"))
    with pytest.raises(DataError, match="expected plain relative names"):
        read_chosen(path, lambda each: True)


def test_members_that_are_chosen_by_name(tmp_path):
    folder = member("data", b"", type=tarfile.DIRTYPE)
    path = tar(
        tmp_path / "a", folder, member("data/a.bin"), member("./data/b.bin", b"b"), member("c.bin", b"c")
    )
    assert read_chosen(path, lambda name: name.startswith("data")) == {"data/a.bin": GOOD, "data/b.bin": b"b"}
    assert read_chosen(path, lambda name: False) == {}
    path = zipped(tmp_path / "z", ("data/", b""), ("data/a.bin", GOOD), ("c.bin", b"c"))
    assert read_chosen(path, lambda name: name.startswith("data")) == {"data/a.bin": GOOD}
    path = tar(tmp_path / "l", member("data/a.bin"), member("data/odd", b"", **ODD_TYPES["symbolic link"]))
    with pytest.raises(DataError, match="link or a device"):
        read_chosen(path, lambda name: True)
    path = tar(tmp_path / "b", member("data/zeros", bytes(8 << 20)))
    with pytest.raises(DataError, match="it inflates"):
        read_chosen(path, lambda name: True, Limits(total=1 << 20, ratio=10**9))


ODD_TYPES = {
    "symbolic link": {"type": tarfile.SYMTYPE, "linkname": "../../etc/passwd"},
    "hard link": {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"},
    "character device": {"type": tarfile.CHRTYPE},
    "block device": {"type": tarfile.BLKTYPE},
    "pipe": {"type": tarfile.FIFOTYPE},
    "sparse": {"type": tarfile.GNUTYPE_SPARSE},
}


@pytest.mark.parametrize("kind", ODD_TYPES)
def test_links_and_devices_are_refused(tmp_path, kind):
    path = tar(tmp_path / "a", member("data/odd", b"", **ODD_TYPES[kind]), member("data/a.bin"))
    with pytest.raises(DataError, match="link or a device"):
        read_members(path, WANTED)


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("data/odd")
    info.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "a", (info, "/etc/passwd"), ("data/a.bin", GOOD))
    with pytest.raises(DataError, match="its entry 'data/odd' is a link or a device"):
        read_members(path, WANTED)


REFUSED = {
    "twice": ([member("data/a.bin"), member("data/a.bin")], "it has the entry 'data/a.bin' twice"),
    "case": ([member("data/a.bin"), member("DATA/A.BIN")], "it has the entry 'DATA/A.BIN' twice"),
    "dotted": ([member("data/a.bin"), member("./data/a.bin")], "it has the entry 'data/a.bin' twice"),
    "size": ([member("data/a.bin", b"short")], "its entry 'data/a.bin' is a file of 5 bytes"),
    "folder": (
        [member("data/a.bin", b"", type=tarfile.DIRTYPE)],
        "its entry 'data/a.bin' is a folder of 0 bytes",
    ),
    "missing": ([member("data/b.bin")], "it lacks data/a.bin"),
    "empty": ([], "it lacks data/a.bin"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_doubtful_members_are_refused(tmp_path, kind):
    members, message = REFUSED[kind]
    with pytest.raises(DataError, match=message):
        read_members(tar(tmp_path / "a", *members), WANTED)


def test_doubtful_members_of_a_zip_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "a", ("data/a.bin", GOOD), ("data/a.bin", GOOD))
    with pytest.raises(DataError, match="twice"):
        read_members(path, WANTED)


def test_too_many_entries(tmp_path):
    path = tar(tmp_path / "a", *(member(f"data/{number}", b"") for number in range(30)))
    with pytest.raises(DataError, match="it has more than 20 entries"):
        read_members(path, WANTED, Limits(entries=20))


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_a_bomb_in_a_tar_is_stopped_by_its_ratio(tmp_path, mode):
    path = tar(tmp_path / "a", member("data/zeros", bytes(8 << 20)), member("data/a.bin"), mode=mode)
    with pytest.raises(DataError, match=r"it inflates .* bytes to more than .*; expected a modest archive"):
        read_members(path, WANTED)


def test_a_bomb_in_a_tar_is_stopped_by_its_total(tmp_path):
    path = tar(tmp_path / "a", member("data/zeros", bytes(3 << 20)), member("data/a.bin"))
    with pytest.raises(DataError, match="it inflates"):
        read_members(path, WANTED, Limits(total=1 << 20, ratio=10**9))


@pytest.mark.parametrize("limits", [Limits(), Limits(total=1 << 20, ratio=10**9)])
def test_a_bomb_in_a_zip_is_stopped_before_it_inflates(tmp_path, limits):
    path = zipped(tmp_path / "a", ("data/zeros", bytes(8 << 20)), ("data/a.bin", GOOD))
    with pytest.raises(DataError, match="it would inflate"):
        read_members(path, WANTED, limits)


def test_a_zip_that_lies_about_a_size_gives_no_more_than_it_promised(tmp_path):
    path = zipped(tmp_path / "a", ("data/a.bin", bytes(4 << 20)))
    data = path.read_bytes().replace((4 << 20).to_bytes(4, "little"), len(GOOD).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(DataError, match="the archive is broken"):
        read_members(path, WANTED)


def test_a_zip_with_a_password(tmp_path):
    path = zipped(tmp_path / "a", ("data/a.bin", GOOD), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"the archive cannot be read .*encrypted"):
        read_members(path, WANTED)


FILLER = bytes(range(256)) * 40
BROKEN = {
    "random": b"random" * 100,
    "zip magic": b"PK" + bytes(50),
    "gzip magic": b"\x1f\x8b" + bytes(50),
    "xz magic": b"\xfd7zXZ\x00" + bytes(50),
    "bzip2 magic": b"BZh9" + bytes(50),
    "ar magic": b"!<arch>\n" + b"x" * 60,
    "ar size": b"!<arch>\n" + f"{'data.tar':<48}{'99999':<10}`\n".encode(),
    "ar sign": b"!<arch>\n" + f"{'data.tar':<48}{'-5':<10}`\n".encode(),
}


def harmed(data, at):
    """Cut at every sixteenth, and one byte flipped."""
    yield from (data[: len(data) * part // 16] for part in range(16))
    yield data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def broken(tmp_path):
    tarred = tar(tmp_path / "w", member("data/filler", FILLER), member("data/a.bin")).read_bytes()
    yield from harmed(tarred, len(tarred) // 2)
    packed = zipped(tmp_path / "z", ("data/filler", FILLER), ("data/a.bin", GOOD)).read_bytes()
    yield from harmed(packed, packed.index(b"PK\x01\x02") - 3)
    inside = tar(tmp_path / "d", member("data/a.bin"), mode="w:xz").read_bytes()
    package = deb(tmp_path / "p", ("debian-binary", b"2.0\n"), ("data.tar.xz", inside)).read_bytes()
    yield from harmed(package, 200)
    yield from BROKEN.values()


def test_a_broken_archive_is_only_ever_our_own_error(tmp_path):
    path, refused = tmp_path / "a", 0
    for data in broken(tmp_path):
        path.write_bytes(data)
        with pytest.raises(DataError):
            read_members(path, WANTED)
        refused += 1
    assert refused == 59
