"""What the operating system says about a file, as a cause and a cure."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from striate.errors import Problem

_UNTOUCHED = "What was saved there before is untouched."
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space there, or save to another disk."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space there, or save to another disk."),
    errno.EFBIG: ("the file would be larger than this system allows", "Raise the limit (ulimit -f)."),
    errno.EIO: ("the disk reported an input/output error", "Check the disk, or save to another one."),
    errno.EACCES: (
        "there is no permission to write there",
        "Choose another folder, or change its permissions.",
    ),
    errno.EPERM: (
        "there is no permission to write there",
        "Choose another folder, or change its permissions.",
    ),
    errno.EROFS: ("that file system is read-only", "Choose a folder on another disk."),
    errno.EISDIR: ("that is a folder", "Give the name of a file."),
    errno.ENOTDIR: ("a part of that path is a file, not a folder", "Give the name of a file in a folder."),
    errno.EEXIST: ("a part of that path is a file, not a folder", "Give the name of a file in a folder."),
    errno.ENAMETOOLONG: ("that name is too long", "Choose a shorter name."),
}
_READ_CAUSES = {
    errno.ENOENT: ("there is no such file", "Check the name and the folder."),
    errno.EISDIR: ("that is a folder", "Give the name of a file in it."),
    errno.EACCES: ("there is no permission to read it", "Change its permissions."),
    errno.EPERM: ("there is no permission to read it", "Change its permissions."),
    errno.EIO: ("the disk reported an input/output error", "Check the disk, or use another copy."),
}


def write_problem(path: str | os.PathLike[str], error: OSError) -> Problem:
    """Why a file cannot be written."""
    known = _CAUSES.get(error.errno or 0)
    cause, cure = known or (str(error.strerror or error), "Choose another place.")
    return Problem(shown(path), f"cannot be written: {cause}", "a place to write to", f"{cure} {_UNTOUCHED}")


def read_problem(path: str | os.PathLike[str], error: OSError) -> Problem:
    """Why a file cannot be read."""
    known = _READ_CAUSES.get(error.errno or 0)
    cause, cure = known or (str(error.strerror or error), "Use another copy.")
    return Problem(shown(path), f"cannot be read: {cause}", "a file that can be read", cure)


def refuse_nul(path: str | os.PathLike[str]) -> None:
    """Turn a NUL in a name, which Python reports in its own way, into an error of the system."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "the name holds a NUL character")


def shown(path: str | os.PathLike[str]) -> str:
    r"""The name of a file for a message: without its folder, and with control characters made visible.

    >>> shown("runs/cat.striate"), shown("runs/\x1b[2J.striate")
    ('cat.striate', "'\\x1b[2J.striate'")
    """
    name = Path(path).name or str(path)
    return name if name.isprintable() else ascii(name)
