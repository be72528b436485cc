"""The one cache folder, files that appear whole or not at all, and a lock between processes."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from rich.console import Console


def home() -> Path:
    """The cache folder: `STRIATE_HOME`, or the platform's own place for caches."""
    chosen = os.environ.get("STRIATE_HOME")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "striate"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "striate"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "striate"


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it there: no reader sees a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file: the operating system lets go of it even when this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if not _take(file, wait=False):
            Console(stderr=True).print(
                f"Waiting for another process that fetches {path.stem} …", markup=False
            )
            _take(file, wait=True)
        yield


if sys.platform == "win32":
    import msvcrt
    import time

    def _take(file: IO[bytes], wait: bool) -> bool:
        """Lock the first byte; `msvcrt` has no patience of its own, so we bring it."""
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(0.2)

else:
    import fcntl

    def _take(file: IO[bytes], wait: bool) -> bool:
        """Lock the whole file, at once or after waiting."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
