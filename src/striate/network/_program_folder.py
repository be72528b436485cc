"""The folder of compiled programs: whether it can be trusted, what in it is whole, how large it may grow."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from pathlib import Path

LIMIT_BYTES, LIMIT_FILES = 128 << 20, 2000
"""What is kept at most when a process begins; what has not been read for longest goes first."""
INDEX, ENTRY = "index.json", "-cache"
"""The size and the checksum of each entry that was found whole; how JAX ends the name of an entry."""
_ZLIB = b"\x78"


def below(home: Path) -> Path:
    """The folder within the folder of everything; links on the way there are resolved, once."""
    return Path(os.path.realpath(home)) / "programs"


def risk(folder: Path) -> str | None:
    """Why code from this folder cannot be trusted, or None; what does not exist yet is judged by what does.

    Args:
        folder: with all links above it resolved.

    Every folder on the way must belong to the user or to root, and others must not be able to write to it,
    unless, as in /tmp, they can not rename what is not theirs (the sticky bit).
    """
    if not hasattr(os, "geteuid"):
        return "this system does not say who may write to a folder"
    user, nearest = os.geteuid(), True
    for place in (folder, *folder.parents):
        try:
            found = place.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{place} cannot be looked at ({error.strerror})"
        if not stat.S_ISDIR(found.st_mode):
            return f"{place} is no folder"
        if found.st_uid not in ((user,) if place == folder else (user, 0)):
            return f"{place} belongs to another user"
        if _others_may_write(found, user, alone=place == folder):
            return f"others may write to {place}"
        if nearest and not os.access(place, os.W_OK | os.X_OK):
            return f"{place} cannot be written"
        nearest = False
    return None


def _others_may_write(found: os.stat_result, user: int, alone: bool) -> bool:
    """Whether another user could put something in the place of what lies in a folder.

    A group of the same number as the user is taken for the user's own, as most systems give everyone one.
    """
    if not alone and found.st_mode & stat.S_ISVTX:
        return False
    by_group = found.st_mode & stat.S_IWGRP and (alone or found.st_gid != user)
    return bool(by_group or found.st_mode & stat.S_IWOTH)


def make(folder: Path, machine: str) -> Path:
    """Make the folder of a machine's programs, for the user alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder / machine):
        each.mkdir(mode=0o700, exist_ok=True)
    if told := risk(folder) or risk(folder / machine):
        raise PermissionError(0, told)
    return folder / machine


def tidy(whole: Path, folder: Path) -> None:
    """Remove what is damaged in one folder, and what is too much in all of them.

    Args:
        whole: the folder of all machines. folder: that of this machine.
    """
    _check(folder)
    files = []
    for path in whole.glob(f"*/*{ENTRY}"):
        with contextlib.suppress(FileNotFoundError):  # another process tidies up, too
            files.append((path.lstat(), path))
    files.sort(key=lambda file: max(file[0].st_atime, file[0].st_mtime), reverse=True)
    total = 0
    for place, (found, path) in enumerate(files):
        total += found.st_size
        if total > LIMIT_BYTES or place >= LIMIT_FILES:
            path.unlink(missing_ok=True)


def _check(folder: Path) -> None:
    """Remove entries that changed since they were found whole, and new ones that a killed process left."""
    known, found = _read_index(folder / INDEX), {}
    for path in sorted(folder.glob(f"*{ENTRY}")):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        marks = [len(content), zlib.crc32(content)]
        if known[path.name] == marks if path.name in known else _is_whole(content):
            found[path.name] = marks
        else:
            path.unlink(missing_ok=True)
    if found != known:
        fresh = folder / f"{INDEX}.new"
        fresh.write_text(json.dumps(found), "utf-8")
        fresh.replace(folder / INDEX)


def _read_index(path: Path) -> dict[str, list[int]]:
    """The index; one that is missing or damaged is empty, and then every entry counts as new."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_whole(content: bytes) -> bool:
    """Whether a new entry can be unpacked to its end, as JAX will do it."""
    try:
        return len(_unpacked(content)) > 0
    except Exception:  # noqa: BLE001 - three libraries, each with errors of its own; none of them matters
        return False


def _unpacked(content: bytes) -> bytes:
    """zlib's bytes, or those of Zstandard, which JAX takes where it is installed."""
    if content.startswith(_ZLIB):
        return zlib.decompress(content)
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14
    except ImportError:
        from zstandard import ZstdDecompressor  # type: ignore[import-not-found]

        return ZstdDecompressor().decompress(content)
    return zstd.decompress(content)
