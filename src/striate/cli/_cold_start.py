"""The command line with a stopwatch in it: `striate bench mnist-99` starts this as a process of its own."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


class Stopwatch:
    """Seconds of the parts of a run; what XLA compiles is a part of its own, wherever it happens.

    Args:
        began: when the process was started, in seconds as `time.time` counts.
    """

    def __init__(self, began: float) -> None:
        """The first part is already running."""
        self.parts: dict[str, float] = {"compile": 0.0}
        self._last = began
        self._compiled: list[tuple[float, float]] = []

    def compiled(self, event: str, duration_secs: float, **_: Any) -> None:
        """Hear of something that JAX has just traced, lowered or compiled."""
        if event.startswith("/jax/core/compile"):
            now = time.time()
            self._compiled.append((now - duration_secs, now))

    def mark(self, part: str) -> None:
        """End a part; compiling in it is taken out and counted apart."""
        now = time.time()
        compiling = covered([(max(a, self._last), b) for a, b in self._compiled if b > self._last])
        self.parts[part] = self.parts.get(part, 0.0) + now - self._last - compiling
        self.parts["compile"] += compiling
        self._last = now


def covered(spans: list[tuple[float, float]]) -> float:
    """The length of a union of spans: a program that is traced inside another one counts once.

    >>> covered([(0.0, 3.0), (1.0, 2.0), (2.5, 4.0), (6.0, 7.0)])
    5.0
    """
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def main() -> None:
    """Run the command line with this process's arguments and write the parts to STRIATE_COLD_REPORT."""
    watch = Stopwatch(float(os.environ["STRIATE_COLD_BEGAN"]))
    from striate.cli._app import main as command

    _install(watch)
    try:
        command()
    finally:
        from striate.tasks.bench._records import peak_megabytes

        report = {"parts": watch.parts, "peak_mb": peak_megabytes()}
        Path(os.environ["STRIATE_COLD_REPORT"]).write_text(json.dumps(report), "utf-8")


def _install(watch: Stopwatch) -> None:
    """Let the command call a `plan` and a `carry_out` that look at the watch before, between and after."""
    import jax.monitoring

    from striate import tasks
    from striate.training.callbacks import LambdaCallback

    plan, carry_out = tasks.plan, tasks.carry_out
    looks = LambdaCallback(
        on_train_begin=lambda logs=None: watch.mark("data"),
        on_train_end=lambda logs=None: watch.mark("train"),
    )

    def begun(*given: Any) -> Any:
        watch.mark("import")
        return plan(*given)

    def timed(folder: Any, order: Any, watchers: Any = (), *more: Any) -> Any:
        outcome = carry_out(folder, order, [*watchers, looks], *more)
        watch.mark("test")
        return outcome

    jax.monitoring.register_event_duration_secs_listener(watch.compiled)
    tasks.plan, tasks.carry_out = begun, timed


if __name__ == "__main__":
    sys.exit(main())
