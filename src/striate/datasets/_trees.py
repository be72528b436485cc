"""A data set of picture files: a tree of folders in the cache, pinned as a whole, there as a whole or not."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from striate.datasets._cached import folder_of
from striate.datasets._fetch import Source, fetch
from striate.datasets._home import home, locked
from striate.errors import DataError, Problem

Files = Mapping[str, bytes]
"""The bytes of each file by its name in the tree, with "/"."""


@dataclass(frozen=True)
class TreePin:
    """What a tree must be.

    Args:
        files: how many it has. size: the bytes of all of them.
        sha256: of a line for each file, in the order of the names: its own SHA-256, two spaces, its name.
    """

    files: int
    size: int
    sha256: str

    def check(self, found: Files, where: str) -> None:
        """Refuse a tree that is not, byte for byte, the pinned one."""
        if len(found) == self.files and tree_sha256(found) == self.sha256:
            return
        happened = f"its {len(found):,} files are not the pinned ones"
        expected = f"the pinned tree of {self.files:,} files"
        raise DataError(Problem(where, happened, expected, "Use an untampered source."))


def tree_sha256(files: Files) -> str:
    """One SHA-256 of the names and the bytes of all files."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def load_tree(name: str, sources: Sequence[Source[Files]], pin: TreePin) -> Path:
    """The folder of a data set, fetched on the way when it is not there or was changed.

    Args:
        name: of the data set. sources: where to look. pin: what the tree must be.

    Raises:
        DataError: it is not there and no source has it.
    """
    folder = folder_of(name)
    if is_whole(folder, pin):
        return folder
    with locked(home() / "locks" / f"{name}.lock"):
        if not is_whole(folder, pin):  # another process may have been here while we waited
            files = fetch(name, sources, pin.check)
            _write(folder, files)
    return folder


def is_whole(folder: Path, pin: TreePin) -> bool:
    """Whether the tree is there, byte for byte."""
    if not is_here(folder, pin):
        return False
    try:
        names = [path for path in folder.rglob("*") if path.is_file()]
        return (
            tree_sha256({path.relative_to(folder).as_posix(): path.read_bytes() for path in names})
            == pin.sha256
        )
    except OSError:
        return False


def is_here(folder: Path, pin: TreePin) -> bool:
    """Whether a tree with as many files and bytes is there; they are read when it is loaded."""
    if not folder.is_dir():
        return False
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(sizes) == pin.files and sum(sizes) == pin.size


def _write(folder: Path, files: Files) -> None:
    """Write the tree beside its place, force it to the disk, then let it take its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        for name, data in files.items():
            path = temporary.joinpath(*name.split("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(folder, ignore_errors=True)  # a tree that was changed
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
