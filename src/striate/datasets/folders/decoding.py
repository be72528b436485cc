"""From files to facts and pixels: a look at every header, then decoding what the cache does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets.folders.crew import Crew, Task, usable_cores
from striate.datasets.folders.store import FACTS, OpenShard, Store
from striate.datasets.folders.walking import Broken
from striate.images.reading import MAX_BYTES, MAX_PIXELS

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, pictures done, pictures in all)."""
PIXEL_BYTES = 12
"""Bytes that decoding needs at most for each pixel: the decoder's, a copy in colour, one turned upright."""
FEW = 256
"""Up to so many pictures, starting workers takes longer than the work."""
SURVEYED, DECODED = 64, 16
SURVEY = np.dtype([("sha256", "u1", (32,)), ("size", "<i4", (2,)), ("grey", "?"), ("bytes", "<i8")])


@dataclass(frozen=True)
class Surveyed:
    """What is known before anything is decoded, for the files that could be read.

    Args:
        files: their names. sha256: (n, 32) uint8, of each. sizes: (n, 2) height and width. grey: (n,) bool.
        costs: (n,) bytes that decoding each needs. broken: the others.
    """

    files: tuple[str, ...]
    sha256: np.ndarray
    sizes: np.ndarray
    grey: np.ndarray
    costs: np.ndarray
    broken: tuple[Broken, ...]


@dataclass(frozen=True)
class Means:
    """With what the work is done.

    Args:
        workers: programs; None for one a core, or none for a few pictures. memory: bytes for pictures
            at once.
        progress: told how far it is.
    """

    workers: int | None
    memory: int
    progress: Progress | None

    @property
    def max_pixels(self) -> int:
        """The most pixels a picture may have."""
        return min(MAX_PIXELS, self.memory // PIXEL_BYTES)

    def crew(self, pictures: int) -> Crew:
        """Who does it."""
        usual = 0 if pictures <= FEW else usable_cores()
        return Crew(usual if self.workers is None else self.workers, self.memory)

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""
        if self.progress is not None:
            self.progress(what, done, total)


def survey(root: Path, files: Sequence[str], crew: Crew, means: Means) -> Surveyed:
    """SHA-256 and header of every file."""
    known = np.zeros(len(files), SURVEY)
    broken: dict[int, Broken] = {}
    done = 0
    for task, found in crew.work(_survey_tasks(root, files, means)):
        for index, name, fact in zip(count(task.tag), task.names, found, strict=False):
            if "reason" in fact:
                broken[index] = Broken(name, fact["reason"])
            else:
                sha256 = np.frombuffer(bytes.fromhex(fact["sha256"]), np.uint8)
                known[index] = (sha256, (fact["height"], fact["width"]), fact["grey"], fact["bytes"])
        done += len(found)
        means.tell("reading headers", done, len(files))
    good = np.array([index not in broken for index in range(len(files))], bool)
    known = known[good]
    return Surveyed(
        files=tuple(name for index, name in enumerate(files) if index not in broken),
        sha256=np.ascontiguousarray(known["sha256"]),
        sizes=np.ascontiguousarray(known["size"]),
        grey=known["grey"],
        costs=known["size"].astype(np.int64).prod(axis=1) * PIXEL_BYTES + known["bytes"],
        broken=tuple(broken[index] for index in sorted(broken)),
    )


def decode(root: Path, found: Surveyed, store: Store, crew: Crew, means: Means) -> tuple[Broken, ...]:
    """Decode into the store what it does not hold yet; a file that is there twice is decoded once.

    Returns:
        The files that could not be decoded; copies of them are listed too.
    """
    missing: dict[bytes, int] = {}
    for index, row in enumerate(found.sha256):
        if not store.has(digest := row.tobytes()):
            missing.setdefault(digest, index)
    if not missing:
        return ()
    store.check_room(len(missing))
    reasons: dict[bytes, str] = {}
    filling = _Filling(root, found, store, means, list(missing.values()))
    try:
        for task, facts in crew.work(filling.tasks()):
            reasons.update(filling.take(task, facts))
            means.tell("decoding", filling.done, len(missing))
    finally:
        filling.close()
    if not reasons:
        return ()
    digests = (row.tobytes() for row in found.sha256)
    named = zip(found.files, digests, strict=True)
    return tuple(Broken(name, reasons[digest]) for name, digest in named if digest in reasons)


def _survey_tasks(root: Path, files: Sequence[str], means: Means) -> Iterator[Task]:
    """Tasks of SURVEYED files."""
    details = {"root": str(root), "max_pixels": means.max_pixels}
    for start in range(0, len(files), SURVEYED):
        names = tuple(files[start : start + SURVEYED])
        cost = min(MAX_BYTES, max(_bytes_of(root, name) for name in names))
        yield Task("survey", names, details, cost, start)


def _bytes_of(root: Path, name: str) -> int:
    """The size of a file; 0 when it is gone."""
    try:
        return root.joinpath(*name.split("/")).stat().st_size
    except OSError:
        return 0


class _Filling:
    """Shards that are being filled, each closed when its last picture is done."""

    def __init__(self, root: Path, found: Surveyed, store: Store, means: Means, wanted: list[int]) -> None:
        self._root, self._found, self._store, self._means = root, found, store, means
        self._wanted = wanted
        self._open: dict[int, tuple[OpenShard, int, list[tuple[Any, ...]]]] = {}
        self.done = 0

    def tasks(self) -> Iterator[Task]:
        """Tasks of DECODED pictures of a shard."""
        whole = self._store.per_shard()
        for number, start in enumerate(range(0, len(self._wanted), whole)):
            inside = self._wanted[start : start + whole]
            shard = self._store.begin(len(inside))
            self._open[number] = (shard, len(inside), [])
            for first in range(0, len(inside), DECODED):
                rows = range(first, min(first + DECODED, len(inside)))
                yield self._task(number, shard, rows, [inside[row] for row in rows])

    def _task(self, number: int, shard: OpenShard, rows: Sequence[int], indices: list[int]) -> Task:
        """One task."""
        found, recipe = self._found, self._store.recipe
        details = {
            "root": str(self._root),
            "sha256": [found.sha256[index].tobytes().hex() for index in indices],
            "places": [shard.place(row) for row in rows],
            "file": str(shard.path),
            "size": recipe.size,
            "channels": recipe.channels,
            "fit": recipe.fit,
            "max_pixels": self._means.max_pixels,
        }
        names = tuple(found.files[index] for index in indices)
        return Task("decode", names, details, int(found.costs[indices].max()), (number, rows, indices))

    def take(self, task: Task, facts: Sequence[dict[str, Any]]) -> dict[bytes, str]:
        """Note what came of a task; returns the reasons of what could not be decoded."""
        number, rows, indices = task.tag
        shard, left, kept = self._open[number]
        reasons: dict[bytes, str] = {}
        for row, index, fact in zip(rows, indices, facts, strict=True):
            digest = self._found.sha256[index].tobytes()
            if "reason" in fact:
                reasons[digest] = fact["reason"]
            else:
                sha256 = np.frombuffer(digest, np.uint8)
                kept.append((sha256, row, fact["crc"], fact["height"], fact["width"], fact["look"]))
        self.done += len(rows)
        self._open[number] = (shard, left - len(rows), kept)
        if left == len(rows):
            del self._open[number]
            self._store.add(shard, np.array(kept, FACTS))
        return reasons

    def close(self) -> None:
        """Keep what is in the shards that were not finished: Ctrl-C loses nothing."""
        for shard, _, kept in self._open.values():
            self._store.add(shard, np.array(kept, FACTS))
        self._open.clear()
