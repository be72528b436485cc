"""The progress bar of `fit` and `evaluate`."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live

from striate.errors import ArgumentError, Problem
from striate.training._callback import Callback, Logs
from striate.training._progress_text import Standing, epoch_line, running, steady_speed


class Progress(Callback):
    """A bar that is redrawn at every look, and a line that stays for every epoch.

    On a terminal `verbose=1` shows both. Into a pipe or a file only the lines are written, without colours
    and never broken. NO_COLOR is honoured. Leaving its `with` block takes the bar away, whatever happened.

    Args:
        verbose: 0 says nothing, 1 shows the bar, 2 writes only the lines; "auto" is 1.
        console: where to; the standard output unless given. now: the clock, in seconds.
    """

    def __init__(
        self,
        verbose: str | int = "auto",
        console: Console | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Nothing is shown yet."""
        if verbose not in ("auto", 0, 1, 2):
            cure = "Write for instance verbose=2 for one line an epoch."
            raise ArgumentError(Problem("verbose", f"got {verbose!r}", "'auto', 0, 1 or 2", cure))
        self.console = Console() if console is None else console
        terminal = (self.console.is_terminal and not self.console.is_dumb_terminal) or self.console.is_jupyter
        self.lines = verbose != 0
        self.bar = verbose in ("auto", 1) and terminal
        self._now = now
        self._live: Live | None = None
        self._epoch = 0
        self._training = False
        self._compiled = False
        self._title = ""
        self._start(None)

    def __enter__(self) -> Progress:
        """Ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Take the bar away, if there is one."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Training begins."""
        self._training = True
        self._compiled = False
        self._epoch = int(self.params.get("initial_epoch") or 0)

    def on_train_end(self, logs: Logs = None) -> None:
        """Training is over."""
        self._training = False
        self.close()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Show an empty bar; before the first steps the program is compiled."""
        self._begin(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}", epoch)

    def on_chunk_end(self, step: int, logs: Logs = None) -> None:
        """Redraw the bar."""
        if self._training and not self._title:
            # A resumed run comes back in the middle of an epoch.
            self.on_epoch_begin(self._epoch)
        self._step, self._logs = step, dict(logs or {})
        self._looks.append((step, self._now()))
        self._draw("")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Replace the bar by the epoch's line."""
        self.close()
        seconds = self._now() - self._began
        self._steps_known = self._step or self._steps_known
        rate = self._rate() or self._whole_rate(seconds)
        if self.lines:
            self._say(epoch_line(self._title, seconds, rate, logs or {}))
        self._title, self._epoch = "", epoch + 1

    def on_test_begin(self, logs: Logs = None) -> None:
        """Say that the validation is going on, or begin an evaluation of its own."""
        if self._training:
            self._draw("validating")
        else:
            self._begin("Evaluating", 0)

    def on_test_end(self, logs: Logs = None) -> None:
        """The line of an evaluation of its own; a validation belongs to its epoch."""
        if self._training:
            return
        self.close()
        seconds = self._now() - self._began
        if self.lines:
            self._say(epoch_line("Evaluated", seconds, self._rate() or self._whole_rate(seconds), logs or {}))
        self._title = ""

    def _start(self, steps: int | None) -> None:
        """Forget the epoch before."""
        self._began = self._now()
        self._step = 0
        self._steps_known = steps
        self._looks: list[tuple[int, float]] = []
        self._logs: dict[str, Any] = {}

    def _begin(self, title: str, epoch: int) -> None:
        """An empty bar with this title."""
        self._start(self.params.get("steps") or self._steps_known)
        self._title, self._epoch = title, epoch
        if self.bar:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        self._draw("" if self._compiled else "compiling")
        self._compiled = True

    def _draw(self, note: str) -> None:
        """Redraw the two lines."""
        if self._live is None:
            return
        standing = Standing(
            self._title, self._step, self._steps_known, self._rate(), self._left(), self._logs, note
        )
        self._live.update(running(standing, self.console.width), refresh=True)

    def _rate(self) -> float | None:
        """Images a second between the looks of this epoch."""
        speed = steady_speed(self._looks)
        return None if speed is None or not self._batch() else speed * self._batch()

    def _whole_rate(self, seconds: float) -> float | None:
        """Images a second over a whole epoch, for one that was over at the first look."""
        images = self.params.get("samples") or self._step * self._batch()
        return images / seconds if seconds > 0 and images else None

    def _left(self) -> float | None:
        """Seconds to the end of the training at the present speed, validations not counted."""
        rate = self._rate()
        if rate is None or self._steps_known is None:
            return None
        epochs = int(self.params.get("epochs") or 1) if self._training else 1
        steps = self._steps_known * (epochs - self._epoch) - self._step
        return max(0.0, steps * self._batch() / rate)

    def _batch(self) -> int:
        """Images in a batch."""
        return int(self.params.get("batch_size") or 0)

    def _say(self, line: str) -> None:
        """Write a line that no narrow console breaks."""
        self.console.print(line, soft_wrap=True, highlight=False, markup=False)
