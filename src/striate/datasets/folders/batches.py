"""Batches of an epoch, shuffled the same way for the same seed and epoch, and read ahead by a thread."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

import numpy as np

from striate.datasets.folders.rows import Rows
from striate.errors import ArgumentError, Problem


class Batches:
    """(x, y) of pictures and targets; each `iter` is one epoch, the next one after the last.

    Never more than `prefetch` + 2 batches are in memory.

    Args:
        x: (n, H, W, C) uint8, or `Rows`. y: their targets. size: pictures in a batch;
            the last may be shorter.
        seed: decides the order. shuffle: False keeps the order given.
        prefetch: batches read ahead; 0 reads each when it is asked for.
        drop_last: leave a short last batch out.

    >>> x, y = np.zeros((5, 1, 1, 1), np.uint8), np.arange(5)
    >>> batches = Batches(x, y, 2, seed=1)
    >>> [labels.tolist() for _, labels in batches] == [labels.tolist() for _, labels in batches.at(0)]
    True
    """

    def __init__(
        self,
        x: np.ndarray | Rows,
        y: np.ndarray,
        size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        prefetch: int = 4,
        drop_last: bool = False,
    ) -> None:
        """Nothing is read yet."""
        if size < 1 or prefetch < 0:
            happened = f"got size {size} and prefetch {prefetch}"
            cure = "Give for instance size=128."
            raise ArgumentError(Problem("batches", happened, "a size from 1, a prefetch from 0", cure))
        self.x, self.y, self.size = x, y, size
        self.seed, self.shuffle, self.prefetch, self.drop_last = seed, shuffle, prefetch, drop_last
        self.epoch = 0

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.x) // self.size if self.drop_last else -(-len(self.x) // self.size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The next epoch."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self.at(epoch)

    def set_epoch(self, epoch: int) -> None:
        """Let the next `iter` be this epoch, as when a training is resumed."""
        self.epoch = epoch

    def at(self, epoch: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of one epoch, from the batch `start` on."""
        order = self.order(epoch)
        chosen = (order[step * self.size : (step + 1) * self.size] for step in range(start, len(self)))
        batches = ((self.x[rows], self.y[rows]) for rows in chosen)
        return _ahead(batches, self.prefetch) if self.prefetch else batches

    def order(self, epoch: int) -> np.ndarray:
        """(n,) the order of an epoch: a permutation that only the seed and the epoch decide."""
        if not self.shuffle:
            return np.arange(len(self.x))
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.x))


def _ahead(
    batches: Iterator[tuple[np.ndarray, np.ndarray]], depth: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same batches, fetched by a thread of their own up to `depth` in advance."""
    waiting: queue.Queue[tuple[np.ndarray, np.ndarray] | BaseException | None] = queue.Queue(depth)
    stopped = threading.Event()

    def put(item: tuple[np.ndarray, np.ndarray] | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def fetch() -> None:
        try:
            for batch in batches:
                put(batch)
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the batch is asked for
            put(error)
        put(None)

    thread = threading.Thread(target=fetch, name="striate-prefetch", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
