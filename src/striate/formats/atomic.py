"""Writing a file so that a crash, a full disk or a second writer never leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from striate.errors import Problem, StriateError
from striate.formats._places import refuse_nul, shown, write_problem

Chunk = bytes | memoryview
LEFTOVER_AGE = 3600.0
"""Seconds after which an untouched temporary file counts as left behind by a killed process."""


def write_atomically(path: str | os.PathLike[str], data: bytes | Iterable[Chunk]) -> None:
    """Write a file as a whole or not at all.

    The bytes go to a new file in the same folder, which is forced to the disk and then takes the name in
    one step; last the folder is forced to the disk. Whoever opens the path, at any moment and after a crash,
    finds the whole previous file or the whole new one. Temporary names are random, so two writers never mix:
    both succeed and the last to finish wins. No lock is taken. A missing folder is made. A symbolic link is
    replaced, never followed. What a killed writer left behind is removed by a save more than an hour later.

    Args:
        path: the file.
        data: its bytes, or an iterable of pieces, which is consumed once.

    Raises:
        StriateError: it could not be written; the previous file is untouched and nothing else is left behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/answer.txt", b"42")
    ...     Path(folder, "answer.txt").read_bytes()
    b'42'
    """
    target = Path(path)
    chunks = (data,) if isinstance(data, bytes) else data
    try:
        refuse_nul(target)
        mode = _prepare_place(target)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
        try:
            _write_whole(temporary, chunks, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise StriateError(write_problem(target, error)) from error
    _force_folder(target)
    _remove_leftovers(target)


def _prepare_place(target: Path) -> int | None:
    """Make the folder, refuse a target that is no file, and find the permissions to keep."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = target.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if stat.S_ISLNK(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "that is a device or a pipe, not a file", str(target))
    return stat.S_IMODE(found.st_mode)


def _write_whole(temporary: Path, chunks: Iterable[Chunk], mode: int | None) -> None:
    """Write a new file and force it to the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        for chunk in chunks:
            rest = memoryview(chunk).cast("B")
            while len(rest):
                rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _force_folder(target: Path) -> None:
    """Force the new name to the disk, where the system knows how to do that for a folder."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            return
        happened = f"the new file is in place, but its folder was not forced to the disk ({error.strerror})"
        expected = "a folder that survives a power cut"
        raise StriateError(
            Problem(shown(target), happened, expected, "Check the disk and save again.")
        ) from error


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files of this target that nobody has written to for an hour."""
    oldest = time.time() - LEFTOVER_AGE
    for path in target.parent.iterdir():
        name = path.name
        if name.startswith(f".{target.name}.") and name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < oldest:
                    path.unlink()
