"""How many steps to make between two looks at the device, and how Ctrl-C waits for the next look."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

SECONDS_BETWEEN_LOOKS = 0.25
_FASTEST_GROWTH = 4
_REST, _SHARE = 0.001, 0.01
"""Seconds of a rest at most, and its share of the time of what was before."""


class Pace:
    """The number of steps that take about a quarter of a second; it grows slowly, for first steps compile."""

    def __init__(self, always_one: bool = False) -> None:
        """Args: always_one: look after every step, for callbacks that want each batch."""
        self.steps = 1
        self._always_one = always_one

    def record(self, steps: int, seconds: float) -> None:
        """Learn from a chunk: so many steps took so many seconds."""
        if self._always_one or steps < 1:
            return
        wanted = int(SECONDS_BETWEEN_LOOKS * steps / max(seconds, 1e-6))
        self.steps = max(1, min(wanted, _FASTEST_GROWTH * self.steps))


def rest(seconds: float) -> None:
    """Give the device's thread a moment to free what a program used, before the next asks for it.

    A program's results are there a moment before its memory is free. Whoever calls the next one in between
    has both in memory, for ResNet-50 and 8 pictures 0.9 GB, and what has once grown stays that large.

    Args:
        seconds: how long the program took.
    """
    time.sleep(min(_REST, _SHARE * seconds))


class Interruption:
    """While it is entered, the first Ctrl-C only raises a flag, so that training stops between two steps.

    A second Ctrl-C raises KeyboardInterrupt at once. Outside the main thread, or where the program handles
    the signal itself, nothing is changed.
    """

    def __init__(self) -> None:
        """Not asked to stop yet."""
        self.asked = False
        self._previous: Any = None

    def __enter__(self) -> Interruption:
        """Take over Ctrl-C."""
        mine = threading.current_thread() is threading.main_thread()
        if mine and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back."""
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
