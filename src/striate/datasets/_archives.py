"""Named members of an archive as bytes: nothing lands on disk, and a suspicious archive is refused whole."""

from __future__ import annotations

import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from striate.datasets._streams import CHUNK, Limits, inflated
from striate.errors import DataError, Problem

DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
CURE = "Don't use this archive; fetch the data set again from a source you trust."
LIMITS = Limits()
REGULAR, FOLDER, OTHER = "file", "folder", "link or device"


@dataclass(frozen=True)
class Entry:
    """One line of an archive's table: its name, what it is, its promised size."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class Wanted:
    """Which members are read: named ones with their sizes, or those that `choose` says yes to."""

    sizes: Mapping[str, int]
    choose: Callable[[str], bool] = lambda name: False

    def has(self, name: str) -> bool:
        """Whether this member is read."""
        return name in self.sizes or self.choose(name)


def read_chosen(path: Path, choose: Callable[[str], bool], limits: Limits = LIMITS) -> dict[str, bytes]:
    """The bytes of all members whose name `choose` says yes to; for archives whose SHA-256 is known.

    Every entry is checked as in `read_members`; the caps bound the sizes.

    Raises:
        DataError: the archive is broken, suspicious or too large.
    """
    return _guarded(path, Wanted({}, choose), limits)


def read_members(path: Path, wanted: Mapping[str, int], limits: Limits = LIMITS) -> dict[str, bytes]:
    """The bytes of the members `wanted` (name -> size in bytes) of a tar, tar.gz, tar.xz, zip or deb file.

    Every entry on the way is checked: plain names only, no links or devices, no name twice, and
    caps on the number of entries, the bytes in all and the ratio of inflation.

    Raises:
        DataError: the archive is broken, suspicious, too large, or lacks a member.
    """
    members = _guarded(path, Wanted(wanted), limits)
    missing = [name for name in wanted if name not in members]
    if missing:
        raise _refused(path, f"it lacks {', '.join(missing)}", "all members of the data set")
    return members


def _guarded(path: Path, wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    """Read, with our own words for everything that can be wrong."""
    try:
        return _read(path, wanted, limits)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise _refused(path, f"the archive is broken ({error})", "a whole archive") from None
    except (NotImplementedError, RuntimeError) as error:  # zipfile's words for odd methods and passwords
        raise _refused(path, f"the archive cannot be read ({error})", "a plain archive") from None


def _read(path: Path, wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    """Choose the reader by the first bytes, never by the name."""
    with path.open("rb") as file:
        magic = file.read(8)
        file.seek(0)
        if magic == b"!<arch>\n":
            return _from_tar(path, _deb_data(path, file), wanted, limits)
        if magic.startswith(b"PK"):
            return _from_zip(path, file, wanted, limits)
        return _from_tar(path, file, wanted, limits)


def _from_tar(path: Path, file: IO[bytes], wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    """Walk the entries of a tar stream once."""
    seen: set[str] = set()
    found: dict[str, bytes] = {}
    stream = inflated(file, path, limits)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            entry = Entry(info.name, _tar_kind(info), info.size)
            name = _checked(path, entry, seen, wanted, limits)
            if entry.kind == REGULAR and wanted.has(name) and (inside := archive.extractfile(info)):
                found[name] = inside.read(info.size + 1)
    while stream.read(CHUNK):  # to the end, where the checksum is
        pass
    return found


def _from_zip(path: Path, file: IO[bytes], wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    """Check the whole table of a zip, then read the members that are wanted."""
    seen: set[str] = set()
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        packed = max(1, path.stat().st_size)
        total = sum(info.file_size for info in infos)
        if total > limits.total or total > limits.ratio * packed:
            raise _refused(path, f"it would inflate {packed:,} bytes to {total:,}", "a modest archive")
        names = {_checked(path, _zip_entry(info), seen, wanted, limits): info for info in infos}
        for name, info in names.items():
            if wanted.has(name) and not info.is_dir():
                with archive.open(info) as stream:
                    found[name] = stream.read(info.file_size + 1)
    return found


def _checked(path: Path, entry: Entry, seen: set[str], wanted: Wanted, limits: Limits) -> str:
    """The entry's canonical name, or a refusal of the archive."""
    name = entry.name.removeprefix("./").rstrip("/")
    if len(seen) >= limits.entries:
        raise _refused(path, f"it has more than {limits.entries:,} entries", "a modest archive")
    if not _is_plain(name):
        raise _refused(path, f"it has an entry named {entry.name!r}", "plain relative names")
    if entry.kind == OTHER:
        raise _refused(path, f"its entry {name!r} is a link or a device", "files and folders only")
    if name.casefold() in seen and entry.kind == REGULAR:
        raise _refused(path, f"it has the entry {name!r} twice", "each name once")
    size = wanted.sizes.get(name)
    if size is not None and (entry.kind != REGULAR or entry.size != size):
        raise _refused(path, f"its entry {name!r} is a {entry.kind} of {entry.size:,} bytes",
                       f"a file of {size:,} bytes")  # fmt: skip
    seen.add(name.casefold())
    return name


def _is_plain(name: str) -> bool:
    """True for a relative path that means the same on every system and cannot leave its folder."""
    if name in ("", "."):
        return True
    if any(letter in name for letter in '\\:*?"<>|') or not name.isprintable():
        return False
    parts = name.split("/")
    bad = any(part in ("", ".", "..") or part != part.rstrip(" .") for part in parts)
    return not bad and not any(part.split(".", 1)[0].casefold() in DEVICES for part in parts)


def _tar_kind(info: tarfile.TarInfo) -> str:
    """What a tar entry is; a sparse file is none of ours."""
    if info.isdir():
        return FOLDER
    return REGULAR if info.isreg() and not info.issparse() else OTHER


def _zip_entry(info: zipfile.ZipInfo) -> Entry:
    """A zip entry; Unix modes other than file and folder count as links."""
    mode = stat.S_IFMT(info.external_attr >> 16)
    odd = mode not in (0, stat.S_IFREG, stat.S_IFDIR)
    kind = OTHER if odd else FOLDER if info.is_dir() else REGULAR
    return Entry(info.orig_filename, kind, info.file_size)


def _deb_data(path: Path, file: IO[bytes]) -> IO[bytes]:
    """The data.tar.* part of a Debian package, which is an `ar` archive of three members."""
    for name, size in _ar_members(path, file):
        if name.startswith("data.tar"):
            return io.BytesIO(file.read(size))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise _refused(path, "it has no data.tar", "a Debian package")


def _ar_members(path: Path, file: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Names and sizes of an `ar` archive's members; the file stands at each member's first byte."""
    file.seek(8)
    room = path.stat().st_size
    while len(header := file.read(60)) == 60:
        digits = header[48:58].strip()
        if header[58:] != b"`\n" or not digits.isdigit() or int(digits) > room - file.tell():
            raise _refused(path, "a member's header is broken", "a Debian package")
        yield header[:16].decode("ascii", "replace").strip().rstrip("/"), int(digits)


def _refused(path: Path, happened: str, expected: str) -> DataError:
    """The error for an archive that is not opened any further."""
    return DataError(Problem(path.name, happened, expected, CURE))
