"""Adding steps to the end of a recording; nothing that is there is ever written over."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from striate.errors import StriateError
from striate.explain.recording._index import FILES, INDEX, VALUES, head_of, read_index
from striate.explain.recording._layout import Entry, Layout
from striate.formats import append_json_line, write_atomically
from striate.formats._places import write_problem
from striate.network._strict_json import canonical_json

MOST_PIECES = 1024
"""That one system call writes: POSIX promises fewer, every system that has the call takes these."""


class Writer:
    """The end of a recording.

    Args:
        folder: of the recording. layout: of its blocks. steps: that are there.
    """

    def __init__(self, folder: Path, layout: Layout, steps: list[int]) -> None:
        """Use `create` or `reopen`."""
        self.folder, self.layout, self.steps = folder, layout, steps
        self.size = self._measured()
        """Bytes of all files of the recording."""

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> Writer:
        """Begin a new recording; the files of an older one are removed."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StriateError(write_problem(folder, error)) from error
        # As a whole: somebody may wait for the index and open the recording the moment it is there.
        write_atomically(folder / INDEX, canonical_json(head_of(layout)).encode() + b"\n")
        return cls(folder, layout, [])

    @classmethod
    def reopen(cls, folder: Path, count: int) -> Writer:
        """Go on behind the first `count` steps; whatever lies behind them, torn or whole, is cut off.

        Raises:
            FormatError: it is no recording.
        """
        layout, lines = read_index(folder)
        steps = [line["step"] for line in lines[:count]]
        index, values = folder / INDEX, folder / VALUES
        kept = index.read_bytes().split(b"\n")[: len(steps) + 1]
        os.truncate(index, sum(len(line) + 1 for line in kept))
        if values.exists():
            os.truncate(values, len(steps) * layout.block)
        return cls(folder, layout, steps)

    @property
    def last(self) -> int:
        """The newest step; -1 when there is none."""
        return self.steps[-1] if self.steps else -1

    def _measured(self) -> int:
        paths = (self.folder / name for name in FILES)
        return sum(path.stat().st_size for path in paths if path.exists())

    def append(self, step: int, epoch: int, arrays: Mapping[Entry, np.ndarray]) -> None:
        """Add a step: first its numbers, then the line that makes them count.

        Raises:
            StriateError: the disk does not take it; the steps before are whole.
        """
        pieces, sums = self.layout.pack(arrays)
        path = self.folder / VALUES
        try:
            _write(path, len(self.steps) * self.layout.block, pieces)
        except OSError as error:
            raise StriateError(write_problem(path, error)) from error
        append_json_line(self.folder / INDEX, {"step": step, "epoch": epoch, "crc": sums})
        self.steps.append(step)
        self.size = self._measured()


class Scribe:
    """Lets a thread put steps on the disk while the training goes on; one step is under way at most.

    Args:
        writer: the end of the recording.
    """

    def __init__(self, writer: Writer) -> None:
        """Nothing is under way."""
        self.writer = writer
        self.newest = writer.last
        self._pool = ThreadPoolExecutor(1, "striate-recorder")
        self._pending: Future[None] | None = None

    def add(self, step: int, epoch: int, arrays: Callable[[], Mapping[Entry, np.ndarray]]) -> None:
        """Add a step as soon as its arrays, which are waited for in the thread, are there.

        Raises:
            StriateError: the step before could not be written.
        """
        self.finish()
        self.newest = step
        self._pending = self._pool.submit(lambda: self.writer.append(step, epoch, arrays()))

    def finish(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            StriateError: it could not be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """End the thread, once everything is written."""
        self._pool.shutdown()


def _write(path: Path, start: int, pieces: list[memoryview]) -> None:
    """Put a block at its place, whatever half of one a killed writer left there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
        written = os.writev(descriptor, pieces) if hasattr(os, "writev") and len(pieces) <= MOST_PIECES else 0
        for piece in pieces:
            rest, written = piece[written:], max(0, written - len(piece))
            while len(rest):
                rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
