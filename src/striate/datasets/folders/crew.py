"""Worker programs that decode side by side: no more at once than memory allows, and no crash is fatal."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from striate.images import worker

SLOWEST = 300.0
"""Seconds after which a task is given up."""
SPARE = 2 * 2**30
"""Address space that a worker gets beside the memory for pictures, for its libraries."""
CRASHED = "its decoder crashed or did not end"


@dataclass(frozen=True)
class Task:
    """Work on some pictures.

    Args:
        kind: "survey" or "decode". names: of the pictures. details: what else the worker needs; a list has an
            item for each name. cost: bytes that the work needs at once, as far as
            known. tag: for whoever asked.
    """

    kind: str
    names: tuple[str, ...]
    details: dict[str, Any]
    cost: int = 0
    tag: Any = None

    def single(self, index: int) -> Task:
        """The work on one of the pictures."""
        details = {
            name: [value[index]] if isinstance(value, list) else value for name, value in self.details.items()
        }
        return Task(self.kind, (self.names[index],), details, self.cost, self.tag)

    def to_json(self) -> dict[str, Any]:
        """What the worker reads."""
        return {"task": self.kind, "names": list(self.names), **self.details}


Answer = tuple[Task, list[dict[str, Any]]]
"""A task with the facts of its pictures."""


class Crew:
    """Some workers; used as a context.

    Args:
        workers: how many programs; 0 works in this process. memory: bytes that their pictures may
            need at once.
    """

    def __init__(self, workers: int, memory: int) -> None:
        """Nobody is started before there is work."""
        self._budget = _Budget(memory)
        self._programs = [_Worker(memory + SPARE) for _ in range(workers)]
        self._answers: queue.Queue[Answer | BaseException | None] = queue.Queue(64)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Crew:
        """Ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send everybody home."""
        self._stopped.set()
        self._budget.stop()
        for thread in self._threads:
            thread.join()
        for program in self._programs:
            program.end()

    def work(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """Do the tasks; each comes back with the facts of its pictures, in no certain order."""
        if not self._programs:
            for task in tasks:
                yield task, worker.TASKS[task.kind](task.to_json())
            return
        shared = _Shared(tasks)
        self._threads = [
            threading.Thread(target=self._serve, args=(program, shared), name="striate-worker", daemon=True)
            for program in self._programs
        ]
        for thread in self._threads:
            thread.start()
        left = len(self._threads)
        while left:
            answer = self._answers.get()
            if answer is None:
                left -= 1
            elif isinstance(answer, BaseException):
                raise answer
            else:
                yield answer

    def _serve(self, program: _Worker, shared: _Shared) -> None:
        """One thread: give a worker tasks as memory allows, and hand on its answers."""
        try:
            while not self._stopped.is_set() and (task := shared.next()) is not None:
                with self._budget.held(task.cost):
                    if not self._stopped.is_set():
                        self._put((task, _answered(program, task)))
        except BaseException as error:  # noqa: BLE001 - raised again where the answers are asked for
            self._put(error)
        self._put(None)

    def _put(self, item: Answer | BaseException | None) -> None:
        """Hand an answer on, unless nobody waits for it any more."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._answers.put(item, timeout=0.1)
                return


def usable_cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _answered(program: _Worker, task: Task) -> list[dict[str, Any]]:
    """The facts of a task's pictures; after a crash each picture is tried alone, to find the one at fault."""
    facts = program.ask(task)
    if facts is not None:
        return facts
    if len(task.names) == 1:
        return [{"reason": CRASHED}]
    alone = (program.ask(task.single(index)) for index in range(len(task.names)))
    return [each[0] if each is not None else {"reason": CRASHED} for each in alone]


class _Shared:
    """Tasks that several threads take from."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks, self._lock = iter(tasks), threading.Lock()

    def next(self) -> Task | None:
        """The next task, or None when there is none."""
        with self._lock:
            return next(self._tasks, None)


class _Budget:
    """Memory that tasks hold while they run; one that is larger than everything runs alone."""

    def __init__(self, total: int) -> None:
        self._total, self._held = total, 0
        self._changed = threading.Condition()
        self._stopped = False

    def stop(self) -> None:
        """Let everybody through, so that they can leave."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @contextlib.contextmanager
    def held(self, cost: int) -> Iterator[None]:
        """Wait until there is room, and keep it."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or self._held == 0 or self._held + cost <= self._total
            )
            self._held += cost
        try:
            yield
        finally:
            with self._changed:
                self._held -= cost
                self._changed.notify_all()


class _Worker:
    """One worker program, started when it is first needed and again after a crash."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._program: subprocess.Popen[str] | None = None

    def ask(self, task: Task) -> list[dict[str, Any]] | None:
        """The answer to a task; None when the program crashed or took too long."""
        program = self._program = self._program or _started()
        assert program.stdin is not None
        assert program.stdout is not None
        patience = threading.Timer(SLOWEST, program.kill)
        patience.start()
        try:
            program.stdin.write(json.dumps({**task.to_json(), "memory": self._limit}) + "\n")
            program.stdin.flush()
            line = program.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            patience.cancel()
        if line.endswith("\n"):
            return json.loads(line)
        self.end()
        return None

    def end(self) -> None:
        """Close its input, at which it ends."""
        program, self._program = self._program, None
        if program is None:
            return
        with contextlib.suppress(BrokenPipeError):
            program.communicate(timeout=10)
        program.kill()
        program.wait()


def _started() -> subprocess.Popen[str]:
    """A new worker; one thread of arithmetic each, for there is one worker a core."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-m", "striate.images.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**os.environ, **threads},
    )
