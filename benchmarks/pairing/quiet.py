"""Was the machine ours? What others took of the processors while a process ran, and waiting for them.

This matters for fairness: threads that wait for each other in a busy loop, as those of OpenMP do, lose many
times more to a busy neighbour than it takes.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

QUIET = 0.08
"""The share of all processors that others may take on a quiet machine."""


class Watch:
    """What others take from now on."""

    def __init__(self) -> None:
        self._before, self._ours = processors(), children()

    def others(self) -> float | None:
        """The share of all processors that was neither idle nor spent by our children; None if unknown."""
        now = processors()
        if now is None or self._before is None:
            return None
        busy, total = (after - before for after, before in zip(now, self._before, strict=True))
        return round(min(max(busy - (children() - self._ours), 0.0) / max(total, 1e-9), 1.0), 3)


def wait_until_quiet(longest: float) -> None:
    """Wait until others leave the processors alone for a second, or for so many seconds in all."""
    until = time.monotonic() + longest
    while time.monotonic() < until:
        watch = Watch()
        time.sleep(1.0)
        if (watch.others() or 0.0) <= QUIET:
            return


def processors() -> tuple[float, float] | None:
    """Seconds that all processors were busy (for other virtual machines too), and all their seconds."""
    try:
        words = Path("/proc/stat").read_text("utf-8").splitlines()[0].split()
    except OSError:
        return None
    ticks = [int(word) / os.sysconf("SC_CLK_TCK") for word in words[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def children() -> float:
    """Seconds of processor time that our finished children used, and this process."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(each.ru_utime + each.ru_stime for each in used)
